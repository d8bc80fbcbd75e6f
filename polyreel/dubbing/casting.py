"""Who says each line, and in whose voice: from names in the scripts, else by ear, and from the job's own mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyreel.engine.cores import PLACES
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import VOICE_PRINTS
from polyreel.engine.separate import Stems
from polyreel.engine.speakers import Turn, has_names, roster, with_names, with_turns
from polyreel.engine.speakers_heard import heard_turns
from polyreel.engine.threads import in_thread
from polyreel.job import Job
from polyreel.store import Store
from polyreel.subtitles.model import Cue, Track


@dataclass(frozen=True, slots=True)
class Casting:
    """A language's script with its speakers, everybody in the job by first appearance, and whose voice is settled."""

    script: Track
    roster: tuple[str, ...]
    pinned: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def ear_of(job: Job) -> str:
    """What the speakers of a job are told apart with: the weights' fingerprint, or nothing."""
    asked = (job.source.speakers or 1) > 1 and shelf.is_here(VOICE_PRINTS)
    return VOICE_PRINTS.fingerprint if asked else ""


def named(script: Track, job: Job) -> Track:
    """A whole script, its ``Ana:`` prefixes read as speakers where they are names."""
    return with_names(script, job.source.speakers)


async def cast_script(
    script: Track,
    source: Track | None,
    *,
    whole: Sequence[Track],
    job: Job,
    locale: str,
    stems: Stems,
    store: Store,
) -> Casting:
    """Give every cue of a script its speaker.

    ``script`` and ``source`` are what is dubbed, in the reel's time; ``whole`` the scripts before they were trimmed,
    the source's first. Names in the script itself count; else those in the source's script, by time; else, where the
    job says that several speak, they are told apart by ear. Raises EngineError and StoreError.
    """
    notes: tuple[str, ...] = ()
    people = job.source.speakers or 1
    if not has_names(script) and source is not None and has_names(source):
        script = with_turns(script, _turns(source.cues))
    elif not has_names(script) and people > 1:
        script, notes = await _by_ear(script, source, people, stems, store)
    settled = job.speakers or {}
    names = dict.fromkeys([*settled, *roster(*whole), *roster(script)])
    pinned = [(name, voice) for name, speaker in settled.items() if (voice := speaker.voices.get(locale))]
    return Casting(script, tuple(names), tuple(pinned), notes)


async def _by_ear(
    script: Track, source: Track | None, people: int, stems: Stems, store: Store
) -> tuple[Track, tuple[str, ...]]:
    if not shelf.is_here(VOICE_PRINTS):
        command = shelf.pull_command(VOICE_PRINTS)
        note = f"{people} people speak, and no script names them: all share one voice (`{command}` tells them apart)."
        return script, (note,)
    cues = [(cue.start_ms, cue.end_ms) for cue in (source or script).cues]
    async with PLACES.one():
        turns = await in_thread(lambda go_on: heard_turns(stems, cues, people, store, go_on))
    return with_turns(script, turns), ()


def _turns(cues: Sequence[Cue]) -> list[Turn]:
    return [Turn(cue.start_ms, cue.end_ms, who) for cue in cues if (who := _speaker(cue))]


def _speaker(cue: Cue) -> str | None:
    return next((who for who in roster(Track((cue,))) if who), None)
