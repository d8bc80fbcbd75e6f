"""The scripts that a job names: read, moved onto the reel, and refused where words of theirs would be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from polyreel.errors import SubtitleError
from polyreel.errors.wording import spell_count
from polyreel.job import Job, Target
from polyreel.media.info import MediaInfo
from polyreel.outcome import Reel
from polyreel.subtitles import plain_text
from polyreel.subtitles.convert import read_file, require_cues
from polyreel.subtitles.drift import Correction
from polyreel.subtitles.fit import Misfit, apply_correction, judge_length, judge_timing
from polyreel.subtitles.formats.base import ReadingOptions
from polyreel.subtitles.model import Note, Track
from polyreel.subtitles.retime import Retiming, cut_before_zero, move_times, retiming_from
from polyreel.subtitles.timing import exact_rate

# A machine's SRT repeats one slip in a thousand cues.
_MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A script as a job names it: where it is, in which language, and how its times are to be corrected."""

    place: str
    locale: str
    field: str
    correction: Correction
    accept_repairs: bool
    frame_rate: str | None = None
    timecode: str | None = None

    @classmethod
    def of_source(cls, job: Job) -> ScriptRequest:
        """The source's own script."""
        source = job.source
        correction = Correction(source.rate or "", round(source.offset * 1000))
        return cls(
            source.subtitles or "",
            source.locale,
            "source: {{{}}}",
            correction,
            job.subtitles.accept_repairs,
            source.frame_rate,
            source.timecode,
        )

    @classmethod
    def of_target(cls, job: Job, target: Target) -> ScriptRequest:
        """A target's script."""
        correction = Correction(target.rate or "", round(target.offset * 1000))
        field = f"targets: [{{{{locale: {target.locale}, {{}}}}}}]"
        return cls(
            target.subtitles or "",
            target.locale,
            field,
            correction,
            job.subtitles.accept_repairs,
            job.source.frame_rate,
            job.source.timecode,
        )

    def spell_option(self, correction: Correction) -> str:
        """What to write into the job: ``targets: [{locale: es-ES, offset: -36000}]``."""
        return self.field.format(correction.as_option())


@dataclass(frozen=True, slots=True)
class Script:
    """A script that fits its reel, and what is to be said of it."""

    track: Track
    notes: tuple[str, ...] = ()


def read_script(path: Path, asked: ScriptRequest, reel: MediaInfo | None, reference: Track | None = None) -> Script:
    """Read a script and bring it onto its reel.

    ``reel`` is the source where it is here already; ``reference`` is the source's script. Raises SubtitleError for what
    had to be repaired or would be lost, unless the job accepts that: then it is said in the notes.
    """
    rate = reel.video.frame_rate if reel and reel.video and reel.video.frame_rate else None
    if asked.frame_rate:
        rate = exact_rate(asked.frame_rate)
    reading = read_file(path, ReadingOptions(asked.locale, rate))
    changed = [note for note in reading.notes if note.kind in {"repaired", "dropped"}]
    # First, as no repair gives a script words.
    require_cues(reading, asked.place)
    # Refused, not repaired in silence: what is dropped would be neither spoken nor seen missing.
    if changed and not asked.accept_repairs:
        raise _refuse_repairs(changed, asked.place)
    # What would lie before zero is judged before it is cut: words would be lost there as behind the end.
    moved, retimed = move_times(apply_correction(reading.track, asked.correction), _start_of(asked, rate))
    misfit = _judge(moved, reel.duration if reel else None, rate, reference)
    if misfit and not asked.accept_repairs:
        if asked.correction:
            # What a person then writes stands in place of what the job has: it has to mend the file as it is.
            plain, _ = move_times(reading.track, _start_of(asked, rate))
            found = _judge(plain, reel.duration if reel else None, rate, reference)
            misfit = replace(misfit, correction=found.correction if found else Correction())
        raise refuse_misfit(misfit, asked)
    track, early = cut_before_zero(moved)
    said = describe_notes((*reading.notes, *retimed, *early)) + ((misfit.message,) if misfit else ())
    return Script(track, said)


def _start_of(asked: ScriptRequest, rate: Fraction | None) -> Retiming:
    """Where the times of a script begin that counts from the picture's own timecode."""
    return retiming_from(asked.timecode, rate) if asked.timecode else Retiming()


def _judge(track: Track, length: Fraction | None, rate: Fraction | None, reference: Track | None) -> Misfit | None:
    # Without the reel only what lies before its beginning is known to be outside.
    length_ms = round(length * 1000) if length else max(cue.end_ms for cue in track.cues) + 1
    misfit = judge_length(track, length_ms, rate=rate, reference=reference)
    return misfit or (judge_timing(track, reference, rate) if reference else None)


def refuse_misfit(misfit: Misfit, asked: ScriptRequest) -> SubtitleError:
    """The error for a script that does not fit its reel, with the option that would mend it."""
    mend = f"Give {f'`{asked.spell_option(misfit.correction)}`' if misfit.correction else 'the script of this version'}"
    if misfit.correction is not None and not misfit.correction:
        mend = "Leave the script's `offset` and `rate` out: without them it fits"
    corrected = (asked.correction and "; the job's own offset and rate were applied before") or ""
    return SubtitleError(
        misfit.message + corrected,
        code="script_outside_reel" if "outside the reel" in misfit.message else "script_timing",
        where=asked.place,
        remedy=f"{mend}, or set `subtitles: {{accept_repairs: true}}` to go on with it as it is.",
    )


def require_inside(track: Track, asked: ScriptRequest, reel: Reel, reference: Track | None = None) -> tuple[str, ...]:
    """Refuse a script of which cues lie outside a reel that was not here when the script was read.

    What a trim leaves out was asked for, so this is for reels without one. Returns notes where the job accepts it.
    """
    rate = Fraction(reel.frame_rate) if reel.frame_rate else None
    misfit = judge_length(track, reel.duration_ms, rate=rate or None, reference=reference)
    if misfit and not asked.accept_repairs:
        raise refuse_misfit(misfit, asked)
    return (misfit.message,) if misfit else ()


def require_language(script: Track, locale: str) -> None:
    """Refuse a script that is surely written in another language. Raises SubtitleError. Blocks."""
    from polyreel.engine.translate.identify import find_contradiction

    found = find_contradiction(" ".join(plain_text(cue.text) for cue in script.cues), locale)
    if found:
        raise SubtitleError(
            f"the script is written in {found}",
            code="wrong_language",
            where=locale,
            remedy="Give the script of this language; if it is, set `subtitles: {accept_repairs: true}`.",
        )


def refuse_empty(job: Job, what: str, locale: str) -> SubtitleError:
    """The error for a script of which nothing lies inside the reel."""
    part, remedy = ("trim", "Trim less, or give") if job.trim else ("reel", "Give")
    return SubtitleError(
        f"no cue of {what} lies inside the {part}",
        code="empty_transcript",
        where=locale,
        remedy=f"{remedy} a script for this part.",
    )


def _refuse_repairs(changed: Sequence[Note], place: str) -> SubtitleError:
    first = changed[0]
    return SubtitleError(
        f"{first.message} ({spell_count(len(changed), 'such place')})",
        line=first.line,
        where=f"{place}, line {first.line}" if first.line else place,
        remedy="Correct the file, or set `subtitles: {accept_repairs: true}`.",
    )


def describe_notes(notes: Sequence[Note]) -> tuple[str, ...]:
    """Notes for a person: the first ones with their lines, one of each kind first, and how many more there are."""
    firsts = {note.code: note for note in reversed(notes)}
    chosen = sorted(firsts.values(), key=lambda note: note.line)
    chosen += [note for note in notes if note not in chosen][: max(_MOST_NOTES - len(chosen), 0)]
    shown = tuple(
        f"line {note.line}: {note.message}" if note.line else note.message
        for note in sorted(chosen, key=lambda note: note.line)
    )
    more = len(notes) - len(chosen)
    return (*shown, f"and {spell_count(more, 'more note')} on the script") if more > 0 else shown
