"""Scripts that nobody gave: the source's, heard; a target's, drafted by a machine and marked as such."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from polyreel.delivery.port import Item
from polyreel.dubbing.casting import is_named_by_ear, name_by_ear, name_speakers, resolve_casting
from polyreel.dubbing.providers import provider_of
from polyreel.engine.separation.stems import Stems
from polyreel.engine.transcribe.whisper import Attention, listener_for
from polyreel.errors import PolyreelError
from polyreel.errors.wording import spell_count
from polyreel.job import Job, Translation
from polyreel.outcome import Problem, Reel, StoredFile
from polyreel.planning.scripts import ScriptRequest, refuse_empty, require_inside
from polyreel.plans import LanguagePlan, MadeScript, Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.formats.base import WritingOptions
from polyreel.subtitles.formats.registry import suffix_of
from polyreel.subtitles.model import Track
from polyreel.subtitles.retime import start_frame_of
from polyreel.subtitles.timing import exact_rate, shift
from polyreel.subtitles.timing import trim as cut_cues
from tasks.run.connections import client_of, load_saved
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import key_of, stage
from tasks.run.values import LanguageResults

if TYPE_CHECKING:
    from polyreel.dubbing.translation import Voicing
    from polyreel.engine.translate.port import Drafter


async def with_source_script(plan: Plan, reel: Reel, stems: Stems) -> Plan:
    """The plan with a script of the source, where a translation needs one and none was given."""
    if not plan.needs_transcript:
        return plan
    try:
        return plan.with_source_script(await transcribe(plan, reel, stems))
    except PolyreelError as error:
        without = plan.without_source_script(Problem.of(error))
        # Nobody is left who has a script of their own: the error is the job's, not a language's.
        if not without.runnable():
            raise
        return without


@stage("transcribe", key=lambda given: given["plan"].stage_keys["transcribe"])
async def transcribe(plan: Plan, reel: Reel, stems: Stems) -> MadeScript:
    """Write down what is said, when, in cues of the job's profile."""
    from polyreel.dubbing.hearing import transcript_of

    profile, locale = plan.job.subtitles.profile, plan.job.source.locale
    asked = plan.job.transcription
    listener = listener_for(asked.model, Attention(asked.beam, plan.expected))
    async with at_work("transcribe"):
        found = await transcript_of(
            path_of(stems.original.audio),
            listener,
            locale,
            profile=profile,
            length_ms=reel.duration_ms,
            on_progress=reporter("transcribe"),
        )
    notes = (*found.notes, *_note_unexpected(listener.not_expected))
    return MadeScript(script=_keep_track(shift(Track(found.cues), _start_ms(reel)), open_store()), notes=notes)


def _note_unexpected(words: Sequence[str]) -> tuple[str, ...]:
    if not words:
        return ()
    return (
        f"The listener could not expect {spell_count(len(words), 'word')} of the vocabulary, from '{words[0]}' on.",
    )


async def with_script(language: LanguagePlan, reel: Reel) -> LanguagePlan:
    """The language with a script: the one it was given, else a machine's draft."""
    return language.with_draft(await translate(language, reel)) if language.needs_draft else language


@stage("translate", key=key_of("translate"))
async def translate(language: LanguagePlan, reel: Reel) -> MadeScript:
    """Draft the script from the source's, line by line, in the words that the voice has time for."""
    from polyreel.dubbing.translation import Commission, draft_script

    job, store = language.job, open_store()
    if job.translation is None or language.source_script is None:
        raise ValueError("a draft without a translator or a script to begin with")
    # Named first: a label that stays in the text would be translated, and spoken.
    source = name_speakers(read_file(path_of(language.source_script)).track, job)
    commission = Commission(
        track=_keep_inside(source, reel, language),
        source=job.source.locale,
        target=language.locale,
        profile=job.subtitles.profile,
        reel_ms=reel.duration_ms,
        glossary=path_of(language.glossary) if language.glossary else None,
        memory=path_of(language.memory) if language.memory else None,
        voicing=_voicing_of(job, language, source, store),
    )
    async with open_drafter(job.translation) as drafter:
        made = await draft_script(commission, drafter, reporter("translate", language.locale))
    return MadeScript(script=_keep_track(shift(made.track, _start_ms(reel)), store), notes=made.notes)


async def require_translator(job: Job) -> None:
    """See that the credentials that a job's translation names are saved. Raises InvalidJob."""
    from polyreel.dubbing.translation import BLOCKS

    asked = job.translation
    if asked and asked.credentials:
        await load_saved(BLOCKS[asked.provider], asked.credentials)


@asynccontextmanager
async def open_drafter(asked: Translation) -> AsyncIterator[Drafter]:
    """Who drafts, over the saved credentials that the job names, or over a server that needs none."""
    from polyreel.dubbing.translation import BLOCKS, drafter_of, keyless_client

    if asked.credentials:
        async with client_of(BLOCKS[asked.provider], asked.credentials) as client:
            yield drafter_of(asked, client)
        return
    async with AsyncExitStack() as stack:
        client = keyless_client(asked)
        opened = await stack.enter_async_context(client) if hasattr(client, "__aenter__") else client
        yield drafter_of(asked, opened)


def _voicing_of(job: Job, language: LanguagePlan, source: Track, store: Store) -> Voicing | None:
    """Our own voices are heard before they perform; a vendor's are not."""
    from polyreel.dubbing.translation import Voicing

    # A translator that knows how long a line takes to say can be asked for a shorter one.
    voice = provider_of(language.dubbing).voice(language.dubbing)
    if voice is None:
        return None
    return Voicing(voice, language.voice, store, resolve_casting(source, job, language.locale))


def _keep_inside(track: Track, reel: Reel, language: LanguagePlan) -> Track:
    """What of the source's script lies inside the reel, from the reel's own zero."""
    job, start = language.job, _start_ms(reel)
    # A trim leaves lines out on purpose; without one, a line outside the reel is a slip.
    if job.source.subtitles and not job.trim:
        require_inside(track, ScriptRequest.of_source(job), reel)
    inside = cut_cues(replace(track, comments=(), comments_before=()), start, start + reel.duration_ms)
    if not inside.cues:
        raise refuse_empty(job, "the source's script", language.locale)
    return inside


@dataclass(frozen=True, slots=True)
class Scripts:
    """The files of ``scripts``, and what a person should know of them."""

    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


async def write_scripts(
    plan: Plan, reel: Reel, languages: LanguageResults, parted: Callable[[], Awaitable[Stems]]
) -> Scripts:
    """The source's script, and a dubbing list for each language that was made, where the job asks for them.

    Where nobody is named and several may speak, they are told apart by ear, in the ``parted`` sound.
    """
    if not plan.job.scripts:
        return Scripts()
    source = await asyncio.to_thread(_read_source_script, plan, reel)
    notes: tuple[str, ...] = ()
    # Labels before the words stay as they were written; what has them needs no ear.
    if source and is_named_by_ear(name_speakers(source, plan.job), plan.job):
        source, notes = await name_by_ear(source, plan.job, await parted(), open_store())
    return Scripts(await asyncio.to_thread(_script_items, plan, reel, languages, source), notes)


def _read_source_script(plan: Plan, reel: Reel) -> Track | None:
    """What is said in the reel, in its own time. Raises where that is nothing."""
    job, start = plan.job, _start_ms(reel)
    script = plan.source_script or plan.heard_script
    if not script:
        return None
    source = cut_cues(read_file(path_of(script)).track, start, start + reel.duration_ms)
    if not source.cues:
        raise refuse_empty(job, "the source's script", job.source.locale)
    return source


def _script_items(plan: Plan, reel: Reel, languages: LanguageResults, source: Track | None) -> tuple[Item, ...]:
    from polyreel.dubbing.lists import list_lines, write_list, write_script

    job, store = plan.job, open_store()
    made: list[Item] = []

    def keep(content: bytes, locale: str, ending: str) -> None:
        path = f"{locale}/{job.name}.{locale}{ending}"
        made.append(Item(path=path, stored_file=store.keep_bytes(content, ending), role="script", locale=locale))

    # A format that is named twice is one file.
    for wanted in dict.fromkeys(job.scripts):
        ending = ".json" if wanted == "json" else suffix_of(wanted)
        if source is not None:
            options = writing_options(job, reel, job.source.locale)
            keep(write_script(source, wanted, options), job.source.locale, f".script{ending}")
        for each in languages.finished if wanted in {"docx", "json"} else ():
            lines = list_lines(read_file(path_of(each.tracks.script)).track, source, each.lines)
            keep(write_list(lines, wanted, writing_options(job, reel, each.locale)), each.locale, f".list{ending}")
    return tuple(made)


def writing_options(job: Job, reel: Reel, locale: str) -> WritingOptions:
    """What files say beside their cues: the languages, and the reel's timecodes."""
    source = job.source
    rate = exact_rate(source.frame_rate) if source.frame_rate else Fraction(reel.frame_rate or 0) or None
    start, is_drop = start_frame_of(source.timecode, rate, Fraction(reel.start))
    return WritingOptions(locale, source.locale, rate, is_drop, start)


def _start_ms(reel: Reel) -> int:
    return round(Fraction(reel.start) * 1000)


def _keep_track(track: Track, store: Store) -> StoredFile:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")
