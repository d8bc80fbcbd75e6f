"""A vendor fails while it is asked for a dub: whether another may be paid is known, or nobody else is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from polyreel.dubbing.dubformer import DubformerDubber
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.port import DubRequest, Means
from polyreel.errors import PolyreelError
from polyreel.job import DubformerDubbing, PanjayaDubbing
from polyreel.ledger.entry import NOT_BOUGHT
from polyreel.ledger.rows import Filter
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.errors import CallError, ServerError
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


def looking(means: Means) -> Means:
    return replace(means, ledger=means.at_hand().to_look())


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
    receipt = await by_panjaya(looking(at)).submit(asked("es-ES"))
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
            await by_panjaya(looking(at)).submit(asked("es-ES"))
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
        await by_dubformer(looking(at)).submit(asked("es-ES"))
    assert raised.value.code != NOT_BOUGHT
    assert len(await list_open(at)) == 1
    await controls.delete("/sandbox/faults")
    with pytest.raises(CallError) as raised:
        await by_dubformer(looking(at)).submit(asked("es-ES"))
    assert raised.value.code == NOT_BOUGHT
    assert await charges(controls, "dubformer") == before


async def test_a_project_whose_answers_were_lost_is_found(
    dubformer: DubformerClient, means: Makes, asked: Asks, arm: Arm, controls: httpx.AsyncClient, no_waiting: None
) -> None:
    """Every attempt made it, under one key."""
    at, before = means(dubformer, "dubformer"), await charges(controls, "dubformer")
    await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects", times=0)
    with pytest.raises(CallError):
        await by_dubformer(at).submit(asked("es-ES"))
    assert (await by_dubformer(looking(at)).submit(asked("es-ES"))).minutes == 1
    assert await charges(controls, "dubformer") - before == 1


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
