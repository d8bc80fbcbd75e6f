"""`polyreel plan` of a job that a vendor dubs: its price, what was bought before, what is refused before spending."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.engine.models.registry import WHISPER_BASE
from polyreel.ledger import steps
from polyreel.ledger.account import account_name
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from tests.rehearsal import sandbox_at

JOB = """
name: priced
source: {{media: {media}, locale: en-US}}
targets: [fr-FR, de-DE]
dubbing: {{provider: panjaya, credentials: studio}}
delivery: [{{to: folder, path: out}}]
budget: {{minutes: {minutes}}}
"""


@pytest.fixture(scope="module")
def panjaya_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant") as base:
        yield f"{base}/panjaya"


def test_a_plan_quotes_and_refuses_above_the_budget(
    polyreel: Callable[..., Any], narrated: Path, tmp_path: Path, panjaya_url: str
) -> None:
    fields = ["--set", "api_key=panjaya-sandbox", "--set", f"base_url={panjaya_url}"]
    assert polyreel("credentials", "save", "panjaya", "studio", *fields).code == 0
    job = tmp_path / "priced.yaml"

    def plan(minutes: float) -> tuple[int, Any]:
        job.write_text(JOB.format(media=narrated / "narrated.mp4", minutes=minutes))
        ended = polyreel("plan", job, "--json")
        return ended.code, json.loads(ended.stdout)

    code, found = plan(1)
    assert (code, found["error"]["code"]) == (2, "over_budget")
    assert "cost 2 minutes, and the budget is 1 minute" in found["error"]["message"]
    code, found = plan(2)
    assert code == 0
    assert (found["quote"]["paid_minutes"], found["quote"]["bought_minutes"]) == (2, 0)
    assert "Panjaya: fr-FR 1, de-DE 1" in found["quote"]["sentence"]
    # What the ledger has is not spent again.
    account = account_name(panjaya_url, "sandbox")  # the key, however it was pasted
    subject = Subject(kind="dub", job="priced", provider="panjaya", account=account, locale="fr-FR", minutes=1)
    ledger_rows().change("k", steps.record_receipt("k", subject, Receipt(id="version-1", state=State.COLLECTED)))
    code, found = plan(2)
    assert (found["quote"]["paid_minutes"], found["quote"]["bought_minutes"]) == (1, 1)
    assert found["quote"]["languages"]["fr-FR"] == {"provider": "Panjaya", "minutes": 0, "bought": 1}


def test_a_vendor_is_not_asked_to_dub_a_source_that_speaks_another_language(
    polyreel: Callable[..., Any], narrated: Path, tmp_path: Path, panjaya_url: str, on_the_shelf: Callable[..., None]
) -> None:
    """English is heard where the job says German: nothing is uploaded, nothing is bought."""
    on_the_shelf(WHISPER_BASE)
    fields = ["--set", "api_key=panjaya-sandbox", "--set", f"base_url={panjaya_url}"]
    assert polyreel("credentials", "save", "panjaya", "studio", *fields).code == 0
    job = tmp_path / "mistaken.yaml"
    text = JOB.format(media=narrated / "narrated.mp4", minutes=5).replace("locale: en-US", "locale: de-DE")
    job.write_text(text.replace("[fr-FR, de-DE]", "[fr-FR]").replace("priced", "mistaken"))
    ended = polyreel("run", job, "--json")
    outcome = json.loads(ended.stdout)
    assert (ended.code, outcome["status"], outcome["paid"]) == (1, "failed", [])
    error = outcome["languages"]["fr-FR"]["error"]
    assert error["code"] == "wrong_language"
    assert "source.locale" in error["remedy"]
    answer = httpx.get(
        f"{panjaya_url}/v1/assets/", headers={"Authorization": "Bearer panjaya-sandbox"}, trust_env=False
    )
    assert answer.json()["items"] == []
