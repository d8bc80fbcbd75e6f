"""Vendors behind the dubbing port: bought once whatever is lost, held or failed with what to do, checked on arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from polyreel.dubbing import panjaya as panjaya_adapter
from polyreel.dubbing.dubformer import DubformerDubber
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.port import DubRequest, Means
from polyreel.dubbing.providers import make_dubber
from polyreel.dubbing.vendor_results import Result, as_dubbed
from polyreel.errors import HeldForPerson, InvalidJob, MediaError, PolyreelError
from polyreel.job import DubformerDubbing, PanjayaDubbing
from polyreel.ledger.rows import Filter
from polyreel.media.probe import probe
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore, path_of
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.errors import JobFailed
from polyreel.vendors.panjaya.client import PanjayaClient
from tests.vendors.dubs import SCRIPT, charges

Url = Callable[[str], str]
Arm = Callable[..., Awaitable[None]]


# -- Panjaya


async def test_languages_share_an_asset_and_are_bought_once_each(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest], controls: httpx.AsyncClient
) -> None:
    """Asked for twice, and by a second dubber: the receipts are the same, and the account is charged two minutes."""
    before = await charges(controls, "panjaya")
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    receipts = [await dubber.submit(asked(locale)) for locale in ("es-ES", "fr-FR", "es-ES")]
    again = await PanjayaDubber(PanjayaDubbing(provider="panjaya"), at).submit(asked("fr-FR"))
    assert receipts[0] == receipts[2]
    assert receipts[1] == again
    assert len({each.details["asset_id"] for each in receipts}) == 1
    for locale, receipt in zip(("es-ES", "fr-FR"), receipts, strict=False):
        await dubber.wait(asked(locale), receipt)
    assert await charges(controls, "panjaya") - before == 2


async def test_what_a_run_says_of_a_purchase_stands_in_its_row(
    panjaya: PanjayaClient, dubformer: DubformerClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """By it a later run knows for which of a job's providers it was made; beside what the request says."""
    told, wanted = {"details": {"asked_as": "these providers"}}, asked("es-ES")
    for options, client in (
        (PanjayaDubbing(provider="panjaya", credentials="p"), panjaya),
        (DubformerDubbing(provider="dubformer", credentials="d"), dubformer),
    ):
        at = means(client, options.provider)
        at = replace(at, subject=at.subject.model_copy(update=told))
        receipt = await make_dubber(options, at).submit(wanted)
        row = await at.at_hand().get(receipt.key)
        assert row is not None
        assert (row.details["asked_as"], row.details["source"]) == ("these providers", wanted.source_sha256)


async def test_a_dub_is_as_long_as_the_reel_and_has_the_script_that_was_given(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """The picture stays the source's: no video is handed on."""
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), means(panjaya, "panjaya"))
    request = asked("es-ES", SCRIPT)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    dubbed = await dubber.collect(request, receipt)
    assert dubbed.audio
    assert abs(probe(path_of(dubbed.audio)).duration - request.seconds) < Fraction(1, 20)
    assert dubbed.video is None
    assert [line.text for line in dubbed.lines] == ["Un pez grande vive en el mar."]
    assert dubbed.lufs is not None


async def test_another_script_for_a_language_is_another_asset(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """A language is on an asset once."""
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), means(panjaya, "panjaya"))
    one = await dubber.submit(asked("es-ES", SCRIPT))
    other = await dubber.submit(asked("es-ES", SCRIPT.replace("mar", "agua")))
    assert one.key != other.key
    assert one.details["asset_id"] != other.details["asset_id"]


async def test_two_scripts_for_a_language_at_the_same_time_are_two_assets(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """Neither run takes the other's version for its own."""
    at = means(panjaya, "panjaya")
    url = asked("es-ES").media_url
    scripts = [SCRIPT, SCRIPT.replace("mar", "agua"), SCRIPT.replace("mar", "río")]
    requests = [asked("es-ES", each, media_url=url) for each in scripts]
    dubbers = [PanjayaDubber(PanjayaDubbing(provider="panjaya"), at) for _ in scripts]
    receipts = await asyncio.gather(*(dubber.submit(each) for dubber, each in zip(dubbers, requests, strict=True)))
    assert len({each.details["asset_id"] for each in receipts}) == 3
    assert len({each.id for each in receipts}) == 3
    assert receipts == [await dubbers[0].submit(each) for each in requests]


async def test_a_dub_that_a_person_settled_is_waited_for_and_collected(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest], arm: Arm
) -> None:
    """`ledger settle --found` knows the id alone: the asset is the one that the intent names."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    request = asked("es-ES")
    await arm(kind="reset_after", vendor="panjaya", method="POST", path="/v1/assets/*/languages")
    with pytest.raises(PolyreelError):
        await dubber.submit(request)
    row = (await at.at_hand().select(Filter(kind="dub")))[0]
    asset = await panjaya.get_asset(row.details["asset_id"])
    await at.at_hand().settle_found(row.key, asset.dubs_of("es-ES")[0].version_id)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    assert (await dubber.collect(request, receipt)).audio


@pytest.mark.parametrize("lost", ["/v1/assets/", "/v1/assets/upload", "/v1/assets/*/languages"])
async def test_what_was_bought_without_an_answer_is_found(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
    lost: str,
) -> None:
    """The reply is lost, the run dies; the next one finds the asset, or the language, and buys nothing more."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    request = asked("es-ES", media_url=None) if lost.endswith("upload") else asked("es-ES")
    assets = len([each async for each in panjaya.get_assets()])
    await arm(kind="reset_after", vendor="panjaya", method="POST", path=lost)
    with pytest.raises(PolyreelError):
        await dubber.submit(request)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    assert len([each async for each in panjaya.get_assets()]) == assets + 1


async def test_a_version_that_waits_in_the_studio_is_held_with_its_link(
    panjaya: PanjayaClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    arm: Arm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not failed, and collected once a person has pressed the button."""
    monkeypatch.setattr(panjaya_adapter, "STUDIO_GRACE_S", 0.0)
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), means(panjaya, "panjaya"))
    request = asked("it-IT")
    await arm(kind="job_stuck", vendor="panjaya", path="studio")
    receipt = await dubber.submit(request)
    with pytest.raises(HeldForPerson) as held:
        await dubber.wait(request, receipt)
    assert held.value.code == "waits_in_studio"
    assert "/studio/" in held.value.remedy
    async with httpx.AsyncClient(trust_env=False) as person:
        await person.post(held.value.remedy.split("there: ")[1].split(";")[0])
    await dubber.wait(request, receipt)


@pytest.mark.parametrize("media", ["mute.mp4", "silent.mp4", "nonsense.mp4"])
async def test_a_failed_asset_says_what_to_do(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest], media_url: Url, media: str
) -> None:
    """In the vendor's documented word, with the command that lets it be bought again."""
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), means(panjaya, "panjaya"))
    request = asked("es-ES", media_url=media_url(media), source_sha256=media)
    codes = {
        "mute.mp4": "missing_audio_track",
        "silent.mp4": "empty_transcript",
        "nonsense.mp4": "unsupported_media",
    }
    with pytest.raises(JobFailed) as failed:
        await dubber.wait(request, await dubber.submit(request))
    assert failed.value.code == codes[media]
    # Where the asset had failed before a language was added, there is nothing to settle.
    assert "Give a" in failed.value.remedy or "Check" in failed.value.remedy


async def test_after_an_asset_failed_the_next_run_makes_another(
    panjaya: PanjayaClient, means: Callable[..., Means], asked: Callable[..., DubRequest], arm: Arm
) -> None:
    """Once the cause is gone and the row is settled; a failed asset takes no language any more."""
    at = means(panjaya, "panjaya")
    dubber = PanjayaDubber(PanjayaDubbing(provider="panjaya"), at)
    request = asked("es-ES")
    await arm(kind="job_fails", vendor="panjaya", path="asset", code="video_size_limit_reached")
    with pytest.raises(JobFailed) as failed:
        await dubber.wait(request, await dubber.submit(request))
    assert failed.value.code == "video_size_limit_reached"
    for row in await at.at_hand().select(Filter(kind="dub")):
        if not row.is_open:
            await at.at_hand().settle_not_bought(row.key)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    assert receipt.minutes == 1


# -- Dubformer


async def test_a_project_is_made_once_though_its_answer_is_lost(
    dubformer: DubformerClient,
    means: Callable[..., Means],
    asked: Callable[..., DubRequest],
    arm: Arm,
    controls: httpx.AsyncClient,
) -> None:
    """Charged one minute, as the vendor says it."""
    before = await charges(controls, "dubformer")
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    request = asked("fr-FR")
    await arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects", times=6)
    with pytest.raises(PolyreelError):
        await dubber.submit(request)
    await controls.delete("/sandbox/faults")
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    dubbed = await dubber.collect(request, receipt)
    assert receipt.minutes == 1
    assert await charges(controls, "dubformer") - before == 1
    assert dubbed.script
    assert dubbed.speech
    assert dubbed.speech.bytes == round(request.seconds * 48_000) * 2


async def test_the_users_own_script_is_what_is_dubbed(
    dubformer: DubformerClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """It is put in as a re-translation, which is kept as a row of its own and costs nothing."""
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    request = asked("es-ES", SCRIPT)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    await dubber.wait(request, receipt)
    project = await dubformer.get_project(receipt.id)
    assert [line.text for line in project.output_target_script] == ["Un pez grande vive en el mar."]
    rows = await at.at_hand().select(Filter(kind="translation"))
    assert [row.minutes for row in rows] == [0]


async def test_a_reel_that_is_nowhere_on_the_web_needs_staging(
    dubformer: DubformerClient, means: Callable[..., Means], asked: Callable[..., DubRequest]
) -> None:
    """Said before anything is bought; `polyreel plan` says it earlier."""
    at = means(dubformer, "dubformer")
    dubber = DubformerDubber(DubformerDubbing(provider="dubformer"), at)
    with pytest.raises(InvalidJob) as refused:
        await dubber.submit(asked("es-ES", media_url=None))
    assert refused.value.code == "needs_staging"


# -- what comes back


@pytest.mark.parametrize(
    ("file", "words"), [("mute.mp4", "no sound"), ("silent.mp4", "silent"), ("nonsense.mp4", "can't be used")]
)
async def test_rubbish_is_a_failed_language_with_the_evidence_kept(
    media_folder: Path, store: LocalStore, asked: Callable[..., DubRequest], tmp_path: Path, file: str, words: str
) -> None:
    copy = tmp_path / file
    copy.write_bytes((media_folder / file).read_bytes())
    video: StoredFile = store.keep_file(copy)
    with pytest.raises(MediaError, match=words) as refused:
        await as_dubbed(asked("es-ES"), Result(provider="Panjaya", id="1", video=video), store)
    assert refused.value.code == "vendor_rubbish"
    assert str(path_of(video)) in refused.value.remedy


async def test_a_video_of_another_length_is_no_dub(
    film: Path, store: LocalStore, asked: Callable[..., DubRequest]
) -> None:
    request = asked("es-ES", duration="9")
    with pytest.raises(MediaError, match=r"the reel 9\.00 s"):
        await as_dubbed(request, Result(provider="Panjaya", id="1", video=request.reel), store)
