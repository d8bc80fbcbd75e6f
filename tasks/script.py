"""Scripts that nobody gave: the source's, heard; a target's, drafted by a machine and marked as such."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from polyreel.dubbing.casting import named, settled
from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.hearing import transcript_of
from polyreel.dubbing.translation import (
    BLOCKS,
    Commission,
    Voicing,
    drafter_of,
    keyless_client,
    translated,
)
from polyreel.engine.separate import Stems
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.translate.port import Drafter
from polyreel.errors import PolyreelError, SubtitleError
from polyreel.job import Job, Translation
from polyreel.outcome import Artefact, Problem, Reel
from polyreel.plan import LanguagePlan, MadeScript, Plan
from polyreel.store import Store, path_of
from polyreel.stores import open_store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Track
from polyreel.subtitles.timing import shift
from polyreel.subtitles.timing import trim as cut_cues
from tasks.places import at_work
from tasks.progress import reporter
from tasks.stage import key_of, stage

if TYPE_CHECKING:
    from blocks.base import PolyreelCredentials


async def with_source_script(plan: Plan, reel: Reel, stems: Stems) -> Plan:
    """The plan with a script of the source, where a translation needs one and none was given."""
    if not plan.needs_transcript:
        return plan
    try:
        return plan.transcribed(await transcribe(plan, reel, stems))
    except PolyreelError as error:
        without = plan.untranscribed(Problem(**error.as_dict()))
        if not without.runnable():
            raise
        return without


@stage("transcribe", key=lambda given: given["plan"].stage_keys["transcribe"])
async def transcribe(plan: Plan, reel: Reel, stems: Stems) -> MadeScript:
    """Write down what is said, when, in cues of the job's profile."""
    profile, locale = plan.job.subtitles.profile, plan.job.source.locale
    async with at_work("transcribe"):
        found = await transcript_of(
            path_of(stems.original.audio),
            usual_listener(),
            locale,
            profile=profile,
            length_ms=reel.duration_ms,
            on_progress=reporter("transcribe"),
        )
    return MadeScript(script=_kept(shift(Track(found.cues), _start_ms(reel)), open_store()), notes=found.notes)


async def with_script(language: LanguagePlan, reel: Reel) -> LanguagePlan:
    """The language with a script: the one it was given, else a machine's draft."""
    return language.drafted(await translate(language, reel)) if language.needs_draft else language


@stage("translate", key=key_of("translate"))
async def translate(language: LanguagePlan, reel: Reel) -> MadeScript:
    """Draft the script from the source's, line by line, in the words that the voice has time for."""
    job, store = language.job, open_store()
    if job.translation is None or language.source_script is None:
        raise ValueError("a draft without a translator or a script to begin with")
    source = named(read_file(path_of(language.source_script)).track, job)
    commission = Commission(
        track=_inside(source, reel, language.locale),
        source=job.source.locale,
        target=language.locale,
        profile=job.subtitles.profile,
        reel_ms=reel.duration_ms,
        glossary=path_of(language.glossary) if language.glossary else None,
        voicing=_voicing(job, language, source, store),
    )
    async with AsyncExitStack() as stack:
        drafter = await _drafter(job.translation, stack)
        made = await translated(commission, drafter, reporter("translate", language.locale))
    return MadeScript(script=_kept(shift(made.track, _start_ms(reel)), store), notes=made.notes)


async def require_translator(job: Job) -> None:
    """See that the credentials that a job's translation names are saved. Raises InvalidJob."""
    asked = job.translation
    if asked and asked.credentials:
        await _saved(asked.provider, asked.credentials)


async def _drafter(asked: Translation, stack: AsyncExitStack) -> Drafter:
    if asked.credentials:
        block = await _saved(asked.provider, asked.credentials)
        client = block.get_client()
    else:
        client = keyless_client(asked)
    if hasattr(client, "__aenter__"):
        await stack.enter_async_context(client)
    return drafter_of(asked, client)


async def _saved(provider: str, name: str) -> PolyreelCredentials:
    from blocks import credentials  # brings every vendor's client along: only for who asks for it

    return await credentials.load(BLOCKS[provider], name)


def _voicing(job: Job, language: LanguagePlan, source: Track, store: Store) -> Voicing | None:
    """Our own voices are heard before they perform; a vendor's are not."""
    if job.dubbing.provider != "embedded":
        return None
    return Voicing(voice_for(job.dubbing.voices), language.voice, store, settled(source, job, language.locale))


def _inside(track: Track, reel: Reel, locale: str) -> Track:
    """What of the source's script lies inside the reel, from the reel's own zero."""
    start = _start_ms(reel)
    inside = cut_cues(replace(track, comments=(), comments_before=()), start, start + reel.duration_ms)
    if not inside.cues:
        raise SubtitleError(
            "no cue of the source's script lies inside the trim",
            code="empty_transcript",
            where=locale,
            remedy="Trim less, or give a script for this part.",
        )
    return inside


def _start_ms(reel: Reel) -> int:
    return round(Fraction(reel.start) * 1000)


def _kept(track: Track, store: Store) -> Artefact:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")
