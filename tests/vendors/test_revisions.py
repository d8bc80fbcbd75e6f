"""Lines changed after a dub was bought: done again at the vendor, once whatever is lost, and never bought again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from polyreel.dubbing.dubformer import DubformerDubber
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.port import DubRequest, Means, Receipt
from polyreel.dubbing.vendor_results import load_dubbed
from polyreel.errors import HeldForPerson, PolyreelError
from polyreel.job import DubformerDubbing, PanjayaDubbing
from polyreel.ledger.entry import State
from polyreel.ledger.rows import Filter
from polyreel.store.local import LocalStore
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.errors import Invalid
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.models import VersionStatus
from tests.vendors.dubs import SCRIPT, charges

Arm = Callable[..., Awaitable[None]]
NEW = SCRIPT.replace("mar", "agua")
NEWER = SCRIPT.replace("mar", "río")


@pytest.fixture
def revised(asked: Callable[..., DubRequest], store: LocalStore) -> Callable[..., DubRequest]:
    """A request whose script was edited: ``revised(base, NEW, SCRIPT)``, the earlier editions newest first."""

    def request(base: DubRequest, script: str, *earlier: str) -> DubRequest:
        kept = [store.keep_bytes(text.encode(), ".vtt") for text in (script, *earlier)]
        return base.model_copy(update={"script": kept[0], "revises": tuple(kept[1:])})

    return request


async def dub(dubber: Any, request: DubRequest) -> Receipt:
    receipt: Receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    await dubber.collect(request, receipt)
    return receipt


async def spoken(client: DubformerClient, receipt: Receipt) -> list[str]:
    return [line.text for line in (await client.get_project(receipt.id)).output_target_script]


async def test_dubformer_speaks_the_new_script_in_the_same_project(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
) -> None:
    """The answer of the re-translation is lost: it is found, charged once, and the earlier dub is kept."""
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    base = asked("es-ES", SCRIPT)
    before = await charges(controls, "dubformer")
    first = await dub(dubber, base)
    change = revised(base, NEW, SCRIPT)
    receipt = await dubber.submit(change)
    assert receipt.id == first.id
    await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects/*/translations", times=6)
    with pytest.raises(PolyreelError):
        await dubber.wait(change, receipt)
    await controls.delete("/sandbox/faults")
    assert await dub(dubber, change) == receipt
    assert await spoken(dubformer, receipt) == ["Un pez grande vive en el agua."]
    assert await charges(controls, "dubformer") - before == 1
    assert [line.text for line in (await dubber.collect(base, first)).lines] == ["Un pez grande vive en el mar."]
    third = await dub(dubber, revised(base, NEWER, NEW, SCRIPT))
    assert await spoken(dubformer, third) == ["Un pez grande vive en el río."]
    assert len(await at.at_hand().select(Filter(kind="dub"))) == 1


async def test_dubformer_is_gone_back_to_though_nothing_was_kept_here(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    store: LocalStore,
) -> None:
    """A project speaks what it was given last: an earlier script is put in once more, and not mistaken for the last."""
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), means(dubformer, "dubformer"))
    base = asked("es-ES", SCRIPT)
    first = await dub(dubber, base)
    await dub(dubber, revised(base, NEW, SCRIPT))
    for record in (store.root / "records").glob("collected*/*.json"):
        record.unlink()
    await dub(dubber, base)
    assert await spoken(dubformer, first) == ["Un pez grande vive en el mar."]


async def test_what_dubformer_made_is_collected_before_another_script_takes_its_place(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    store: LocalStore,
) -> None:
    """Bought and ready, and the run died before it collected: the edited script must not cost what was bought."""
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), means(dubformer, "dubformer"))
    base = asked("es-ES")
    first = await dubber.submit(base)
    await dubber.wait(base, first)
    change = revised(base, NEW).model_copy(update={"revises": (None,)})
    await dub(dubber, change)
    later = revised(base, NEWER, NEW)
    receipt = await dubber.submit(later.model_copy(update={"revises": (*later.revises, None)}))
    assert receipt.id == first.id
    kept = await asyncio.to_thread(load_dubbed, first.key, store)
    assert kept is not None
    assert "agua" not in " ".join(line.text for line in kept.lines)


async def test_a_script_that_was_perhaps_put_in_is_not_taken_for_the_one_before(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
    store: LocalStore,
) -> None:
    """The answer of a re-translation is lost, and the job goes back to its first script: that is put in once more."""
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    base = asked("es-ES", SCRIPT)
    first = await dub(dubber, base)
    change = revised(base, NEW, SCRIPT)
    await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects/*/translations", times=6)
    with pytest.raises(PolyreelError):
        await dubber.wait(change, await dubber.submit(change))
    await controls.delete("/sandbox/faults")
    for record in (store.root / "records").glob("collected*/*.json"):
        record.unlink()
    await dub(dubber, base)
    assert await spoken(dubformer, first) == ["Un pez grande vive en el mar."]
    assert not [row for row in await at.at_hand().select(Filter(kind="translation")) if row.is_open]


async def test_what_the_vendor_has_deleted_is_taken_from_what_was_kept(
    dubformer: DubformerClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """Retention deletes at the vendor; a run that asks for the dub again, under a stage's newer version, has it here.

    A death between keeping and writing that down is made good on the way, so that retention hears of it.
    """
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    base = asked("es-ES", SCRIPT)
    first = await dub(dubber, base)
    row = await at.at_hand().get(first.key)
    assert row is not None
    at.at_hand().rows.change(first.key, lambda _entry, _now: row.model_copy(update={"state": State.READY}))
    await dub(dubber, base)
    again = await at.at_hand().get(first.key)
    assert again is not None
    assert again.state is State.COLLECTED
    await dubformer.delete_project(first.id)
    await at.at_hand().advance(first.key, State.FORGOTTEN)
    assert await dub(dubber, base) == first


async def test_dubformer_refuses_before_anything_is_given_up(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
) -> None:
    """A request that the vendor finds fault with leaves the project, and the ledger, as they are."""
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    base = asked("es-ES", SCRIPT)
    first = await dub(dubber, base)
    change = revised(base, NEW, SCRIPT).model_copy(update={"voices": ("nobody",)})
    receipt = first.model_copy(update={"details": {"revision": "r"}})
    with pytest.raises(Invalid):
        await dubber.wait(change, receipt)
    assert await at.at_hand().get("r") is None
    assert await spoken(dubformer, first) == ["Un pez grande vive en el mar."]


async def test_panjaya_is_opened_once_for_a_person_and_its_first_dub_is_safe(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
) -> None:
    """Opening takes the video away: it is kept before; a lost answer is found; a person's video is never taken away."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    base = asked("es-ES", SCRIPT)
    before = await charges(controls, "panjaya")
    first = await dubber.submit(base)
    await dubber.wait(base, first)  # finished there, and not collected yet
    change = revised(base, NEW, SCRIPT)
    receipt = await dubber.submit(change)
    await arm(kind="reset_after", vendor="panjaya", method="PATCH", path="/v1/versions/*/revise", times=6)
    with pytest.raises(PolyreelError):
        await dubber.wait(change, receipt)
    await controls.delete("/sandbox/faults")
    with pytest.raises(HeldForPerson, match="agua") as held:
        await dubber.wait(change, receipt)
    assert (await panjaya.get_version(receipt.id)).status is VersionStatus.READY_TO_EDIT
    async with httpx.AsyncClient(trust_env=False) as person:
        await person.post(held.value.remedy.split("there: ")[1].split(";")[0])
    assert await dub(dubber, change) == receipt
    assert (await panjaya.get_version(receipt.id)).status is VersionStatus.COMPLETED
    assert [line.text for line in (await dubber.collect(base, first)).lines] == ["Un pez grande vive en el mar."]
    assert await charges(controls, "panjaya") - before == 1


async def test_a_purchase_that_nobody_has_settled_is_settled_before_it_is_revised(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
) -> None:
    """The answer of the purchase is lost, and the script is edited before the next run: one purchase, not two."""
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), means(panjaya, "panjaya"))
    base = asked("fr-FR", SCRIPT)
    before = await charges(controls, "panjaya")
    await arm(kind="reset_after", vendor="panjaya", method="POST", path="/v1/assets/*/languages")
    with pytest.raises(PolyreelError):
        await dubber.submit(base)
    receipt = await dubber.submit(revised(base, NEW, SCRIPT))
    await dubber.wait(base, receipt.model_copy(update={"details": {"asset_id": receipt.details["asset_id"]}}))
    assert await charges(controls, "panjaya") - before == 1


async def test_panjaya_is_not_taken_at_its_newest_word_when_the_job_goes_back(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    controls: httpx.AsyncClient,  # no page says how a person presses the studio's button
    store: LocalStore,
) -> None:
    """A version shows what was typed last: with nothing kept here, a person types the first script once more."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    base = asked("es-ES", SCRIPT)
    first = await dub(dubber, base)
    change = revised(base, NEW, SCRIPT)
    receipt = await dubber.submit(change)
    with pytest.raises(HeldForPerson) as held:
        await dubber.wait(change, receipt)
    link = held.value.remedy.split("there: ")[1].split(";")[0]
    async with httpx.AsyncClient(trust_env=False) as person:
        await person.post(link)
        await dub(dubber, change)
        for record in (store.root / "records").glob("collected*/*.json"):
            record.unlink()
        with pytest.raises(HeldForPerson, match="mar"):
            await dubber.wait(base, first)
        await person.post(link)
    await dub(dubber, base)
    states = {row.state for row in await at.at_hand().select(Filter(kind="revision"))}
    assert states == {State.COLLECTED}


async def test_a_version_that_is_open_for_one_script_is_not_done_with_another(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    revised: Callable[..., DubRequest],
    controls: httpx.AsyncClient,  # no page says how a person presses the studio's button
) -> None:
    """Edited again before anybody typed the first edit: what is generated then is the second edit's alone."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    base = asked("es-ES", SCRIPT)
    await dub(dubber, base)
    change, again = revised(base, NEW, SCRIPT), revised(base, NEWER, NEW, SCRIPT)
    receipt, second = await dubber.submit(change), await dubber.submit(again)
    with pytest.raises(HeldForPerson):
        await dubber.wait(change, receipt)
    with pytest.raises(HeldForPerson) as held:
        await dubber.wait(again, second)
    async with httpx.AsyncClient(trust_env=False) as person:
        await person.post(held.value.remedy.split("there: ")[1].split(";")[0])
    await dub(dubber, again)
    rows = {row.key: row.state for row in await at.at_hand().select(Filter(kind="revision"))}
    assert rows == {receipt.details["revision"]: State.FORGOTTEN, second.details["revision"]: State.COLLECTED}


async def test_a_voice_that_dubformer_lacks_is_refused_before_anything_is_bought(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    controls: httpx.AsyncClient,
) -> None:
    """It goes with a re-translation, for which the dub has to be bought first; and another voice is another dub."""
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), means(dubformer, "dubformer"))
    before = await charges(controls, "dubformer")
    with pytest.raises(PolyreelError, match=r"no voice nobody for es-ES. It has soundalike, .*\[unknown_voice\]"):
        await dubber.submit(asked("es-ES", SCRIPT).model_copy(update={"voices": ("nobody",)}))
    assert await charges(controls, "dubformer") == before


@pytest.mark.parametrize("script", [SCRIPT, None], ids=["a script of ours", "the vendor's own words"])
async def test_dubformer_speaks_in_the_voice_that_is_asked_for(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    controls: httpx.AsyncClient,
    script: str | None,
) -> None:
    """Also what it translated itself; for the price of one dub, however often it is asked for."""
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), means(dubformer, "dubformer"))
    voice = (await dubformer.get_voices())["es-ES"][1].voice_key
    request = asked("es-ES", script).model_copy(update={"voices": (voice,)})
    before = await charges(controls, "dubformer")
    receipt = await dub(dubber, request)
    assert await dub(dubber, request) == receipt
    project = await dubformer.get_project(receipt.id)
    assert {each.voice_key for each in project.output_target_speakers} == {voice}
    assert project.output_target_script
    assert await charges(controls, "dubformer") - before == 1
