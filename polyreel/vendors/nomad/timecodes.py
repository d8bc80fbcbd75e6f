"""Timecodes as this vendor writes them: ``HH:MM:SS;FF``. Times are integer milliseconds on our side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import StringConstraints

from polyreel.vendors.models import fold_word

PATTERN = r"^\d{1,3}:[0-5]\d:[0-5]\d(?:[;:]\d{1,3}|[.,]\d{1,3})?$"

Timecode = Annotated[str, StringConstraints(pattern=PATTERN)]
"""A request's timecode. Answers are never held to it: the vendor's own spelling is kept as it came."""

_FORM = re.compile(r"^(?P<h>\d{1,3}):(?P<m>\d{2}):(?P<s>\d{2})(?:(?P<mark>[;:.,])(?P<rest>\d{1,3}))?$")


def to_timecode(milliseconds: int, frames_per_second: Fraction | int) -> str:
    """``HH:MM:SS;FF`` of the frame that shows at this moment, counted without dropping frame numbers."""
    seconds, left = divmod(milliseconds, 1000)
    frame = int(Fraction(left, 1000) * Fraction(frames_per_second))
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02};{frame:02}"


def from_timecode(text: str, frames_per_second: Fraction | int) -> int:
    """Milliseconds of ``HH:MM:SS;FF``, ``HH:MM:SS:FF``, ``HH:MM:SS.mmm`` or ``HH:MM:SS``; ``ValueError`` for others."""
    found = _FORM.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a timecode: write HH:MM:SS;FF")
    whole = (int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"])) * 1000
    if found["rest"] is None:
        return whole
    if found["mark"] in ".,":
        return whole + int(found["rest"].ljust(3, "0"))
    # Up to the next whole millisecond, so that the same frame comes back from `to_timecode`.
    return whole - int(-Fraction(int(found["rest"]) * 1000) / Fraction(frames_per_second) // 1)


_SECONDS = ("durationseconds", "durationinseconds", "lengthseconds", "seconds", "duration")
_MILLISECONDS = ("durationms", "durationmilliseconds", "durationinmilliseconds")


def read_seconds(value: Any) -> float | None:
    """Seconds, told as a number, a number in words, or a timecode; None for what says nothing of a length."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        found = _FORM.match(value.strip())
    # A timecode's frames say less than a second, and at which rate is not told.
    return from_timecode(value, 25) / 1000 if found else None


def duration_in(properties: Mapping[str, Any]) -> float | None:
    """The length in seconds that media properties tell, whichever of them does."""
    told = {fold_word(str(name)): value for name, value in properties.items()}
    for names, unit in ((_SECONDS, 1.0), (_MILLISECONDS, 1000.0)):
        for name in names:
            if (seconds := read_seconds(told.get(name))) is not None:
                return seconds / unit
    inner = (duration_in(value) for value in told.values() if isinstance(value, Mapping))
    return next((seconds for seconds in inner if seconds is not None), None)
