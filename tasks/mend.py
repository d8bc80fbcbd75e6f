"""Lines of a finished dub that did not pass a check, tried once more by themselves, where the job allows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from polyreel.dubbing.casting import name_speakers
from polyreel.dubbing.port import Dubbed, DubRequest, Means
from polyreel.dubbing.providers import make_dubber, provider_of
from polyreel.engine.separation.stems import Stems
from polyreel.keys import stage_key
from polyreel.outcome import Mending, Reel
from polyreel.plans import VERSIONS, LanguagePlan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue
from tasks.dub import with_sound
from tasks.finish import limits_of
from tasks.listen import listen_closely
from tasks.run.slots import at_work
from tasks.run.stage import key_of, stage
from tasks.run.values import Listening, MendedDub
from tasks.script import open_drafter

if TYPE_CHECKING:
    from polyreel.dubbing.line_flaws import Against, Take
    from polyreel.dubbing.mending import Shorten, Wording


@stage("mend", key=key_of("mend"))
async def mend(
    language: LanguagePlan,
    reel: Reel,
    request: DubRequest,
    dubbed: Dubbed,
    *,
    listening: Listening,
    stems: Stems | None,
) -> MendedDub:
    """Say what failed otherwise, once; what came out no better stays as it was."""
    from polyreel.dubbing.mending import Workshop, mend_lines

    voice = provider_of(language.dubbing).voice(language.dubbing)
    # Only what is spoken here is tried again: at a vendor each try is a purchase.
    if voice is None:
        return MendedDub(request=request, dubbed=dubbed, listening=listening, mending=Mending(checked=0))
    listened = {_sound_of(dubbed): listening}

    async def dub(asked: DubRequest) -> Take:
        dubber = make_dubber(language.dubbing, Means(open_store()))
        async with at_work("mend", language.locale):
            receipt = await dubber.submit(asked)
            await dubber.wait(asked, receipt)
            made = await dubber.collect(asked, receipt)
            # The same sound is heard as the same: rounds that change nothing cost no listening.
            if _sound_of(made) not in listened:
                listened[_sound_of(made)] = await listen_closely(language, asked, made, stems)
        return await _make_take(made, listened[_sound_of(made)])

    shop = Workshop(
        voice=voice,
        store=open_store(),
        against=_measure_against(language, reel),
        dub=dub,
        shorten=_make_shortener(language),
        untouchable=await asyncio.to_thread(_find_untouchable, language, reel),
    )
    asked = await with_sound(language, reel, request, stems)
    found = await mend_lines(asked, await _make_take(dubbed, listening), shop)
    beside = ("stems", "lossless_from", "watermark")
    # What belongs to this attempt alone is left out again, as later stages have keys over the request.
    kept = found.request.model_copy(update={name: getattr(request, name) for name in beside})
    return MendedDub(
        request=kept, dubbed=found.dubbed, listening=listened[_sound_of(found.dubbed)], mending=found.mending
    )


async def _make_take(dubbed: Dubbed, listening: Listening) -> Take:
    from polyreel.dubbing.line_flaws import Take
    from polyreel.dubbing.outlines import load_power

    return Take(dubbed, listening.heard, listening.lines, await load_power(dubbed))


def _measure_against(language: LanguagePlan, reel: Reel) -> Against:
    from polyreel.dubbing.line_flaws import Against

    profile = language.job.subtitles.profile
    return Against(language.locale, profile, reel.duration_ms, limits_of(language, reel))


def _sound_of(dubbed: Dubbed) -> str:
    return f"{dubbed.speech and dubbed.speech.sha256} {dubbed.audio and dubbed.audio.sha256}"


def _make_shortener(language: LanguagePlan) -> Shorten | None:
    """The job's translator, asked once for the same wordings: its answer is kept."""
    from polyreel.dubbing.translation import shorten_wordings
    from polyreel.engine.translate.glossary import read_glossary

    asked, store = language.job.translation, open_store()
    if asked is None:
        return None

    async def shorten(wanted: Mapping[int, Wording]) -> Mapping[int, str]:
        given = {str(number): asdict(each) for number, each in wanted.items()}
        by = asked.model_dump(mode="json", exclude={"credentials", "glossary"})
        glossary = language.glossary.sha256 if language.glossary else ""
        key = stage_key("shortened", VERSIONS["mend"], of=given, into=language.locale, by=by, glossary=glossary)
        # A model answers otherwise each time: a run that was killed here would be another dub.
        if (known := await asyncio.to_thread(store.load_record, key)) is not None:
            return {int(number): str(text) for number, text in known["lines"].items()}
        pair = language.job.source.locale, language.locale
        terms = read_glossary(path_of(language.glossary), *pair) if language.glossary else ()
        async with open_drafter(asked) as drafter:
            found = await shorten_wordings(wanted, pair, terms, drafter)
        await asyncio.to_thread(store.save_record, key, {"lines": {str(n): text for n, text in found.items()}})
        return found

    return shorten


def _find_untouchable(language: LanguagePlan, reel: Reel) -> Callable[[Cue], str]:
    """Why a cue of the reel's script stays as it is: a person approved it, or wrote it. Reads scripts; blocks."""
    approved = {target for _, target in json.loads(path_of(language.memory).read_bytes())} if language.memory else set()
    edited, chosen = _find_edited(language, reel), _find_chosen(language, reel)

    def why(cue: Cue) -> str:
        if language.is_approved:
            return "a person approved the script"
        if cue.start_ms in edited:
            return "a person edited it"
        if cue.start_ms in chosen:
            return "a person chose how it is said"
        # The memory has lines without markup and breaks.
        words = " ".join(plain_text(cue.text).split())
        return "a person approved it, in the series' memory" if words in approved else ""

    return why


def _find_chosen(language: LanguagePlan, reel: Reel) -> set[int]:
    """Where the cues begin for which the script has a choice, whoever gave it; in ms from the reel's own zero."""
    from polyreel.subtitles.choices import read_choices
    from polyreel.subtitles.reel_times import cut_to_reel

    if language.script is None:
        return set()
    cut = cut_to_reel(read_file(path_of(language.script)).track, reel)
    return {cut.cues[place].start_ms for place in read_choices(cut)}


def _find_edited(language: LanguagePlan, reel: Reel) -> set[int]:
    """Where the cues begin that people changed, in ms from the reel's own zero."""
    from polyreel.review.edits import find_changed_lines
    from polyreel.subtitles.reel_times import cut_to_reel

    edited = language.edited
    # An edit that was taken back leaves the script as it was made.
    if edited is None or edited.script == edited.made:
        return set()
    before, after = (read_file(path_of(each)).track for each in (edited.made, edited.script))
    changed = set(find_changed_lines(before, after))
    cues = tuple(cue for number, cue in enumerate(after.cues, 1) if number in changed)
    named = name_speakers(replace(after, cues=cues), language.job)
    return {cue.start_ms for cue in cut_to_reel(named, reel).cues}
