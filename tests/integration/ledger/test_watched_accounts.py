"""What `polyreel up` watches for everybody: each account with something under way, by its saved credentials."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blocks import credentials
from deployments.runner.watching import watch_accounts
from polyreel.errors import InvalidJob
from polyreel.ledger import steps
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import CreateProject
from tests.rehearsal import sandbox_at

ACCOUNT = "http://dubformer#1"


@pytest.fixture(scope="module")
def dubformer_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant") as base:
        yield f"{base}/dubformer"


@dataclass
class Saved:
    """A saved block, as the server gives it."""

    url: str
    account: str = ACCOUNT

    def get_client(self) -> DubformerClient:
        return DubformerClient("dubformer-sandbox", base_url=self.url)


@pytest.fixture
def saved(dubformer_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Saved]:
    """The saved credentials of this test, by name; the server that keeps them is not what is tested here."""
    known = {"library": Saved(dubformer_url)}

    async def load(vendor: str, name: str) -> Any:
        if (vendor, name) not in {("dubformer", each) for each in known}:
            raise InvalidJob(f"There are no saved {vendor} credentials named '{name}'.")
        return known[name]

    monkeypatch.setattr(credentials, "load_credentials", load)
    return known


async def buy(url: str, ledger: Ledger, name: str) -> None:
    """A dub that a run has bought and then no longer waits for."""
    request = CreateProject(name="a", source_lang="en", target_lang="fr-FR", source_video_url="https://youtu.be/a")
    async with DubformerClient("dubformer-sandbox", base_url=url) as client:
        made = await client.create_project(request)
    subject = Subject(kind="dub", provider="dubformer", account=ACCOUNT, credentials=name, locale="fr-FR")
    await asyncio.to_thread(ledger.rows.change, "k", steps.record_receipt("k", subject, Receipt(id=made.project_id)))


async def test_what_no_run_waits_for_is_watched_all_the_same(
    saved: dict[str, Saved], dubformer_url: str, polyreel_home: Path
) -> None:
    async with Ledger(every=0.1) as ledger:
        watching = asyncio.create_task(watch_accounts(every=0.2))
        await buy(dubformer_url, ledger, "library")
        row = await asyncio.wait_for(ledger.wait_for("k", lambda row: row.state is State.READY), 90)
        assert row.ready_at >= row.submitted_at > 0
        watching.cancel()
        await asyncio.wait({watching})


@pytest.mark.parametrize(
    ("name", "account", "said"),
    [("library", "http://dubformer#2", "open another account now"), ("gone", ACCOUNT, "There are no saved dubformer")],
)
async def test_an_account_that_can_not_be_opened_is_told_and_left_alone(
    saved: dict[str, Saved], polyreel_home: Path, caplog: pytest.LogCaptureFixture, name: str, account: str, said: str
) -> None:
    saved["library"].account = account
    caplog.set_level(logging.WARNING)
    subject = Subject(kind="dub", provider="dubformer", account=ACCOUNT, credentials=name)
    async with Ledger() as ledger:
        await asyncio.to_thread(ledger.rows.change, "k", steps.record_receipt("k", subject, Receipt(id="a")))
        watching = asyncio.create_task(watch_accounts(every=0.1))
        for _ in range(100):
            await asyncio.sleep(0.1)
            if caplog.records:
                break
        await asyncio.sleep(0.5)
        watching.cancel()
        await asyncio.wait({watching})
        row = await ledger.get("k")
    assert [said in record.getMessage() for record in caplog.records] == [True]  # once, and not every round
    assert row is not None
    assert row.state is State.SUBMITTED
