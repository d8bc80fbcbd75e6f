"""When a reel begins by the source's own timecode: what Broadcast Wave files and timelines count from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from polyreel.errors import InvalidJob
from polyreel.media.bwf import RATE
from polyreel.media.probe import probe
from polyreel.outcome import Reel, StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles.timecodes import FrameRate, parse_timecode


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since midnight at which the reel begins, exact; 0 where the source has no timecode."""

    seconds: Fraction

    @property
    def samples(self) -> int:
        """The same in samples of 48 kHz."""
        return round(self.seconds * RATE)

    def frames(self, rate: Fraction) -> int:
        """The same in pictures at a rate."""
        return round(self.seconds * rate)


def start_of(source: StoredFile | None, reel: Reel, asked: str | None = None) -> Start:
    """When a reel begins: the timecode that the job says, else the source's own, and how far in it the reel was cut."""
    code = asked or (probe(path_of(source)).timecode if source else "")
    return Start(read_timecode(code, Fraction(reel.frame_rate or 0)) + Fraction(reel.start))


def read_timecode(code: str, rate: Fraction) -> Fraction:
    """Seconds since midnight that a timecode stands for, exact; 0 for what is none, as files say many things."""
    try:
        return Fraction(parse_timecode(code, FrameRate(rate))) / rate if rate > 0 else Fraction(0)
    except InvalidJob:
        return Fraction(0)
