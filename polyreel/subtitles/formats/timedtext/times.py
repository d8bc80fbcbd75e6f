"""TTML's time expressions as exact milliseconds: clock times, frames, ticks, offsets (TTML2, section 12.3)."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.formats.timedtext.names import ttp
from polyreel.subtitles.timecodes import count_frames

_CLOCK = re.compile(r"(\d{2,9}):(\d{2}):(\d{2})(?:\.(\d{1,12})|[:;](\d{2,9})(?:\.(\d{1,9}))?)?")
_OFFSET = re.compile(r"(\d{1,12})(?:\.(\d{1,12}))?(ms|h|m|s|f|t)")
# What the specification has frames count where nothing is said (TTML2, ttp:frameRate).
_USUAL_RATE = 30
_MS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}

Ms = int | Fraction
"""Milliseconds, exact: a whole number wherever it is one, because fractions take ten times as long."""


class TimeBase:
    """The time parameters of one document; turns its time expressions into milliseconds."""

    def __init__(self, root: Any, reel_rate: Fraction | None, notes: Notes) -> None:
        self.notes = notes
        self._told: set[str] = set()
        self.nominal = _read_whole_number(root.get(ttp("frameRate")), 0)
        self.base = root.get(ttp("timeBase"), "media")
        self.is_drop = root.get(ttp("dropMode"), "nonDrop") == "dropNTSC"
        self._reel_rate = reel_rate
        self.rate = self._rate_of(root)
        self.ticks = _read_whole_number(root.get(ttp("tickRate")), 0)
        self.sub_frames = _read_whole_number(root.get(ttp("subFrameRate")), 1) or 1
        if self.base == "clock":
            notes.note_reading(
                "time_base", root.sourceline or 0, "the times are of a clock; read as counted from midnight"
            )

    def _rate_of(self, root: Any) -> Fraction:
        if not self.nominal:
            return self._reel_rate or Fraction(_USUAL_RATE)
        parts = [int(each) for each in re.findall(r"\d{1,9}", root.get(ttp("frameRateMultiplier"), "1 1"))]
        above, below = [*parts, 1, 1][:2] if parts else (1, 1)
        rate = Fraction(self.nominal * above, below or 1)
        if not 1 <= rate <= 1000:
            raise SubtitleError(
                f"a frame rate of {float(rate):g} frames per second is none that a picture has",
                code="frame_rate_impossible",
                line=root.sourceline or 0,
                where=f"line {root.sourceline or 0}",
                remedy="Correct ttp:frameRate and ttp:frameRateMultiplier.",
            )
        return rate

    def read(self, value: str, line: int) -> Ms:
        """Milliseconds, exact. Raises SubtitleError for what is no time."""
        value = value.strip()
        found = _CLOCK.fullmatch(value)
        if found:
            return self._read_clock(found, line)
        found = _OFFSET.fullmatch(value)
        if not found:
            raise SubtitleError(
                f"{value[:60]!r} is no time", line=line, where=f"line {line}", remedy="Write 00:01:02.500 or 62.5s."
            )
        return self._read_offset(found, line)

    def _read_clock(self, found: re.Match[str], line: int) -> Ms:
        hms = int(found[1]), int(found[2]), int(found[3])
        whole = ((hms[0] * 60 + hms[1]) * 60 + hms[2]) * 1000
        if found[4]:
            digits = len(found[4])
            part = int(found[4])
            return whole + (part * 10 ** (3 - digits) if digits <= 3 else Fraction(part * 1000, 10**digits))
        return whole if found[5] is None else self._read_frames(found, hms, whole, line)

    def _read_frames(self, found: re.Match[str], hms: tuple[int, int, int], whole: int, line: int) -> Ms:
        nominal = self.nominal or round(self.rate)
        frame = int(found[5])
        self._require_frame(frame, nominal, line)
        part = Fraction(int(found[6] or 0), self.sub_frames)
        self._tell_rate(line)
        if self.base == "smpte":
            return (count_frames(hms, frame, nominal, is_drop=self.is_drop) + part) * 1000 / self.rate
        return whole + (frame + part) * 1000 / self.rate

    def _read_offset(self, found: re.Match[str], line: int) -> Ms:
        amount = Fraction(int(found[1])) + (Fraction(int(found[2]), 10 ** len(found[2])) if found[2] else 0)
        if found[3] == "f":
            self._tell_rate(line)
            return amount * 1000 / self.rate
        if found[3] == "t":
            return amount * 1000 / (self.ticks or self._ticks_by_rate())
        return amount * _MS[found[3]]

    def _ticks_by_rate(self) -> Fraction:
        """Without a tick rate a tick is a sub-frame where a frame rate is given, else a second (TTML2)."""
        return self.rate * self.sub_frames if self.nominal else Fraction(1)

    def _require_frame(self, frame: int, nominal: int, line: int) -> None:
        if frame >= nominal:
            raise SubtitleError(
                f"a time has frame {frame}, but at {float(self.rate):.5g} frames per second the last is {nominal - 1}",
                line=line,
                where=f"line {line}",
                remedy="Correct ttp:frameRate, or the time.",
            )

    def _tell_rate(self, line: int) -> None:
        if "frames" in self._told:
            return
        self._told.add("frames")
        where = "as the file says" if self.nominal else "the reel's" if self._reel_rate else "TTML's usual rate"
        message = f"the times count frames; read at {float(self.rate):.5g} frames per second, {where}"
        if self.nominal or self._reel_rate:
            self.notes.note_reading("frames", line, message)
        else:
            self.notes.note_repair("frames", line, message)


def _read_whole_number(value: str | None, usual: int) -> int:
    return int(value) if value and re.fullmatch(r"\s*\d{1,9}\s*", value) else usual
