"""When a reel begins by the source's own timecode: what Broadcast Wave files and timelines count from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from polyreel.errors import InvalidJob
from polyreel.job import Source
from polyreel.media.bwf import RATE
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.outcome import Reel, StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles.timecodes import FrameRate, parse_timecode
from polyreel.subtitles.timing import exact_rate


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since midnight at which the reel begins, exact; 0 where the source has no timecode."""

    seconds: Fraction
    is_drop: bool = False
    """Whether the source's timecode drops numbers."""

    @property
    def samples(self) -> int:
        """The same in samples of 48 kHz."""
        return round(self.seconds * RATE)

    def frames(self, rate: Fraction) -> int:
        """The same in pictures at a rate."""
        return round(self.seconds * rate)


def start_of(source: StoredFile | None, reel: Reel, asked: Source) -> Start:
    """When a reel begins: the timecode that the job's source says, else its own, and how far in it the reel was cut."""
    info = probe(path_of(source)) if source else None
    if info and not info.video and not asked.timecode:
        return Start(_read_time_reference(info) + Fraction(reel.start))
    code = asked.timecode or (info.timecode if info else "")
    # Sound has no pictures to count: then the job says at what rate they are counted.
    rate = Fraction(reel.frame_rate or 0) or (exact_rate(asked.frame_rate) if asked.frame_rate else Fraction(0))
    return Start(read_timecode(code, rate) + Fraction(reel.start), ";" in code)


def _read_time_reference(info: MediaInfo) -> Fraction:
    """Seconds since midnight at which Broadcast Wave begins, in samples of its own; 0 of everything else."""
    said, rate = dict(info.tags).get("time_reference", ""), info.audio[0].sample_rate if info.audio else 0
    return Fraction(int(said), rate) if rate and re.fullmatch(r"\d{1,15}", said) else Fraction(0)


def read_timecode(code: str, rate: Fraction) -> Fraction:
    """Seconds since midnight that a timecode stands for, exact; 0 for what is none, as files say many things."""
    try:
        return Fraction(parse_timecode(code, FrameRate(rate))) / rate if rate > 0 else Fraction(0)
    except InvalidJob:
        return Fraction(0)
