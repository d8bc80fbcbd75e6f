"""A working track (48 kHz), patch by patch, into its speech: sample-exact, and with memory that stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from polyreel.engine.separation import spleeter
from polyreel.engine.sound.pcm import Frames, WorkingTrack
from polyreel.engine.sound.rates import MARGIN, convert_rate

RATE = 48_000
# 48 000 to 44 100 is 160 to 147.
_OUR_BLOCK, _ITS_BLOCK = 160, 147
_STRIDE = spleeter.HOP * spleeter.STEP // _ITS_BLOCK * _OUR_BLOCK
# A patch begins a frame early; the blocks that hold it begin a little earlier still.
_LEAD_BLOCKS = -(-spleeter.FRAME // _ITS_BLOCK)
_SPARE = _LEAD_BLOCKS * _ITS_BLOCK - spleeter.FRAME
_BLOCKS = -(-(_SPARE + spleeter.PATCH) // _ITS_BLOCK)
_LENGTH = _BLOCKS * _OUR_BLOCK

# Which channels are heard together, as left and right. In 5.1 the dialogue is in the centre; what of it was given to
# the front pair goes, too. The low-frequency channel and the surrounds are kept as they are.
PAIRS = {1: ((0, 0),), 2: ((0, 1),), 6: ((2, 2), (0, 1))}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a track: its samples from ``start`` on, all channels, and the speech in them."""

    start: int
    mix: Frames
    speech: Frames


def count_pieces(samples: int) -> int:
    """How many pieces `separate_pieces` gives for a track of so many samples."""
    return spleeter.patches_in(-(-samples * _ITS_BLOCK // _OUR_BLOCK))


def separate_pieces(track: WorkingTrack, mask_of: spleeter.MaskOf, go_on: Callable[[], None]) -> Iterator[Piece]:
    """The whole track, in pieces of 10.24 s or less that follow one another. ``go_on`` may raise between patches."""
    patches = count_pieces(track.samples)
    held = np.zeros((_LENGTH, track.channels), dtype=np.float32)
    for number in range(patches):
        start = number * _STRIDE - _LEAD_BLOCKS * _OUR_BLOCK
        held += _separate_patch(track, start, mask_of, _Place(number == 0, number == patches - 1), go_on)
        done = _LENGTH if number == patches - 1 else _STRIDE
        yield from _cut_piece(track, start, held[:done])
        held = np.concatenate([held[_STRIDE:], np.zeros((_STRIDE, track.channels), dtype=np.float32)])


def read_patch(track: WorkingTrack, start: int, pair: tuple[int, int]) -> Frames:
    """One patch of a pair of channels from sample ``start`` on, at the network's rate: (`spleeter.PATCH`, 2)."""
    mix = _read_frames(track, start - MARGIN, _LENGTH + 2 * MARGIN)[:, pair]
    return convert_rate(mix, _OUR_BLOCK, _ITS_BLOCK)[: spleeter.PATCH]


@dataclass(frozen=True, slots=True)
class _Place:
    first: bool
    last: bool


def _separate_patch(
    track: WorkingTrack, start: int, mask_of: spleeter.MaskOf, place: _Place, go_on: Callable[[], None]
) -> Frames:
    """What one patch gives to every channel's speech, from sample ``start`` (which may lie before the track) on."""
    mix = _read_frames(track, start - MARGIN, _LENGTH + 2 * MARGIN)
    speech = np.zeros((_LENGTH, track.channels), dtype=np.float32)
    for pair in PAIRS[track.channels]:
        go_on()
        found = _separate_pairs(mix[:, pair], mask_of, place)
        for side, channel in enumerate(pair):
            # A mono track is heard as left and right, and gets the mean of both back.
            speech[:, channel] += found[:, side] / pair.count(channel)
    return speech


def _separate_pairs(mix: Frames, mask_of: spleeter.MaskOf, place: _Place) -> Frames:
    heard = convert_rate(mix, _OUR_BLOCK, _ITS_BLOCK)[_SPARE : _SPARE + spleeter.PATCH]
    speech = spleeter.speech_in(heard, mask_of, first=place.first, last=place.last)
    after = _BLOCKS * _ITS_BLOCK - _SPARE - spleeter.PATCH
    return convert_rate(np.pad(speech, ((MARGIN + _SPARE, after + MARGIN), (0, 0))), _ITS_BLOCK, _OUR_BLOCK)


def _read_frames(track: WorkingTrack, start: int, length: int) -> Frames:
    """Frames from anywhere: silence before the track as after it."""
    before = max(0, -start)
    found = track.read(start + before, length - before)
    return np.pad(found, ((before, 0), (0, 0))) if before else found


def _cut_piece(track: WorkingTrack, start: int, speech: Frames) -> Iterator[Piece]:
    """The part of a finished stretch that lies inside the track."""
    first, last = max(0, start), min(track.samples, start + len(speech))
    if last > first:
        yield Piece(first, track.read(first, last - first), speech[first - start : last - start])
