"""Vendors whose lists, or whose looks at one thing, lag behind what they have taken: nothing is bought twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from polyreel.dubbing.port import Means
from polyreel.errors import PolyreelError
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.watch import Watchers
from polyreel.store.local import LocalStore
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.panjaya.client import PanjayaClient
from tests.vendors.dubs import charges
from tests.vendors.test_lost_purchases import LANGUAGES, by_dubformer, by_panjaya

LATE_S = 1.5
Arm = Callable[..., Awaitable[None]]
Asks = Callable[..., Any]


@asynccontextmanager
async def patient(store: LocalStore, client: Any, provider: str) -> AsyncIterator[Means]:
    """What a dubber works with, over a ledger that believes "not there" later than the vendor lags."""
    async with Ledger(MemoryRows(), timing=Timing(lease=5, quiet=LATE_S + 1.5), every=0.05) as ledger:
        account = f"https://vendor.example#{uuid4().hex[:12]}"
        subject = Subject(kind="dub", job="reel", provider=provider, account=account)
        yield Means(store, client, ledger, subject, Watchers(ledger))


async def _submit_unanswered(dubber: Any, request: Any) -> None:
    with pytest.raises(PolyreelError):
        await dubber.submit(request)


@pytest.mark.parametrize("kind", ["listed_late", "found_late"])
async def test_a_language_that_an_asset_was_made_with_is_bought_once(
    panjaya: PanjayaClient, store: LocalStore, asked: Asks, arm: Arm, controls: httpx.AsyncClient, kind: str
) -> None:
    """An account that wants a language from the beginning: its answer is lost, and the asset is shown late."""
    request = asked("es-ES")
    async with patient(store, panjaya, "panjaya") as at:
        before = await charges(controls, "panjaya")
        await arm(kind="status", status=400, vendor="panjaya", method="POST", path="/v1/assets/")
        await arm(kind="reset_after", vendor="panjaya", method="POST", path="/v1/assets/")
        await arm(kind=kind, vendor="panjaya", times=0, seconds=LATE_S)
        await _submit_unanswered(by_panjaya(at), request)
        receipt = await by_panjaya(at).submit(request)
        await controls.delete("/sandbox/faults")
        await by_panjaya(at).wait(request, receipt)
        assert await charges(controls, "panjaya") - before == 1
        assert len(await at.at_hand().select(Filter(kind="asset"))) == 1


async def test_an_asset_that_is_denied_at_first_takes_its_language(
    panjaya: PanjayaClient, store: LocalStore, asked: Asks, arm: Arm, controls: httpx.AsyncClient
) -> None:
    """Whoever made it is not told that it is gone, and nobody else is paid."""
    async with patient(store, panjaya, "panjaya") as at:
        await arm(kind="found_late", vendor="panjaya", times=0, seconds=LATE_S)
        assert (await by_panjaya(at).submit(asked("es-ES"))).id
        assert (await by_panjaya(at).submit(asked("fr-FR"))).id
        assert len(await at.at_hand().select(Filter(kind="asset"))) == 1


async def test_an_added_language_whose_answer_was_lost_is_bought_once(
    panjaya: PanjayaClient, store: LocalStore, asked: Asks, arm: Arm, controls: httpx.AsyncClient
) -> None:
    """The asset is denied when it is looked for."""
    request = asked("es-ES")
    async with patient(store, panjaya, "panjaya") as at:
        before = await charges(controls, "panjaya")
        await arm(kind="reset_after", vendor="panjaya", method="POST", path=LANGUAGES)
        await arm(kind="found_late", vendor="panjaya", times=0, seconds=LATE_S)
        await _submit_unanswered(by_panjaya(at), request)
        receipt = await by_panjaya(at).submit(request)
        await controls.delete("/sandbox/faults")
        await by_panjaya(at).wait(request, receipt)
        assert await charges(controls, "panjaya") - before == 1


async def test_a_project_whose_answers_were_lost_is_found_in_a_list_that_lags_behind(
    dubformer: DubformerClient, store: LocalStore, asked: Asks, arm: Arm, controls: httpx.AsyncClient, no_waiting: None
) -> None:
    """All attempts of a purchase went unanswered."""
    request = asked("es-ES")
    async with patient(store, dubformer, "dubformer") as at:
        before = await charges(controls, "dubformer")
        await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects", times=0)
        await _submit_unanswered(by_dubformer(at), request)
        await controls.delete("/sandbox/faults")
        await arm(kind="listed_late", vendor="dubformer", times=0, seconds=LATE_S)
        assert (await by_dubformer(at).submit(request)).id
        assert await charges(controls, "dubformer") - before == 1
