"""Masters: what broadcasters and archives take, made of the languages that go out."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.delivery.port import Item
from polyreel.dubbing.port import LosslessTracks
from polyreel.job import Master
from polyreel.job.packaging import FILMS
from polyreel.keys import stage_key
from polyreel.outcome import Outcome, Problem, Reel, StoredFile
from polyreel.plans import VERSIONS, LanguagePlan, Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.named import find_stored_files
from polyreel.subtitles import read_file
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import stage
from tasks.run.values import LanguageResult, LanguageResults, Packaged
from tasks.together import content_of, going_out, original_of, sounds_of, texts_of, with_descriptions

if TYPE_CHECKING:
    from polyreel.packaging.original import Original
    from polyreel.packaging.start import Start
    from polyreel.packaging.timelines import Sheet

# Editors count in pictures even where there is none; 25 divides a second evenly, without drop frames.
_PICTURES_OF_SOUND = 25
_TIMELINES: frozenset[Master] = frozenset({"otio", "aaf"})


def _make_key(given: dict[str, Any]) -> str:
    going = going_out(given["languages"], given["outcome"])
    job, chapters = given["plan"].job, [each.model_dump() for each in given["reel"].chapters]
    lossless = [[file.sha256 for file in find_stored_files(each.lossless)] for each in going]
    of = [content_of(going, given["original"]), lossless]
    # Whether a line came from the store changes nothing in what it sounds like.
    lines = [[line.model_dump(mode="json", exclude={"reused"}) for line in each.lines] for each in going]
    reel = [given["plan"].source_at_hand().sha256, given["reel"].start, given["reel"].frame_rate, job.source.timecode]
    known = {"asked": job.masters, "name": job.name, "chapters": chapters, "lines": lines, "reel": reel}
    return stage_key("master", VERSIONS["master"], of=of, **known)


@stage("master", key=_make_key)
async def master(
    plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome, original: Original | None
) -> Packaged:
    """Films with the original, every dub and every text; per language the lossless sound and a timeline."""
    going = going_out(languages, outcome)
    if not plan.job.masters or not going:
        return Packaged()
    from polyreel.packaging.start import start_of

    async with at_work("master"):
        # One film with every language, and not one per language:
        # the picture has the most bytes, and is the same in all.
        films = await _make_films(plan, reel, going, original)
        start = await asyncio.to_thread(start_of, plan.source, reel, plan.job.source)
        made = [await _language_masters(plan, each.reel or reel, each, start) for each in going]
    return Packaged(
        items=(*films, *(item for each in made for item in each.items)),
        notes=tuple(dict.fromkeys(note for each in made for note in each.notes)),
    )


async def _make_films(plan: Plan, reel: Reel, going: list[LanguageResult], original: Original | None) -> list[Item]:
    """One film per container."""
    from polyreel.media.mp4 import Mark
    from polyreel.packaging.films import Film, write_mkv, write_mp4

    writers: dict[Master, Callable[..., Awaitable[None]]] = {"mp4": write_mp4, "mkv": write_mkv}
    store, items = open_store(), []
    with store.open_scratch() as folder:
        marks = [Mark(one.start_ms, one.title) for one in reel.chapters]
        sounds, texts = sounds_of(going, original, folder), texts_of(going, original, folder)
        # Any language's: the picture is the same in all, as jobs with own pictures are refused masters like these.
        film = Film(path_of(going[0].video), sounds, texts, marks)
        for kind in dict.fromkeys(plan.job.masters):
            if kind in FILMS:
                target: Path = folder / f"master.{kind}"
                await writers[kind](film, target, on_progress=reporter("master"))
                kept = await asyncio.to_thread(store.keep_file, target, f".{kind}")
                items.append(Item(path=f"masters/{plan.job.name}.{kind}", stored_file=kept, role="master"))
    return items


async def _language_masters(plan: Plan, reel: Reel, each: LanguageResult, start: Start) -> Packaged:
    """A language's lossless tracks, and the timeline that names them."""
    asked, language = set(plan.job.masters), plan.language(each.locale)
    tracks = each.lossless or (await _decode_mix(each, start) if "wav" in asked else None)
    held = _choose_tracks(tracks, asked) if tracks else {}
    items = [
        Item(path=language.file_name(f"{role}.wav"), stored_file=file, role=role, locale=each.locale)
        for role, file in held.items()
        if file
    ]
    if mix := held.get("mix"):
        items.append(await _describe_mix(language, each, mix))
    # Nothing is burned in of an empty script: the film would be encoded anew to look as it did.
    if "burned" in asked and not each.tracks.is_empty:
        items.append(await _burn(language, each))
    if asked & _TIMELINES:
        items += await asyncio.to_thread(_make_timelines, plan, reel, each, items, start)
    return Packaged(items=tuple(items), notes=_notes_on_stems(each, asked))


async def _describe_mix(language: LanguagePlan, each: LanguageResult, mix: StoredFile) -> Item:
    """How loud the mix is, beside it: by the whole of it, and by its dialogue alone, as Netflix asks."""
    from polyreel.dubbing.outlines import describe_loudness

    cues = read_file(path_of(each.tracks.script)).track.cues
    spoken = [(line.start_ms, line.end_ms) for line in each.lines] or [(cue.start_ms, cue.end_ms) for cue in cues]
    path = language.file_name("mix.wav")
    figures = await describe_loudness(path_of(mix), spoken)
    said = {"file": Path(path).name, **figures, "measured_by": "ITU-R BS.1770; the dialogue alone by BS.1770-1"}
    kept = open_store().keep_bytes(json.dumps(said, indent=2).encode() + b"\n", ".json")
    return Item(path=language.file_name("mix.json"), stored_file=kept, role="loudness", locale=each.locale)


async def _burn(language: LanguagePlan, each: LanguageResult) -> Item:
    from polyreel.packaging.burned import write_burned

    store = open_store()
    with store.open_scratch() as folder:
        target = folder / "burned.mp4"
        film, text = path_of(each.video), path_of(each.tracks.files["vtt"])
        await write_burned(film, text, each.locale, target, on_progress=reporter("master"))
        kept = await asyncio.to_thread(store.keep_file, target, ".mp4")
    path = language.file_name("subtitled.mp4")
    return Item(path=path, stored_file=kept, role="subtitled", locale=each.locale)


def _choose_tracks(tracks: LosslessTracks, asked: set[Master]) -> dict[str, StoredFile | None]:
    mix = {"mix": tracks.mix} if "wav" in asked else {}
    parts = {"dialogue": tracks.dialogue, "music-and-effects": tracks.effects} if "stems" in asked else {}
    return {**mix, **parts}


async def _decode_mix(each: LanguageResult, start: Start) -> LosslessTracks:
    """The sound that a vendor gave, decoded: nothing better is to be had of it."""
    from polyreel.media.bwf import Label, decode_bwf

    store = open_store()
    with store.open_scratch() as folder:
        sound = path_of(each.audio or each.video)
        await decode_bwf(sound, folder / "mix.wav", Label(f"dub {each.locale}: mix", start.samples))
        return LosslessTracks(mix=await asyncio.to_thread(store.keep_file, folder / "mix.wav", ".wav"))


def _notes_on_stems(each: LanguageResult, asked: set[Master]) -> tuple[str, ...]:
    if each.lossless is not None:
        return ()
    mix = f"{each.locale}: the vendor gives no lossless sound; the mix is decoded from what it gave."
    parts = f"{each.locale}: the vendor gives no stems."
    lines = f"{each.locale}: no AAF, which holds the sound of single lines: the vendor gives one finished sound."
    return tuple(said for kind, said in (("wav", mix), ("stems", parts), ("aaf", lines)) if kind in asked)


def _make_timelines(plan: Plan, reel: Reel, each: LanguageResult, items: list[Item], start: Start) -> list[Item]:
    """The lines for editors. Files are named as they lie beside the timeline, in the language's own folder."""
    from polyreel.media.bwf import RATE as SAMPLES

    # Here, and not above: most jobs ask for no timeline, and would wait for the libraries all the same.
    from polyreel.packaging.aaf import write_aaf
    from polyreel.packaging.timelines import Sheet, write_timeline

    language, rate = plan.language(each.locale), Fraction(reel.frame_rate or SAMPLES)
    store = open_store()
    names = {item.role: Path(item.path).name for item in items}
    film = Path(language.file_name(each.container)).name
    sheet = Sheet(
        name=f"{plan.job.name} {each.locale}",
        rate=rate,
        frames=round(Fraction(reel.duration) * rate),
        start=start.frames(rate),
        picture=film if reel.has_picture else None,
        sounds=[(role, name) for role, name in names.items() if role not in {"dialogue", "loudness"}],
        dialogue=names.get("dialogue") or names.get("mix") or film,
        lines=each.lines,
    )
    kept = {}
    if "otio" in plan.job.masters:
        kept["otio"] = store.keep_bytes(write_timeline(sheet), ".otio")
    if "aaf" in plan.job.masters and each.lossless and each.lossless.dialogue:
        with store.open_scratch() as folder:
            lines = _in_pictures(sheet, reel, start)
            write_aaf(lines, path_of(each.lossless.dialogue), folder / "lines.aaf", is_drop=start.is_drop)
            kept["aaf"] = store.keep_file(folder / "lines.aaf", ".aaf")
    return [
        Item(path=language.file_name(kind), stored_file=file, role="timeline", locale=each.locale)
        for kind, file in kept.items()
    ]


def _in_pictures(sheet: Sheet, reel: Reel, start: Start) -> Sheet:
    """The sheet as editors count: of sound without a picture, too, in pictures."""
    rate = Fraction(reel.frame_rate or _PICTURES_OF_SOUND)
    frames = round(Fraction(reel.duration) * rate)
    return dataclasses.replace(sheet, rate=rate, frames=frames, start=start.frames(rate))


async def master_or_explain(plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome) -> Packaged:
    """The masters; where they can't be made, the reason: finished languages go out all the same."""
    try:
        is_wanted = plan.job.masters and going_out(languages, outcome)
        languages = await with_descriptions(plan, reel, languages) if FILMS & set(plan.job.masters) else languages
        original = await original_of(plan, reel) if is_wanted else None
        return await master(plan, reel, languages, outcome, original)
    except Exception as error:  # noqa: BLE001 - whatever it is, the languages are delivered, and it is reported
        problem = Problem.of(error)
        return Packaged(
            problem=problem.model_copy(update={"message": f"the masters could not be made: {problem.message}"})
        )
