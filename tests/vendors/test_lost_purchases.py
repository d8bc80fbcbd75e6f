"""A vendor fails while it is asked for a dub: whether another may be paid is known, or nobody else is."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from polyreel.dubbing.dubformer import DubformerDubber
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.port import DubRequest, Means
from polyreel.errors import PolyreelError
from polyreel.job import DubformerDubbing, PanjayaDubbing
from polyreel.ledger.entry import NOT_BOUGHT, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.ledger.sql import SqlRows
from polyreel.ledger.watch import Watchers
from polyreel.store.local import LocalStore
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.errors import CallError, RateLimited, ServerError
from polyreel.vendors.panjaya.client import PanjayaClient
from tests.vendors.dubs import charges

Arm = Callable[..., Awaitable[None]]
Makes = Callable[..., Means]
Asks = Callable[..., DubRequest]
LANGUAGES = "/v1/assets/*/languages"


def by_panjaya(means: Means) -> PanjayaDubber:
    return PanjayaDubber(PanjayaDubbing(provider="panjaya"), means)


def by_dubformer(means: Means) -> DubformerDubber:
    return DubformerDubber(DubformerDubbing(provider="dubformer"), means)


def make_looking(means: Means) -> Means:
    return replace(means, ledger=means.at_hand().to_look())


@asynccontextmanager
async def open_books(folder: Path, client: Any) -> AsyncIterator[Means]:
    """What a dubber works with, over a ledger that outlives the process."""
    rows = SqlRows(sa.URL.create("sqlite", database=str(folder / "ledger.db")))
    async with Ledger(rows, timing=Timing(lease=0.5, quiet=0.2), every=0.05) as ledger:
        subject = Subject(kind="dub", job="reel", provider="panjaya", account="https://vendor.example#killed")
        yield Means(LocalStore(folder / "store"), client, ledger, subject, Watchers(ledger))


async def list_open(means: Means) -> list[Any]:
    return [row for row in await means.at_hand().select(Filter(kind="dub")) if row.is_open]


@pytest.mark.parametrize("path", ["/v1/assets/", "/v1/assets/upload"])
async def test_an_asset_whose_making_fails_has_bought_nothing(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, no_waiting: None, path: str
) -> None:
    """It is charged by its languages, and had none; whether it was made, the next run finds out."""
    at = means(panjaya, "panjaya")
    request = asked("es-ES") if path.endswith("/") else asked("es-ES", media_url=None)
    await arm(kind="reset_after", vendor="panjaya", method="POST", path=path)
    with pytest.raises(PolyreelError) as raised:
        await by_panjaya(at).submit(request)
    assert raised.value.bought_nothing
    assert await list_open(at) == []
    # Its own intent stays: it is made once all the same.
    assert [row.is_open for row in await at.at_hand().select(Filter(kind="asset"))] == [True]
    assert (await by_panjaya(at).submit(request)).id


async def test_a_language_whose_answer_was_lost_is_found(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient
) -> None:
    """Before anybody else is paid: it was taken, and is charged once."""
    at, before = means(panjaya, "panjaya"), await charges(controls, "panjaya")
    await arm(kind="reset_after", vendor="panjaya", method="POST", path=LANGUAGES)
    with pytest.raises(CallError) as raised:
        await by_panjaya(at).submit(asked("es-ES"))
    assert not raised.value.bought_nothing
    assert not raised.value.made_nothing
    receipt = await by_panjaya(make_looking(at)).submit(asked("es-ES"))
    assert receipt == await by_panjaya(at).submit(asked("es-ES"))
    # It is charged when it is done.
    await by_panjaya(at).wait(asked("es-ES"), receipt)
    assert await charges(controls, "panjaya") - before == 1


async def test_a_language_that_was_not_taken_leaves_no_intent(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient
) -> None:
    """The asset says so. The look buys nothing, however often it is repeated."""
    at, before = means(panjaya, "panjaya"), await charges(controls, "panjaya")
    await arm(kind="status", status=500, vendor="panjaya", method="POST", path=LANGUAGES)
    with pytest.raises(ServerError):
        await by_panjaya(at).submit(asked("es-ES"))
    for _ in range(2):
        with pytest.raises(CallError) as raised:
            await by_panjaya(make_looking(at)).submit(asked("es-ES"))
        assert raised.value.code == NOT_BOUGHT
    assert await list_open(at) == []
    assert await charges(controls, "panjaya") == before


async def test_a_vendor_that_can_not_be_asked_leaves_the_doubt(
    dubformer: DubformerClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient, no_waiting: None
) -> None:
    """The project may be there: its intent stays, and who looks is not told that nothing was bought."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    await arm(kind="status", status=500, vendor="dubformer", path="/api/v1/projects", times=0)
    with pytest.raises(CallError) as raised:
        await by_dubformer(at).submit(asked("es-ES"))
    assert not raised.value.bought_nothing
    with pytest.raises(CallError) as raised:
        await by_dubformer(make_looking(at)).submit(asked("es-ES"))
    assert raised.value.code != NOT_BOUGHT
    assert len(await list_open(at)) == 1
    await controls.delete("/sandbox/faults")
    with pytest.raises(CallError) as raised:
        await by_dubformer(make_looking(at)).submit(asked("es-ES"))
    assert raised.value.code == NOT_BOUGHT
    assert await charges(controls, "dubformer") == before


async def submit_unanswered(at: Means, asked: Asks, arm: Arm) -> None:
    """Each attempt makes a project at Dubformer, under one key, and no answer comes."""
    await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects", times=0)
    with pytest.raises(CallError):
        await by_dubformer(at).submit(asked("es-ES"))


async def test_a_project_whose_answers_were_lost_is_found(
    dubformer: DubformerClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient, no_waiting: None
) -> None:
    """Every attempt made it, under one key."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    await submit_unanswered(at, asked, arm)
    assert (await by_dubformer(make_looking(at)).submit(asked("es-ES"))).minutes == 1
    assert await charges(controls, "dubformer") - before == 1


async def test_a_project_is_found_though_its_job_was_renamed(
    dubformer: DubformerClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient, no_waiting: None
) -> None:
    """The purchase is the same one, its key and its name's end say so; its key would be refused with another name."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    await submit_unanswered(at, asked, arm)
    await controls.delete("/sandbox/faults")
    receipt = await by_dubformer(at).submit(asked("es-ES", title="renamed"))
    assert await list_open(at) == []
    assert receipt == await by_dubformer(make_looking(at)).submit(asked("es-ES"))
    assert await charges(controls, "dubformer") - before == 1


async def test_a_key_that_is_refused_with_another_body_leaves_the_doubt(
    dubformer: DubformerClient,
    means: Makes,
    asked: Asks,
    arm: Arm,
    controls: httpx.AsyncClient,
    no_waiting: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A list that shows the project late: asked again by another signed address, the vendor refuses the key, and not
    the purchase. Nobody else may be paid for it."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    await submit_unanswered(at, asked, arm)
    await controls.delete("/sandbox/faults")

    async def list_nothing() -> list[Any]:
        return []

    with monkeypatch.context() as late:
        late.setattr(dubformer, "get_projects", list_nothing)
        with pytest.raises(CallError) as raised:
            await by_dubformer(at).submit(asked("es-ES"))
        assert raised.value.status == 422
        assert not raised.value.made_nothing
        assert not raised.value.bought_nothing
        assert len(await list_open(at)) == 1
    assert (await by_dubformer(at).submit(asked("es-ES"))).minutes == 1
    assert await charges(controls, "dubformer") - before == 1


@pytest.mark.parametrize("by_url", [True, False])
async def test_an_asset_is_found_though_its_job_was_renamed_and_its_film_moved(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, no_waiting: None, by_url: bool
) -> None:
    """By what its intent says: the job's name and the film's address are no part of what makes it the same asset."""
    at = means(panjaya, "panjaya")
    first = asked("es-ES") if by_url else asked("es-ES", media_url=None)
    await arm(
        kind="reset_after", vendor="panjaya", method="POST", path="/v1/assets/" if by_url else "/v1/assets/upload"
    )
    with pytest.raises(PolyreelError):
        await by_panjaya(at).submit(first)
    made = [each.asset_id for each in await panjaya.find_assets(lambda _each: True)]
    receipt = await by_panjaya(at).submit(asked("es-ES", title="renamed", **({} if by_url else {"media_url": None})))
    assert receipt.details["asset_id"] in made
    assert len(await panjaya.find_assets(lambda _each: True)) == len(made)


async def test_what_can_not_be_staged_was_not_asked_of_the_vendor(
    dubformer: DubformerClient, means: Makes, asked: Asks, controls: httpx.AsyncClient
) -> None:
    """A place for media that fails says nothing of the purchase: its intent goes, and somebody else may be paid."""

    class Full:
        async def make_address(self, file: Any, name: str) -> str:
            raise ServerError("500 at the store")

    at = replace(means(dubformer, "dubformer"), staging=Full())
    with pytest.raises(ServerError) as raised:
        await by_dubformer(at).submit(asked("es-ES", media_url=None))
    assert raised.value.bought_nothing
    assert await list_open(at) == []


@pytest.mark.parametrize("status", [429, 401, 404])
async def test_what_was_taken_is_noted_though_nothing_more_can_be_asked(
    panjaya: PanjayaClient,
    means: Makes,
    asked: Asks,
    arm: Arm,
    no_waiting: None,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    """A refusal of the look at the new version is none of the purchase: it would be paid again elsewhere."""
    at, add = means(panjaya, "panjaya"), panjaya.add_languages

    async def add_and_lock(*given: Any) -> Any:
        added = await add(*given)
        await arm(kind="status", status=status, vendor="panjaya", method="GET", path="/v1/assets/*", times=0)
        return added

    monkeypatch.setattr(panjaya, "add_languages", add_and_lock)
    assert (await by_panjaya(at).submit(asked("es-ES"))).id.endswith("/es-ES")


@pytest.mark.parametrize("status", [500, 401])
async def test_a_language_that_an_asset_was_made_with_is_known_before_it_can_be_looked_at(
    panjaya: PanjayaClient,
    means: Makes,
    asked: Asks,
    arm: Arm,
    controls: httpx.AsyncClient,
    no_waiting: None,
    status: int,
) -> None:
    """Whatever fails after that, in this run or a later one, has not bought nothing."""
    at, request, before = means(panjaya, "panjaya"), asked("es-ES"), await charges(controls, "panjaya")
    await arm(kind="status", status=400, vendor="panjaya", method="POST", path="/v1/assets/")
    await arm(kind="status", status=status, vendor="panjaya", method="GET", path="/v1/assets/*", times=0)
    for _ in range(2):
        with pytest.raises(CallError) as raised:
            await by_panjaya(at).submit(request)
        assert not raised.value.bought_nothing
        assert [(row.locale, row.quoted_minutes) for row in await list_open(at)] == [("es-ES", 1)]
    await controls.delete("/sandbox/faults")
    receipt = await by_panjaya(make_looking(at)).submit(request)
    await by_panjaya(at).wait(request, receipt)
    assert await charges(controls, "panjaya") - before == 1


@pytest.mark.parametrize("status", [402, 500])
async def test_a_language_that_no_asset_was_made_with_leaves_no_intent(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, no_waiting: None, status: int
) -> None:
    """Refused, or looked for and not there: somebody else may be paid for it."""
    at, request = means(panjaya, "panjaya"), asked("es-ES")
    await arm(kind="status", status=400, vendor="panjaya", method="POST", path="/v1/assets/")
    await arm(kind="status", status=status, vendor="panjaya", method="POST", path="/v1/assets/")
    with pytest.raises(CallError) as raised:
        await by_panjaya(at).submit(request)
    if status == 500:
        assert not raised.value.bought_nothing
        assert len(await list_open(at)) == 1
        with pytest.raises(CallError) as raised:
            await by_panjaya(make_looking(at)).submit(request)
    assert raised.value.bought_nothing
    assert await list_open(at) == []


async def test_a_run_that_is_killed_after_an_asset_was_made_with_a_language_has_a_row_of_it(
    vendor_url: str, panjaya: PanjayaClient, asked: Asks, tmp_path: Path, controls: httpx.AsyncClient, arm: Arm
) -> None:
    """By SIGKILL, as soon as Panjaya has it: the next run knows of the language before it has asked anybody."""
    request, before = asked("es-ES"), await charges(controls, "panjaya")
    await arm(kind="status", status=400, vendor="panjaya", method="POST", path="/v1/assets/")
    program = dedent(f"""
        import asyncio, os, pathlib, signal
        from polyreel.dubbing.port import DubRequest
        from polyreel.vendors.panjaya.client import PanjayaClient
        from tests.vendors.test_lost_purchases import by_panjaya, open_books

        class Dying(PanjayaClient):
            async def create_asset(self, wanted):
                made = await super().create_asset(wanted)
                os.kill(os.getpid(), signal.SIGKILL)
                return made

        async def main():
            request = DubRequest.model_validate_json({request.model_dump_json()!r})
            async with (
                Dying("panjaya-sandbox", base_url={f"{vendor_url}/panjaya"!r}) as client,
                open_books(pathlib.Path({str(tmp_path)!r}), client) as means,
            ):
                await by_panjaya(means).submit(request)

        asyncio.run(main())
    """)
    argv = [sys.executable, "-c", program]
    done = await asyncio.to_thread(subprocess.run, argv, check=False, timeout=60, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    async with open_books(tmp_path, panjaya) as at:
        assert [row.locale for row in await list_open(at)] == ["es-ES"]
        receipt = await by_panjaya(make_looking(at)).submit(request)
        assert await list_open(at) == []
        await by_panjaya(at).wait(request, receipt)
    assert await charges(controls, "panjaya") - before == 1


@pytest.mark.parametrize(
    "wanted",
    ["31536000", "-5", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", "x"],
)
async def test_a_vendor_that_wishes_nonsense_is_a_busy_one(
    panjaya: PanjayaClient, means: Makes, asked: Asks, arm: Arm, no_waiting: None, wanted: str
) -> None:
    """Whatever its Retry-After is: it has taken nothing, which is said in the end, and no intent stays."""
    at, path = means(panjaya, "panjaya"), LANGUAGES
    await arm(kind="status", status=429, retry_after=wanted, vendor="panjaya", method="POST", path=path, times=0)
    with pytest.raises(RateLimited) as raised:
        await by_panjaya(at).submit(asked("es-ES"))
    assert raised.value.made_nothing
    assert await list_open(at) == []
