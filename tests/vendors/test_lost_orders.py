"""What a ledger lost, or an earlier version named otherwise, is found at the vendor: nothing is bought twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from polyreel.dubbing.port import Means
from polyreel.ledger import steps
from polyreel.ledger.entry import State
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.watch import Watchers
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.errors import CallError, ServerError
from polyreel.vendors.panjaya.client import PanjayaClient
from tests.vendors.dubs import SCRIPT, charges
from tests.vendors.test_lost_purchases import Arm, Asks, Makes, by_dubformer, by_panjaya, list_open


@pytest.mark.parametrize("script", [None, SCRIPT], ids=["their script", "ours"])
@pytest.mark.parametrize("by", [by_panjaya, by_dubformer])
async def test_what_was_bought_is_collected_with_a_ledger_that_knows_its_row_alone(
    by: Callable[[Means], Any], panjaya: PanjayaClient, dubformer: DubformerClient, means: Makes, asked: Asks,
    controls: httpx.AsyncClient, script: str | None,
) -> None:  # fmt: skip
    """The ledger was lost, with the rows of its asset and of the script that was put in; the dub's is there again."""
    vendor = "panjaya" if by is by_panjaya else "dubformer"
    at = means(panjaya if by is by_panjaya else dubformer, vendor)
    request, before = asked("es-ES", script=script), await charges(controls, vendor)
    receipt = await by(at).submit(request)
    await by(at).wait(request, receipt)
    row = await at.at_hand().get(receipt.key)
    assert row is not None
    paid = await charges(controls, vendor)
    async with Ledger(MemoryRows(), timing=Timing(lease=5, quiet=0.2), every=0.05) as ledger:
        await ledger.change_all({row.key: steps.copy_as(row.key, row)})
        again = replace(at, ledger=ledger, watchers=Watchers(ledger))
        await by(again).wait(request, receipt)
        assert (await by(again).collect(request, receipt)).audio is not None
    assert paid - before == await charges(controls, vendor) - before == 1


@pytest.fixture
def older_names(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Dubformer's client as an earlier version used it: an order after the first is named as the first one was."""

    def make(client: DubformerClient) -> DubformerClient:
        create = client.create_project

        async def create_as_before(wanted: Any, *, idempotency_key: str) -> Any:
            beginning, _, end = wanted.name.rpartition(" ")
            key = idempotency_key.rpartition("~")[0]
            assert idempotency_key.endswith(end)
            await create(wanted.model_copy(update={"name": f"{beginning} {key[-12:]}"}), idempotency_key=end + "old")
            raise ServerError("lost")

        monkeypatch.setattr(client, "create_project", create_as_before)
        return client

    return make


async def test_an_order_that_an_earlier_version_left_open_is_found_by_the_name_it_had(
    dubformer: DubformerClient, means: Makes, asked: Asks, controls: httpx.AsyncClient,
    older_names: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The first order was settled away, and is not taken for the second one."""
    at, request, before = means(dubformer, "dubformer"), asked("es-ES"), await charges(controls, "dubformer")
    first = await by_dubformer(at).submit(request)
    await at.at_hand().advance(first.key, State.FAILED)
    await at.at_hand().settle_not_bought(first.key)
    older_names(dubformer)
    with pytest.raises(ServerError):
        await by_dubformer(at).submit(request)
    monkeypatch.undo()
    second = await by_dubformer(at).submit(request)
    assert second.id != first.id
    assert await charges(controls, "dubformer") - before == 2


async def test_what_a_ledger_that_was_lost_knew_is_found_where_its_key_is_refused(
    dubformer: DubformerClient, means: Makes, asked: Asks, controls: httpx.AsyncClient
) -> None:
    """The reel has another signed address by now: the refusal was taken for a proof that nothing was bought."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    receipt = await by_dubformer(at).submit(asked("es-ES"))
    async with Ledger(MemoryRows(), timing=Timing(lease=5, quiet=0.2), every=0.05) as ledger:
        again = await by_dubformer(replace(at, ledger=ledger)).submit(asked("es-ES"))
    assert again.id == receipt.id
    assert await charges(controls, "dubformer") - before == 1


async def test_a_refusal_that_nobody_can_look_behind_is_no_proof(
    dubformer: DubformerClient, means: Makes, asked: Asks, arm: Arm, no_waiting: None
) -> None:
    at = means(dubformer, "dubformer")
    await arm(kind="status", status=422, vendor="dubformer", method="POST", path="/api/v1/projects")
    await arm(kind="status", status=429, vendor="dubformer", method="GET", path="/api/v1/projects", times=0)
    with pytest.raises(CallError) as raised:
        await by_dubformer(at).submit(asked("es-ES"))
    assert not raised.value.made_nothing
    assert len(await list_open(at)) == 1
