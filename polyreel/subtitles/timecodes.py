"""SMPTE timecodes, exactly: ``01:00:00:00``, and ``01:00:00;02`` where numbers are dropped (SMPTE ST 12-1).

A timecode is a name for a frame, not a time: at 29.97 frames per second an hour of non-drop numbers lasts 3,603.6 s.
Everything here counts whole frames, and divides by the exact rate (30000/1001) once, at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from polyreel.errors import InvalidJob
from polyreel.subtitles.timing import exact_rate

RATES = ("23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60")
"""The frame rates that pictures are delivered at; written as people write them."""

_MOST_RATE = 1000
# No exponents: a billion digits would be worked out before they are refused.
_RATE = re.compile(r"\d{1,6}(?:\.\d{0,6})?(?:/\d{1,6})?")
_TIMECODE = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;.,])(\d{2,3})")


@dataclass(frozen=True, slots=True)
class FrameRate:
    """Frames per second, exactly, and whether their numbers are dropped to keep step with the clock."""

    rate: Fraction
    is_drop: bool = False

    @property
    def nominal(self) -> int:
        """How many numbers a second of timecode has: 30 at 29.97."""
        return round(self.rate)

    @property
    def name(self) -> str:
        """As people write it: ``29.97 drop-frame``."""
        return f"{float(self.rate):.5g}{' drop-frame' if self.is_drop else ''}"


def count_frames(hms: tuple[int, int, int], frame: int, nominal: int, *, is_drop: bool) -> int:
    """Frames since zero. A drop-frame count leaves out two numbers a minute (four at 60), but for each tenth."""
    hours, minutes, seconds = hms
    total = hours * 60 + minutes
    dropped = (nominal // 15) * (total - total // 10) if is_drop and nominal % 30 == 0 else 0
    return (total * 60 + seconds) * nominal + frame - dropped


def parse_rate(written: str | float, *, is_drop: bool | None = None) -> FrameRate:
    """A frame rate as it is written: ``25``, ``29.97``, ``30000/1001``. Raises InvalidJob (``frame_rate_impossible``).

    Only a known rate is taken: 29.79 is a slip, and would put the end of a film seconds off.
    """
    text = f"{written:g}" if isinstance(written, float) else str(written)
    known = {exact_rate(each) for each in RATES}
    rate = _read_rate(text)
    if rate not in known:
        raise InvalidJob(
            f"{text[:40]} is no frame rate that pictures are delivered at",
            code="frame_rate_impossible",
            where="frame rate",
            remedy=f"Give one of {', '.join(RATES)}.",
        )
    return FrameRate(rate, require_drop(rate, is_drop=is_drop))


def _read_rate(written: str) -> Fraction:
    """Zero where it is none."""
    if not _RATE.fullmatch(written):
        return Fraction(0)
    try:
        return Fraction(written) if "/" in written else exact_rate(written)
    except (ValueError, ZeroDivisionError):  # 24.5/2, 1/0
        return Fraction(0)


def parse_any_rate(written: str) -> Fraction:
    """A video's rate as it is written, be it one that nobody delivers at (12.5, 15). Raises InvalidJob."""
    rate = _read_rate(written)
    if not 0 < rate <= _MOST_RATE:
        raise InvalidJob(
            f"{written[:40]!r} is no frame rate",
            code="frame_rate_impossible",
            where="--frame-rate",
            remedy="Give pictures per second: 24, 25, 29.97, 30000/1001.",
        )
    return rate


def require_drop(rate: Fraction, *, is_drop: bool | None) -> bool:
    """Whether numbers are dropped; only at 29.97 and 59.94 can they be. Raises InvalidJob (``drop_frame``)."""
    if is_drop and (rate.denominator != 1001 or round(rate) % 30):
        raise InvalidJob(
            f"no numbers are dropped at {float(rate):.5g} frames per second",
            code="drop_frame",
            where="drop frame",
            remedy="Drop-frame timecode is for 29.97 and 59.94; leave it out.",
        )
    return bool(is_drop)


def parse_timecode(written: str, rate: FrameRate) -> int:
    """The frame that a timecode names. A semicolon says drop-frame. Raises InvalidJob (``timecode``)."""
    found = _TIMECODE.fullmatch(written.strip())
    if not found:
        raise _reject(written, "is no timecode", "Write HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame.")
    hms, frame = (int(found[1]), int(found[2]), int(found[3])), int(found[5])
    is_drop = rate.is_drop or require_drop(rate.rate, is_drop=found[4] == ";")
    if frame >= rate.nominal:
        raise _reject(
            written, f"has frame {frame}; at {rate.name} the last is {rate.nominal - 1}", "Correct one of them."
        )
    # Drop-frame leaves out the first two numbers of a minute (four at 60), but for every tenth: no picture has them.
    if is_drop and hms[2] == 0 and hms[1] % 10 and frame < rate.nominal // 15:
        raise _reject(written, "names a number that drop-frame leaves out", "Correct it, or leave the semicolon out.")
    return count_frames(hms, frame, rate.nominal, is_drop=is_drop)


def format_timecode(frame: int, rate: FrameRate) -> str:
    """The name of a frame: ``01:00:00:00``, ``01:00:00;02``. Frames before zero are zero."""
    frame = max(frame, 0)
    if rate.is_drop:
        frame += _count_dropped(frame, rate.nominal)
    seconds, frames = divmod(frame, rate.nominal)
    minutes, seconds = divmod(seconds, 60)
    separator = ";" if rate.is_drop else ":"
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{separator}{frames:02d}"


def _count_dropped(frame: int, nominal: int) -> int:
    """How many numbers were left out up to a frame."""
    per_minute = nominal // 15
    tens, rest = divmod(frame, nominal * 600 - per_minute * 9)
    minutes = max(rest - per_minute, 0) // (nominal * 60 - per_minute)
    return per_minute * (tens * 9 + minutes)


def frame_at(ms: int, rate: Fraction) -> int:
    """The frame that is nearest to a time."""
    return round(ms * rate / 1000)


def time_of(frame: int, rate: Fraction) -> int:
    """A frame's time in milliseconds; `frame_at` gives the frame back."""
    return round(frame * 1000 / rate)


def _reject(written: str, what: str, remedy: str) -> InvalidJob:
    return InvalidJob(f"{written[:40]!r} {what}", code="timecode", where="timecode", remedy=remedy)
