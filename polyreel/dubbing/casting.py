"""Who says each line, and in whose voice: from names in the scripts, else by ear, and from the job's own mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyreel.engine.cores import PLACES
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import VOICE_PRINTS
from polyreel.engine.separation.stems import Stems
from polyreel.engine.threads import in_thread
from polyreel.engine.voice.port import Gender
from polyreel.errors.wording import spell_count
from polyreel.job import Job
from polyreel.outcome import ClonedVoice
from polyreel.store.port import Store
from polyreel.subtitles.model import Cue, Track

if TYPE_CHECKING:
    from polyreel.engine.speakers.diarise import Ear
    from polyreel.engine.speakers.named import Turn

# A note that people read: so many places show whether to look, and nothing depends on the exact number.
_MOST_ODD = 5


@dataclass(frozen=True, slots=True)
class Casting:
    """A language's script with its speakers, everybody in the job by first appearance, and whose voice is settled.

    ``genders`` is what is known of speakers: as the job says, else as the scripts do, else by ear.
    """

    script: Track
    roster: tuple[str, ...]
    pinned: tuple[tuple[str, str], ...]
    genders: tuple[tuple[str, Gender], ...] = ()
    notes: tuple[str, ...] = ()


def ear_of(job: Job) -> str:
    """What the speakers of a job are told apart with: the weights' fingerprint, or nothing."""
    asked = job.source.several_may_speak and shelf.is_here(VOICE_PRINTS)
    return VOICE_PRINTS.fingerprint if asked else ""


def name_speakers(script: Track, job: Job) -> Track:
    """A whole script, its ``Ana:`` prefixes read as speakers where they are names."""
    from polyreel.engine.speakers.named import with_names

    return with_names(script, job.source.people)


async def name_by_ear(script: Track, job: Job, stems: Stems, store: Store) -> tuple[Track, tuple[str, ...]]:
    """A script in the reel's time with its speakers told apart by ear, and what a person should know of that.

    It comes back as it is without the weights for that. Raises EngineError and StoreError.
    """
    heard = await _by_ear(script, None, job.source.people, stems, store)
    return heard.script, heard.notes


def is_named_by_ear(script: Track, job: Job) -> bool:
    """Whether several may speak, by the job's word, and the script names none of them."""
    from polyreel.engine.speakers.named import has_names

    return job.source.several_may_speak and not has_names(script)


async def cast_script(
    script: Track,
    source: Track | None,
    *,
    whole: Sequence[Track],
    job: Job,
    locale: str,
    stems: Stems | None,
    store: Store,
) -> Casting:
    """Give every cue of a script its speaker.

    ``script`` and ``source`` are what is dubbed, in the reel's time; ``whole`` the scripts before they were trimmed,
    the source's first. Names in the script itself count; else those in the source's script, by time; else, where the
    job says that several speak, they are told apart by ear, in the ``stems``. Raises EngineError and StoreError.
    """
    from polyreel.engine.speakers.named import has_names, with_turns

    heard = _Heard(script)
    if not has_names(script) and source is not None and has_names(source):
        script = with_turns(script, _list_turns(source.cues))
    elif is_named_by_ear(script, job) and stems is not None:
        heard = await _by_ear(script, source, job.source.people, stems, store)
        script = heard.script
        # The scripts name nobody, and nobody needs a voice for that: the first one would else be the nameless one's.
        whole = whole if heard.people == () else ()
    return resolve_casting(
        script, job, locale, whole=whole, heard=heard.genders, people=heard.people, notes=heard.notes
    )


def resolve_casting(
    script: Track,
    job: Job,
    locale: str,
    *,
    whole: Sequence[Track] = (),
    heard: Mapping[str, Gender] | None = None,
    people: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Casting:
    """Who is who in a script whose cues have speakers: by the job's word, else by the scripts, else by ear.

    ``heard`` and ``people`` are what the ear told of genders, and who was heard, by first appearance.
    """
    from polyreel.engine.speakers.gender import genders_in
    from polyreel.engine.speakers.named import roster

    told = job.speakers or {}
    # In this order: a script's own word is surer than a pitch, and the job's is surer than both.
    genders = {**(heard or {}), **genders_in([*whole, script])}
    genders |= {name: speaker.gender for name, speaker in told.items() if speaker.gender}
    names = dict.fromkeys([*told, *people, *roster(*whole), *roster(script)])
    pinned = [(name, voice) for name, speaker in told.items() if (voice := speaker.voices.get(locale))]
    return Casting(script, tuple(names), tuple(pinned), tuple(sorted(genders.items())), notes)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A script with its speakers by ear, and what their voices are like."""

    script: Track
    genders: dict[str, Gender] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def _by_ear(script: Track, source: Track | None, people: int | None, stems: Stems, store: Store) -> _Heard:
    from polyreel.engine.speakers.diarise import hear_speakers
    from polyreel.engine.speakers.named import with_turns

    if not shelf.is_here(VOICE_PRINTS):
        command = shelf.pull_command(VOICE_PRINTS)
        who = f"{people} people speak" if people else "Several people may speak"
        note = f"{who}, and no script names them: all share one voice (`{command}` tells them apart)."
        return _Heard(script, notes=(note,))
    # The source's cues are when somebody really speaks; a translation's only come near.
    cues = [(cue.start_ms, cue.end_ms) for cue in (source or script).cues]
    async with PLACES.one():
        ear = await in_thread(lambda go_on: hear_speakers(stems, cues, people, store, go_on))
    heard = tuple(dict.fromkeys(turn.speaker for turn in ear.turns))
    return _Heard(with_turns(script, ear.turns), dict(ear.genders), heard, _describe_ear(ear))


def _describe_ear(ear: Ear) -> tuple[str, ...]:
    """What was made of the voices, for a person to correct in the job's ``speakers``."""
    # Counted, so that somebody with one line among hundreds is seen for the slip that it may be.
    lines = Counter(turn.speaker for turn in ear.turns)
    said = ", ".join(
        f"{name} ({ear.genders.get(name, 'gender not clear')}, {spell_count(count, 'line')})"
        for name, count in lines.items()
    )
    if ear.odd:
        odd = ", ".join(f"{turn.start_ms / 1000:.1f} s ({turn.speaker}'s)" for turn in ear.odd[:_MOST_ODD])
        more = f" and {len(ear.odd) - _MOST_ODD} more" if len(ear.odd) > _MOST_ODD else ""
        said += f"; a short line sounds like nobody's others and went to the nearest: {odd}{more}"
    if len(lines) == 1:
        return (f"By ear one person speaks: {said}. If there are more, say how many: `source.speakers`.",)
    return (f"Told apart by ear: {said}. The job's `speakers` may say it better.",)


@dataclass(frozen=True, slots=True)
class Cloned:
    """Who speaks in which voice, with the clones in it, and what a person should know of them."""

    voices: tuple[str, ...]
    pinned: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def assign_clones(
    clones: Sequence[ClonedVoice],
    roster: Sequence[str],
    voices: tuple[str, ...],
    pinned: Sequence[tuple[str, str]],
) -> Cloned:
    """Give a job's cloned voices to their speakers, before the ``voices`` and ``pinned`` that it names otherwise.

    ``roster`` is everybody who speaks in the job.
    """
    from polyreel.engine.voice.pocket.voice import PocketVoice

    # With the engine's name: a clone's id means nothing to any other voice.
    own = {each.speaker: f"{PocketVoice.name}:{each.voice}" for each in clones if each.speaker in (*roster, "")}
    everybodys = own.pop("", None)
    others = [(name, voice) for name, voice in pinned if name not in own]
    notes = [_describe_clone(each, each.speaker in (*roster, "")) for each in clones]
    return Cloned((everybodys,) if everybodys else voices, (*others, *own.items()), tuple(notes))


def _describe_clone(clone: ClonedVoice, is_used: bool) -> str:
    if not is_used:
        return f"Nobody is called '{clone.speaker}' in the script: the voice cloned for that name says nothing."
    whose = f"{clone.speaker}'s lines are" if clone.speaker else "Lines are"
    return (
        f"{whose} said by a voice cloned from a person's sample (SHA-256 {clone.given_sha256[:12]}...), "
        f"with consent by {clone.by} (SHA-256 {clone.consent.sha256[:12]}...)."
    )


def _list_turns(cues: Sequence[Cue]) -> list[Turn]:
    from polyreel.engine.speakers.named import Turn

    return [Turn(cue.start_ms, cue.end_ms, who) for cue in cues if (who := _find_speaker(cue))]


def _find_speaker(cue: Cue) -> str | None:
    from polyreel.engine.speakers.named import roster

    return next((who for who in roster(Track((cue,))) if who), None)
