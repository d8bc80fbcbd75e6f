"""Timecodes: ``HH:MM:SS;FF``, ``HH:MM:SS:FF``, ``HH:MM:SS.mmm`` or plain seconds."""

from __future__ import annotations

import math
import re

from polyreel.sandbox.wire import Refusal

# The page's timecodes name frames and no rate.
FRAMES = 30
_FORM = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:([;:])(\d{2})|\.(\d{1,3}))?")


def seconds_of(code: str | float) -> float:
    """A timecode as seconds; anything else is refused."""
    found = _FORM.fullmatch(code.strip()) if isinstance(code, str) else None
    if found is None:
        return _read_plain(code)
    hours, minutes, seconds = (int(part) for part in found.group(1, 2, 3))
    rest = int(found[5]) / FRAMES if found[5] else float(f"0.{found[6] or 0}")
    return hours * 3600 + minutes * 60 + seconds + rest


def _read_plain(code: str | float) -> float:
    try:
        seconds = float(code)
    except (ValueError, OverflowError):  # words; a whole number that no float can hold
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise Refusal(400, f"not a timecode: {str(code)[:20]}")
    return seconds


def format_timecode(seconds: float) -> str:
    """Seconds as ``HH:MM:SS;FF``."""
    frames = round(seconds * FRAMES)
    whole, frame = divmod(frames, FRAMES)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02};{frame:02}"
