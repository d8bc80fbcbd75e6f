"""Times that count frames (``00:00:01:12``), as broadcast scripts and edit lists have them."""

from __future__ import annotations

from fractions import Fraction

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.timecodes import count_frames


class FrameClock:
    """Reads timecodes at one frame rate; says once in ``notes`` that it did."""

    def __init__(self, rate: Fraction | None, notes: Notes) -> None:
        self._rate = rate
        self._notes = notes
        self._is_noted = False

    def are_counted(self, separator: str | None, digits: str | None) -> bool:
        """Whether the last part of a time counts frames: two digits behind a colon or a semicolon."""
        return separator in {":", ";"} and digits is not None and len(digits) <= 2

    def read_timecode(self, hms: tuple[int, int, int], frame: int, *, is_drop: bool, line: int) -> int:
        """Milliseconds. Raises SubtitleError (``frame_rate_needed``; ``invalid_subtitles`` for an impossible frame)."""
        exact = require_rate(self._rate, line)
        nominal = round(exact)
        if frame >= nominal:
            rate = f"{float(exact):.5g} frames per second"
            raise SubtitleError(
                f"a time has frame {frame}, but at {rate} the last one is {nominal - 1}",
                line=line,
                where=f"line {line}",
                remedy="Say at which frame rate the script was timed, or correct the time.",
            )
        self._note_line(line)
        return frames_to_ms(count_frames(hms, frame, nominal, is_drop=is_drop), exact)

    def _note_line(self, line: int) -> None:
        if not self._is_noted and self._rate is not None:
            self._is_noted = True
            rate = f"{float(self._rate):.5g}"
            self._notes.note_reading("frames", line, f"the times count frames; read at {rate} frames per second")


def require_rate(rate: Fraction | None, line: int) -> Fraction:
    """The frame rate that times on a line are counted at. Raises SubtitleError (``frame_rate_needed``)."""
    if rate is None:
        raise SubtitleError(
            "the times count frames, and nothing says how many there are in a second",
            code="frame_rate_needed",
            line=line,
            where=f"line {line}",
            remedy="Say it: `polyreel subtitles convert --frame-rate 25 IN OUT`.",
        )
    return rate


def frames_to_ms(frames: int, rate: Fraction) -> int:
    """A number of frames in milliseconds."""
    return round(frames * 1000 / rate)
