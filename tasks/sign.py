"""Marks of origin: a signed manifest in every film, master and track that holds synthetic speech."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.delivery.port import Item
from polyreel.job import Job
from polyreel.keys import stage_key
from polyreel.outcome import Outcome, Problem, Reel, ReviewRecord, StoredFile, list_cloned_voices, list_recorded_lines
from polyreel.plans import VERSIONS, Plan
from polyreel.redaction import strip_address
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from tasks.review import decisions_on
from tasks.run.connections import SIGNING, client_of
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import stage
from tasks.run.values import LanguageResult, LanguageResults, Packaged, Signed
from tasks.together import going_out

if TYPE_CHECKING:
    from polyreel.packaging.provenance.manifest import Dub, Story
    from polyreel.packaging.provenance.signer import SigningKey

TEST_NOTE = "SIGNED WITH A TEST KEY: it proves nothing. Name a saved key in `provenance: {credentials: NAME}`."
_SPOKEN = frozenset({"master", "mix", "dialogue", "subtitled"})
# C2PA tells media by trained models from what algorithms alone make; these two have no trained network.
_BY_RULES = ("espeak-ng", "pico")


async def require_signer(job: Job) -> None:
    """See, before any work, that what the job asks to be signed can be. Raises InvalidJob or ToolError."""
    if job.provenance is not None:
        # Here, and not above: certificates take 30 ms to import, and few jobs sign.
        from polyreel.packaging.provenance import c2pa

        c2pa.require_library()
        await _signing_key(job)


async def _signing_key(job: Job) -> SigningKey:
    from polyreel.packaging.provenance.signer import SigningKey, make_test_key

    name = job.provenance.credentials if job.provenance else None
    async with client_of(SIGNING, name) as key:
        return key if isinstance(key, SigningKey) else make_test_key()


def _make_key(given: dict[str, Any]) -> str:
    # By what is said and by whom, not by the signed bytes: a signature is another one each time.
    stories = [[file.sha256, story.facts()] for file, _, story in given["files"]]
    return stage_key("sign", VERSIONS["sign"], of=stories, signer=given["signer"])


@stage("sign", key=_make_key)
async def sign(plan: Plan, files: list[tuple[StoredFile, str, Story]], signer: str) -> Signed:
    """Copies of files, each with its story, signed. ``signer`` names the key; the key itself is in no record."""
    from polyreel.packaging.provenance import c2pa

    store, key = open_store(), await _signing_key(plan.job)
    source, report = path_of(plan.source_at_hand()), reporter("sign")
    made: dict[str, StoredFile] = {}
    with store.open_scratch() as folder:
        async with at_work("sign"):
            for number, (file, suffix, story) in enumerate(files):
                target = folder / f"{number}{suffix}"
                await asyncio.to_thread(c2pa.sign, path_of(file), target, source, story, key, kind=suffix)
                made[file.sha256] = await asyncio.to_thread(store.keep_file, target, suffix)
                report((number + 1) / len(files))
    return Signed(files=made, facts=tuple(story.facts() for _, _, story in files))


async def sign_or_explain(
    plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome, packaged: Packaged
) -> tuple[LanguageResults, Packaged]:
    """Everything with its signed files in place of the plain ones. What can't be signed does not go out unsaid."""
    going = going_out(languages, outcome)
    if plan.job.provenance is None or not going:
        return languages, packaged
    try:
        key = await _signing_key(plan.job)
        # A renewed certificate signs anew; the private key stands in no key or record.
        signer = "test" if key.is_test else hashlib.sha256(key.certificates).hexdigest()
        dubs = {each.locale: _describe_dub(plan, each, await decisions_on(plan, reel, each)) for each in going}
        files = list(_list_files(plan, going, dubs, packaged, is_test=key.is_test))
        signed = await sign(plan, files, signer)
    except Exception as error:  # noqa: BLE001 - whatever it is, finished languages go out, and it is reported
        found = Problem.of(error)
        problem = found.model_copy(update={"message": f"the files could not be signed: {found.message}"})
        return languages, packaged.join(Packaged(problem=problem))
    notes = (TEST_NOTE,) if key.is_test else ()
    said = Packaged(notes=notes, provenance=signed.facts)
    return _with_videos(languages, signed), _with_items(packaged, signed).join(said)


def _list_files(
    plan: Plan, going: list[LanguageResult], dubs: dict[str, Dub], packaged: Packaged, *, is_test: bool
) -> Iterator[tuple[StoredFile, str, Story]]:
    from polyreel.packaging.provenance import c2pa

    for each in going:
        name = Path(plan.language(each.locale).file_name(each.container)).name
        yield each.video, f".{each.container}", _tell_story(plan, name, (dubs[each.locale],), is_test)
    for item in packaged.items:
        path = Path(item.path)
        # Segments of packages are not signed one by one: the film beside them is.
        if item.role in _SPOKEN and c2pa.can_sign(path):
            of = (dubs[item.locale],) if item.locale else tuple(dubs.values())
            yield item.stored_file, path.suffix, _tell_story(plan, path.name, of, is_test)


def _tell_story(plan: Plan, title: str, dubs: tuple[Dub, ...], is_test: bool) -> Story:
    from polyreel.packaging.provenance.manifest import Story

    source = plan.job.source
    return Story(
        title=title,
        source_locale=source.locale,
        source_title=strip_address(source.media).rpartition("/")[2],
        source_sha256=plan.source_at_hand().sha256,
        dubs=dubs,
        is_test=is_test,
    )


def _describe_dub(plan: Plan, each: LanguageResult, reviews: tuple[ReviewRecord, ...]) -> Dub:
    from polyreel.packaging.provenance.manifest import Dub

    # A line that another voice had to say, or was chosen to, counts only where its speaker says nothing else.
    spoken = sorted(
        (line for line in each.lines if not line.recorded_by), key=lambda line: not (line.retaken or line.chosen)
    )
    voices = {speaker: voice for speaker, voice in ((line.speaker or "", line.voice) for line in spoken) if voice}
    by_rules = bool(voices) and all(voice.startswith(_BY_RULES) for voice in voices.values())
    return Dub(
        locale=each.locale,
        provider=each.provider,
        voices=tuple(sorted(voices.items())),
        is_trained=not by_rules,
        is_machine_text=each.is_machine_text,
        watermark=each.watermark,
        reviews=reviews,
        recordings=list_recorded_lines(each.lines),
        cloned_voices=list_cloned_voices(plan.language(each.locale).clones, each.lines),
    )


def _with_videos(languages: LanguageResults, signed: Signed) -> LanguageResults:
    finished = tuple(
        each.model_copy(update={"video": found, "unsigned": each.video}) if found else each
        for each, found in ((each, signed.files.get(each.video.sha256)) for each in languages.finished)
    )
    return languages.model_copy(update={"finished": finished})


def _with_items(packaged: Packaged, signed: Signed) -> Packaged:
    items = tuple(_replace_with_signed(item, signed) for item in packaged.items)
    return packaged.model_copy(update={"items": items})


def _replace_with_signed(item: Item, signed: Signed) -> Item:
    file = signed.files.get(item.stored_file.sha256, item.stored_file)
    return item.model_copy(update={"stored_file": file}) if item.role in _SPOKEN else item
