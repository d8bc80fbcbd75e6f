"""The parted sound of a reel whose picture gives way: slowed with it, all of its tracks by the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np

from polyreel.engine.separation.learned import write_frames, write_header
from polyreel.engine.separation.port import keep_bed
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.pcm import Frames, WorkingTrack, open_track
from polyreel.engine.sound.stretch import stretch_frames
from polyreel.engine.threads import GoOn
from polyreel.media.audio import RATE
from polyreel.outcome import PictureYield
from polyreel.retiming import Point, sound_points
from polyreel.store.local import path_of
from polyreel.store.port import Store

# A film's sound is never in memory as a whole.
_BLOCK = RATE * 10
# Where the pace changes, the two sounds' waves don't meet: without a fade of 20 ms it clicks.
_FADE = RATE // 50
_MS = RATE // 1000


def retime_stems(stems: Stems, yields: Sequence[PictureYield], samples: int, store: Store, go_on: GoOn) -> Stems:
    """The stems as they sound with such a picture, ``samples`` long. Blocks; ``go_on`` may raise between blocks.

    Original and background are stretched together, so that what one is without the other is still the speech.
    """
    beds = [stems.original, *([stems.background] if stems.background else [])]
    tracks = [open_track(path_of(bed.audio)).exactly(stems.samples) for bed in beds]
    with store.open_scratch() as folder:
        paths = [folder / f"{number}.wav" for number in range(len(beds))]
        _write_tracks(tracks, paths, sound_points(yields), samples, go_on)
        made = [keep_bed(path, samples, store) for path in paths]
    background: Bed | None = made[1] if stems.background else None
    return stems.model_copy(update={"samples": samples, "original": made[0], "background": background})


def _write_tracks(
    tracks: Sequence[WorkingTrack], paths: Sequence[Path], points: Sequence[Point], samples: int, go_on: GoOn
) -> None:
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb")) for path in paths]
        for file, track in zip(files, tracks, strict=True):
            write_header(file, track.channels, samples)
        written = 0
        for block in _make_blocks(tracks, points, samples):
            go_on()
            held = block[: samples - written]
            written += len(held)
            at = 0
            for file, track in zip(files, tracks, strict=True):
                write_frames(file, held[:, at : at + track.channels])
                at += track.channels


def _make_blocks(tracks: Sequence[WorkingTrack], points: Sequence[Point], samples: int) -> Iterator[Frames]:
    """All tracks side by side, piece by piece; what was stretched fades into what comes after it."""
    marks = [(0, 0), *((before * _MS, now * _MS) for before, now in points)]
    # Beyond the last of them the sound goes on at its own pace.
    before, now = marks[-1]
    marks.append((before + samples - now, samples))
    tail = None
    for (start, to), (end, until) in pairwise(marks):
        for block in _stretch_blocks(tracks, end - start, start, until - to):
            yield _fade_in(block.now, tail)
            tail = block.tail


class _Block:
    __slots__ = ("now", "tail")

    def __init__(self, now: Frames, tail: Frames | None = None) -> None:
        self.now, self.tail = now, tail


def _stretch_blocks(tracks: Sequence[WorkingTrack], natural: int, start: int, length: int) -> Iterator[_Block]:
    if natural == length:
        for at in range(start, start + natural, _BLOCK):
            yield _Block(_read_together(tracks, at, min(_BLOCK, start + natural - at)))
    elif length > 0:
        # Longer by a fade on both sides of the change of pace: its end is laid over the beginning of what follows.
        found = stretch_frames(_read_together(tracks, start, natural + _FADE), RATE, length + _FADE)
        yield _Block(found[:length], found[length:])


def _fade_in(block: Frames, tail: Frames | None) -> Frames:
    if tail is None:
        return block
    count = min(len(tail), len(block))
    rise = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    faded = block.copy()
    faded[:count] = faded[:count] * rise + tail[:count] * (1 - rise)
    return faded


def _read_together(tracks: Sequence[WorkingTrack], start: int, count: int) -> Frames:
    return np.concatenate([track.read(start, count) for track in tracks], axis=1)
