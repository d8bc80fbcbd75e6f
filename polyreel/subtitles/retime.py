"""A track from one frame rate to another, from a timecode to zero: frame by frame, so that the last frame is right too.

Multiplying times by 25/23.976 is off by rounding; here each time is first the frame that it names, and the frame is
then timed anew. A cue that was on frame 172,799 is on frame 172,799 afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.subtitles.model import Note, Track
from polyreel.subtitles.timecodes import FrameRate, format_timecode, frame_at, parse_timecode, require_drop, time_of
from polyreel.subtitles.timing import move, trim

MOST_OFFSET_S = 360_000
"""A hundred hours, as in a job (`source.offset`)."""


@dataclass(frozen=True, slots=True)
class Retiming:
    """How times are to change. ``from_rate`` to ``to_rate`` keeps frame numbers; then ``offset_ms`` is added.

    ``start_frame`` is the number of the picture's first frame: times that count from it are brought to zero.
    """

    from_rate: FrameRate | None = None
    to_rate: FrameRate | None = None
    offset_ms: int = 0
    start_frame: int = 0

    @property
    def rate(self) -> FrameRate | None:
        """The rate that the track has afterwards, as far as it is known."""
        return self.to_rate or self.from_rate

    def require_rates(self) -> None:
        """See that what is asked for can be done. Raises InvalidJob (``frame_rate_needed``)."""
        if (self.to_rate and not self.from_rate) or (self.start_frame and not self.rate):
            missing, what = ("--from-rate", "another rate") if self.to_rate else ("--frame-rate", "a start timecode")
            raise InvalidJob(
                f"{what} was given, and nothing says at which rate the file is",
                code="frame_rate_needed",
                where=missing,
                remedy=f"Give {missing}, such as 25 or 29.97.",
            )


def retime(track: Track, asked: Retiming) -> tuple[Track, tuple[Note, ...]]:
    """The track as it is asked for, and what was done. What would begin before zero is cut there, and told."""
    moved, notes = move_times(track, asked)
    cut, told = cut_before_zero(moved)
    return cut, (*notes, *told)


def move_times(track: Track, asked: Retiming) -> tuple[Track, tuple[Note, ...]]:
    """The same with nothing cut: cues before zero stay, for whoever has to judge them."""
    asked.require_rates()
    notes: list[Note] = []
    track = _to_zero(track, asked, notes)
    if asked.from_rate and asked.to_rate and asked.from_rate.rate != asked.to_rate.rate:
        before, after = asked.from_rate.rate, asked.to_rate.rate
        off = sum(abs(cue.start_ms - time_of(frame_at(cue.start_ms, before), before)) > 1 for cue in track.cues)
        track = move(track, lambda ms: time_of(frame_at(ms, before), after))
        said = f"from {asked.from_rate.name} to {asked.to_rate.name} frames per second, each cue on its frame"
        snapped = f"; {off} were between two frames, and are on the nearer" if off else ""
        notes.append(Note("noted", "frame_rate", said + snapped))
    if asked.offset_ms:
        track = move(track, lambda ms: ms + asked.offset_ms)
    return track, tuple(notes)


def retiming_from(timecode: str, rate: Fraction | None) -> Retiming:
    """What brings times that count from a picture's first timecode to zero.

    Raises InvalidJob: ``frame_rate_needed``, ``timecode``, ``drop_frame``.
    """
    if rate is None:
        raise InvalidJob(
            "the start timecode counts frames, and nothing says how many there are in a second",
            code="frame_rate_needed",
            where="source.timecode",
            remedy="Give `source: {frame_rate: 25}`.",
        )
    frame_rate = FrameRate(rate, require_drop(rate, is_drop=";" in timecode))
    return Retiming(frame_rate, start_frame=parse_timecode(timecode, frame_rate))


def _to_zero(track: Track, asked: Retiming, notes: list[Note]) -> Track:
    """Times that count from the picture's own timecode, from zero; times that do already stay."""
    rate = asked.from_rate or asked.to_rate
    if not asked.start_frame or rate is None or not track.cues:
        return track
    start = time_of(asked.start_frame, rate.rate)
    # A cue may begin a moment before the first frame, never most of a programme before it.
    if min(cue.start_ms for cue in track.cues) < start - 1000:
        return track
    notes.append(Note("noted", "start_timecode", f"times count from {format_timecode(asked.start_frame, rate)}"))
    return move(track, lambda ms: ms - start)


def cut_before_zero(track: Track) -> tuple[Track, tuple[Note, ...]]:
    """The track from zero on, and how many cues began before it."""
    early = [cue for cue in track.cues if cue.start_ms < 0]
    if not early:
        return track, ()
    gone = sum(cue.end_ms <= 0 for cue in early)
    told = f"{spell_count(len(early), 'cue')} before zero, {gone} with the end too"
    return trim(track, 0), (Note("dropped" if gone else "lost", "before_zero", told),)


def parse_offset(written: str, rate: FrameRate | None) -> int:
    """Milliseconds of an offset: seconds (``-3600``, ``1.5``) or a timecode with a sign (``-01:00:00:00``).

    Raises InvalidJob: ``timecode``, ``frame_rate_needed``.
    """
    text = written.strip()
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if ":" in digits:
        if rate is None:
            raise InvalidJob(
                "an offset in frames was given, and nothing says how many there are in a second",
                code="frame_rate_needed",
                where="--offset",
                remedy="Give --frame-rate, or the offset in seconds.",
            )
        return sign * time_of(parse_timecode(digits, rate), rate.rate)
    try:
        seconds = float(digits)
    except ValueError:
        seconds = inf
    # A year of nines is no offset either, and nobody could read the times that it makes.
    if not abs(seconds) <= MOST_OFFSET_S:
        raise InvalidJob(
            f"{written[:40]!r} is no offset",
            code="timecode",
            where="--offset",
            remedy=f"Write -3600 or -01:00:00:00; {MOST_OFFSET_S:,} seconds at most.",
        )
    return sign * round(Fraction(digits) * 1000)


def start_frame_of(timecode: str | None, rate: Fraction | None, begins_s: Fraction) -> tuple[int, bool]:
    """The number of a reel's first frame, and whether numbers are dropped, for a reel that begins in its source."""
    if not timecode or rate is None:
        return 0, False
    start = retiming_from(timecode, rate)
    return start.start_frame + round(begins_s * rate), bool(start.from_rate and start.from_rate.is_drop)
