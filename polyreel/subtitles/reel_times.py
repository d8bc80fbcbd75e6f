"""A script that is timed to the source, brought onto the reel that was made of it."""

from __future__ import annotations

from polyreel.outcome import PictureYield, Reel
from polyreel.retiming import sound_at, sum_added_ms
from polyreel.subtitles.model import Track
from polyreel.subtitles.timing import move, trim


def cut_to_reel(track: Track, reel: Reel) -> Track:
    """What is said within the reel, from its own zero, and at its picture's own pace."""
    length = reel.duration_ms - sum_added_ms(reel.yields)
    return retime(trim(track, reel.start_ms, reel.start_ms + length), reel.yields)


def retime(track: Track, yields: tuple[PictureYield, ...]) -> Track:
    """A reel's track for the same reel with a picture that gives way."""
    return move(track, sound_at(yields)) if yields else track
