"""Does the source speak the language that the job says? Heard before anything is bought, where there are weights."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyreel.engine.transcribe.tongues import LEAST_SPEECH_MS, find_likeliest_language, locale_of
from polyreel.engine.transcribe.whisper import listener_command, usual_listener
from polyreel.engine.transcribe.words import Heard
from polyreel.errors import InvalidJob, MediaError, PolyreelError
from polyreel.job import Job
from polyreel.locales import language
from polyreel.media.probe import probe
from polyreel.outcome import Outcome, Reel
from polyreel.plans import Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from tasks.run.slots import at_work
from tasks.run.stage import stage
from tasks.run.values import FoundLanguage, LanguageResult, SpokenLanguage

UNKNOWN = "und"
"""A source's locale in a job that does not know what is spoken."""
# Of what Whisper holds likely in all places together: below this another language may be meant as well.
_CLEARLY = 0.6
# Whisper hears 30 s at a time; a little more finds speech in a window that begins with a pause.
_WINDOW_S = 40
# Three places: songs, flashbacks and guests speak other languages for a scene, seldom in all of them.
_PLACES = (Fraction(1, 20), Fraction(2, 5), Fraction(3, 4))


async def identify_or_explain(plan: Plan, reel: Reel) -> SpokenLanguage:
    """The source's language as it is heard. Where every language is drafted from what is heard, it is judged there.

    A language that needs no draft goes on when the source is not understood, and a vendor would be paid for it.
    """
    if plan.needs_transcript and all(each.needs_draft for each in plan.runnable()):
        return SpokenLanguage()
    asked = "Which language the source speaks was not checked"
    if not plan.listener:
        return SpokenLanguage(note=f"{asked}: no Whisper weights. Run `{listener_command()}`.")
    if not usual_listener().knows(plan.job.source.locale):
        return SpokenLanguage(note=f"{asked}: Whisper was not taught {plan.job.source.locale}.")
    try:
        return await identify(plan, reel)
    except PolyreelError as error:
        # Not knowing stops no job: the check is there to save money, not to ask for weights.
        return SpokenLanguage(note=f"{asked}: {error}")


def _make_key(given: dict[str, Any]) -> str:
    plan = given["plan"]
    return str(plan.key("identify", plan.source_at_hand().sha256))


@stage("identify", key=_make_key)
async def identify(plan: Plan, reel: Reel) -> SpokenLanguage:
    """Listen to the source in a few places, and judge whether it speaks what the job says."""
    from polyreel.dubbing.backchecks import check_source_language
    from polyreel.engine.transcribe.identify import identify_language

    async with at_work("identify"):
        with open_store().open_scratch() as folder:
            windows = await _cut_windows(path_of(plan.source_at_hand()), reel, folder)
            heard: Heard = await identify_language(windows, usual_listener())
    return SpokenLanguage(check=check_source_language(heard, plan.job.source.locale))


async def _cut_windows(source: Path, reel: Reel, folder: Path) -> list[Path]:
    """Pieces of the reel's sound: all of a short one, three places of a long one."""
    from polyreel.media.audio import extract

    info = await asyncio.to_thread(probe, source)
    start, length = Fraction(reel.start), Fraction(reel.duration)
    # Not the beginning: titles and music come first, and say nothing of the language.
    is_short = length <= _WINDOW_S * len(_PLACES)
    spans = [(Fraction(0), length)] if is_short else [(length * at, length * at + _WINDOW_S) for at in _PLACES]
    track = reel.sound[0] if len(reel.sound) == 1 else (reel.sound[0], reel.sound[1])
    windows = []
    for number, (first, last) in enumerate(spans):
        window = folder / f"{number}.wav"
        await extract(source, window, info, track=track, start=start + first, end=start + last, channels=1)
        windows.append(window)
    return windows


@stage("find-language", key=lambda given: f"{_make_key(given)}-found")
async def find_language(plan: Plan, reel: Reel) -> FoundLanguage:
    """Listen in a few places to a source of which the job does not know what it speaks.

    Raises MediaError (``unknown_locale``) where nobody speaks, or no language is clearly the likeliest.
    """
    from polyreel.engine.transcribe.identify import identify_language

    async with at_work("identify"):
        with open_store().open_scratch() as folder:
            windows = await _cut_windows(path_of(plan.source_at_hand()), reel, folder)
            heard = await identify_language(windows, usual_listener())
    return judge_language(heard)


def judge_language(heard: Heard) -> FoundLanguage:
    """The language that was heard. Raises MediaError (``unknown_locale``) where that is not clear."""
    code, share = find_likeliest_language(heard.languages)
    if share >= _CLEARLY and heard.speech_ms >= LEAST_SPEECH_MS:
        return FoundLanguage(locale=locale_of(code), share=share)
    why = f"'{code}' is likeliest, {share:.0%} sure" if code else "nobody was heard to speak"
    raise MediaError(
        f"which language the source speaks is not clear: {why}",
        code="unknown_locale",
        where="source.locale",
        remedy="Say it in the job: `source: {locale: en-US}`.",
    )


def with_language(job: Job, found: FoundLanguage) -> Job:
    """The job with the language that was found. Raises InvalidJob where it is to be dubbed into that very language."""
    same = [target.locale for target in job.targets if language(target.locale) == language(found.locale)]
    # A dub into the language that is spoken is nearly always a wrong `targets`, and would be paid for.
    if same:
        raise InvalidJob(
            f"the source speaks '{found.locale}' already ({found.share:.0%} sure), and {', '.join(same)} is a target",
            code="wrong_language",
            where="targets",
            remedy="Leave the target out; or say `source.locale` with its region, to dub one variety into another.",
        )
    return job.model_copy(update={"source": job.source.model_copy(update={"locale": found.locale})})


def require_source_language(spoken: SpokenLanguage) -> None:
    """Refuse to buy a dub of a source that surely speaks another language. Raises MediaError (``wrong_language``)."""
    if spoken.check and spoken.check.status == "fail":
        raise MediaError(
            f"{spoken.check.detail}: nothing was bought",
            code="wrong_language",
            where="source.locale",
            remedy="Correct the job's `source.locale`, or choose the sound that speaks it: `source.audio_track`.",
        )


def with_source_check(result: LanguageResult, spoken: SpokenLanguage) -> LanguageResult:
    """A language's result with the check of its source among its own."""
    return result.model_copy(update={"checks": (*result.checks, spoken.check)}) if spoken.check else result


def with_source_note(outcome: Outcome, spoken: SpokenLanguage) -> Outcome:
    """The outcome with the reason why the source's language was not checked, where it was not."""
    return outcome.model_copy(update={"notes": (*outcome.notes, spoken.note)}) if spoken.note else outcome
