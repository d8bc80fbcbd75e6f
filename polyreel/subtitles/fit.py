"""Does a script fit its reel? What lies outside is found and quoted, and the usual reasons are recognised.

Scripts are timed to another version more often than they are wrong: to one that begins at 10:00:00 or runs past
midnight (a constant offset), or to one that runs at another frame rate (a drift that grows with the time). Both are
seen against the reel's length, and more surely against the source's own script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from polyreel.errors.wording import spell_count
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.drift import Correction, agree, find_correction, find_rate
from polyreel.subtitles.formats.base import excerpt
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import clock, move

_HOUR = 3_600_000
_DAY = 24 * _HOUR
# A container's length is rounded, and a last cue may stand a moment longer than the picture.
_SLACK_MS = 1000
_QUOTED = 3


@dataclass(frozen=True, slots=True)
class Misfit:
    """Cues that are outside the reel, or that come at the wrong time; what it looks like, and what would mend it."""

    message: str
    correction: Correction | None = None


def unwrap_midnight(track: Track) -> Track:
    """The track with a day added behind each midnight: a cue that begins half a day before the last one is the next
    day's."""
    days, latest, cues = 0, 0, []
    for cue in track.cues:
        # Timecodes begin anew at midnight: a step back of more than half a day is that, and no cue out of order.
        if cue.start_ms < latest - _DAY // 2:
            days += 1
        latest = cue.start_ms
        end = cue.end_ms + (_DAY if cue.end_ms < cue.start_ms else 0)
        cues.append(replace(cue, start_ms=cue.start_ms + days * _DAY, end_ms=end + days * _DAY))
    return replace(track, cues=tuple(cues)) if days else track


def apply_correction(track: Track, correction: Correction) -> Track:
    """Every time multiplied by the rate, then moved by the offset. Times before zero stay, to be seen and refused."""
    if not correction:
        return track
    return move(unwrap_midnight(track), lambda time: round(time * correction.factor) + correction.offset_ms)


def find_outside(track: Track, length_ms: int) -> tuple[Cue, ...]:
    """The cues of which nothing would be heard in a reel of this length."""
    return tuple(cue for cue in track.cues if cue.start_ms >= length_ms or (cue.end_ms <= 0 and cue.start_ms < 0))


def judge_length(
    track: Track, length_ms: int, *, rate: Fraction | None = None, reference: Track | None = None
) -> Misfit | None:
    """What lies outside a reel of this length, why it may, and what mends it; None where everything lies inside.

    ``rate`` is the reel's frame rate. ``reference`` is the source's script, timed to the reel.
    """
    outside = find_outside(track, length_ms)
    if not outside:
        return None
    reason, correction = _find_reason(track, length_ms, rate, reference)
    begins, ends = min(cue.start_ms for cue in track.cues), max(cue.end_ms for cue in track.cues)
    lie = "lies" if len(outside) == 1 else "lie"
    message = (
        f"{len(outside)} of {spell_count(len(track.cues), 'cue')} {lie} outside the reel and would be lost: "
        f"{quote(outside)}. The reel is {_format_length(length_ms)} long; the script runs from "
        f"{_format_clock(begins)} to {_format_clock(ends)}. {reason}"
    )
    return Misfit(message, correction)


def judge_timing(track: Track, reference: Track, rate: Fraction | None = None) -> Misfit | None:
    """Whether a script is late or early against the source's own, by an offset or by a drift."""
    found = find_correction(track, reference, rate)
    if not found:
        return None
    pairs = [("the script", track), ("the source's script", reference)]
    ends = ", ".join(f"{name} runs to {_format_clock(max(cue.end_ms for cue in each.cues))}" for name, each in pairs)
    return Misfit(f"{found.describe()} ({ends})", found)


def quote(cues: Sequence[Cue]) -> str:
    """The first cues with their times, and how many more there are."""
    shown = [f"“{excerpt(plain_text(cue.text))}” at {_format_clock(cue.start_ms)}" for cue in cues[:_QUOTED]]
    more = f" and {len(cues) - _QUOTED} more" if len(cues) > _QUOTED else ""
    return ", ".join(shown) + more


def _find_reason(
    track: Track, length_ms: int, rate: Fraction | None, reference: Track | None
) -> tuple[str, Correction | None]:
    unwrapped = unwrap_midnight(track)
    midnight = "It passes midnight. " if unwrapped is not track else ""
    found = find_correction(unwrapped, reference, rate) if reference else None
    if found:
        return f"{midnight}{found.describe()}", found
    if reference and agree(unwrapped, reference):
        return f"{midnight}The others come when the source's script has them: these belong to a longer version", None
    begins, ends = min(cue.start_ms for cue in unwrapped.cues), max(cue.end_ms for cue in unwrapped.cues)
    if ends - begins <= length_ms + _SLACK_MS and ends > length_ms:
        return _offset_reason(begins, ends, length_ms, midnight)
    hours = begins // _HOUR * _HOUR
    if hours and begins >= length_ms > begins - hours:
        both = "and what is then still outside is of a longer version"
        return f"{midnight}{_tell_hour(hours)}; {both}", Correction(offset_ms=-hours)
    drift = find_rate(ends, length_ms, rate) if begins < length_ms else None
    if drift:
        return f"{drift.describe()}", drift
    return f"{midnight}It seems to be the script of a longer version", None


def _offset_reason(begins: int, ends: int, length_ms: int, midnight: str) -> tuple[str, Correction]:
    """A script that would fit if it began elsewhere: at its own whole hour, or, where that is no help, at zero."""
    hours = begins // _HOUR * _HOUR
    if hours and ends - hours <= length_ms + _SLACK_MS:
        found = Correction(offset_ms=-hours)
        return f"{midnight}{_tell_hour(hours)}", found
    found = Correction(offset_ms=-begins)
    where = f"a constant offset: at {begins / 1000:g} s less, its first cue would be at the reel's beginning"
    return f"{midnight}Its own length would fit into the reel, so it may have {where}", found


def _tell_hour(hours_ms: int) -> str:
    return f"It begins at {_format_clock(hours_ms)}: a constant offset of {hours_ms // 1000} s"


def _format_clock(ms: int) -> str:
    return f"-{clock(-ms)}" if ms < 0 else clock(ms)


def _format_length(ms: int) -> str:
    return f"{ms / 1000:.1f} s ({clock(ms)})"
