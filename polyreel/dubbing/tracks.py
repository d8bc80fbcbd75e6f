"""A language's texts for whoever watches: which kinds, on which times. From the script, as it was spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from polyreel.engine.transcribe.whisper import listener_command
from polyreel.errors.wording import spell_count
from polyreel.job import Subtitles
from polyreel.outcome import LineFit
from polyreel.subtitles.bilingual import join_languages
from polyreel.subtitles.kinds import captions_of, only_forced, subtitles_beside_captions, without_forced_marks
from polyreel.subtitles.mend import mend
from polyreel.subtitles.model import Track
from polyreel.subtitles.respoken import time_to_speech
from polyreel.subtitles.shots import snap_to_shots

# Notes that people read: nothing depends on the exact number.
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Scripts:
    """A language's script: with names as speakers, and as it is shown (names in its text, where it had them).

    ``source`` is the script that it was translated from, or what was heard where nobody gave one (``is_heard``);
    ``forced`` is a file of signs and foreign lines. All are on the reel's own times.
    """

    said: Track
    shown: Track
    source: Track | None = None
    forced: Track | None = None
    is_heard: bool = False


@dataclass(frozen=True, slots=True)
class ReelTimes:
    """The picture that cues are timed to. ``shots_ms`` are where its shots begin."""

    length_ms: int
    frame_rate: Fraction | None
    shots_ms: Sequence[int] = ()


def retime_scripts(
    scripts: Scripts, asked: Subtitles, locale: str, lines: Sequence[LineFit], reel: ReelTimes
) -> tuple[Scripts, tuple[str, ...]]:
    """The scripts on the times that the job asks for, mended where it asks for that; and what was mended."""
    done = scripts
    if asked.timing == "spoken" and lines:
        done = replace(done, said=_time_to_dub(done.said, lines, reel), shown=_time_to_dub(done.shown, lines, reel))
    if not asked.mend:
        return done, ()
    said, mends = mend(done.said, asked.profile, locale, frame_rate=reel.frame_rate, length_ms=reel.length_ms)
    shown, _ = mend(done.shown, asked.profile, locale, frame_rate=reel.frame_rate, length_ms=reel.length_ms)
    told = [f"Mended at {each}" for each in mends[:_MOST_LISTED]]
    more = (
        [f"and {spell_count(len(mends) - _MOST_LISTED, 'more mend')} of the subtitles"]
        if len(mends) > _MOST_LISTED
        else []
    )
    return replace(done, said=said, shown=shown), (*told, *more)


def explain_timing(asked: Subtitles, lines: Sequence[LineFit]) -> tuple[str, ...]:
    """Why cues are not on the times of the dub, where the job wants them there and nobody says when it speaks."""
    if asked.timing != "spoken" or lines:
        return ()
    return ("The subtitles have the script's times: who dubbed it does not say when each line is spoken.",)


def _time_to_dub(track: Track, lines: Sequence[LineFit], reel: ReelTimes) -> Track:
    timed = time_to_speech(track, lines, reel.length_ms)
    return snap_to_shots(timed, reel.shots_ms, reel.frame_rate) if reel.frame_rate else timed


def tracks_of(scripts: Scripts, asked: Subtitles) -> tuple[dict[str, tuple[Track, Track]], tuple[str, ...]]:
    """Each kind of text that the job asks for, as (with speakers, as shown); and what could not be made, and why."""
    found: dict[str, tuple[Track, Track]] = {}
    notes: list[str] = []
    for kind in asked.kinds:
        found |= _of_kind(kind, scripts, asked, notes)
    if asked.bilingual:
        found |= _pair_tracks(scripts, notes)
    return found, tuple(notes)


def _pair_tracks(scripts: Scripts, notes: list[str]) -> dict[str, tuple[Track, Track]]:
    if scripts.source is None:
        advice = f"Give `source.subtitles`, or let the source be listened to: `{listener_command()}`."
        notes.append(f"No bilingual subtitles: the source has no script. {advice}")
        return {}
    if not scripts.source.cues:
        notes.append("No bilingual subtitles: no line of the source's script lies inside the reel.")
        return {}
    if scripts.is_heard:
        notes.append("The bilingual subtitles have the source's lines as they were heard, read by nobody.")
    both = join_languages(scripts.said, scripts.source)
    return {"bilingual": (both, both)}


def _of_kind(kind: str, scripts: Scripts, asked: Subtitles, notes: list[str]) -> dict[str, tuple[Track, Track]]:
    if kind == "captions":
        captions = captions_of(scripts.said)
        return {kind: (captions, captions)}
    if kind == "forced":
        forced = scripts.forced if scripts.forced is not None else only_forced(scripts.said)
        if not forced.cues:
            notes.append("No forced subtitles: no cue of the script is marked forced, and no file of them is given.")
            return {}
        return {kind: (without_forced_marks(forced), without_forced_marks(forced))}
    if "captions" in asked.kinds:
        plain = subtitles_beside_captions(scripts.said)
        return {kind: (plain, plain)}
    if "forced" in asked.kinds:
        return {kind: (without_forced_marks(scripts.said), without_forced_marks(scripts.shown))}
    return {kind: (scripts.said, scripts.shown)}
