"""True peak (ITU-R BS.1770-5, annex 2): the highest peak between samples too, by fourfold oversampling.

Of a film, only what could hold its highest peak is oversampled. What lies between samples is a weighted sum of those
around it, so it can't be higher than their own peak by more than the weights' magnitudes add up to: most of a film is
far below that, and is passed over without changing the result.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Frames
from polyreel.engine.sound.rates import MARGIN, make_weights

_TIMES = 4
_BLOCK = 16
# The samples that a block's oversampling listens to lie in so many blocks on either side.
_AROUND = MARGIN // _BLOCK
_MOST_AT_ONCE = 4096


class PeakMeter:
    """Hears a stream at 48 kHz in pieces of any length, and knows its true peak."""

    def __init__(self, channels: int) -> None:
        self._rest = np.zeros((MARGIN, channels), dtype=np.float32)
        self._peak = 0.0

    def feed(self, frames: Frames) -> None:
        """The next frames: float32, shape (n, channels)."""
        joined = np.concatenate([self._rest, frames])
        blocks = (len(joined) - 2 * MARGIN) // _BLOCK
        if blocks > 0:
            for channel in range(joined.shape[1]):
                self._hear(np.ascontiguousarray(joined[: blocks * _BLOCK + 2 * MARGIN, channel]))
        self._rest = joined[max(0, blocks) * _BLOCK :]

    def peak_dbtp(self) -> float:
        """The true peak in dBTP, to the tenth; -inf where all is silent. Ends the stream."""
        self.feed(np.zeros((2 * MARGIN + _BLOCK, self._rest.shape[1]), dtype=np.float32))
        return round(20 * math.log10(self._peak), 1) if self._peak > 0 else -math.inf

    def _hear(self, track: NDArray[np.float32]) -> None:
        # Turned over, as numpy finds the largest of few numbers in a row slowly, and that of long rows fast.
        highest = np.abs(track).reshape(-1, _BLOCK).T.copy().max(axis=0)
        count = len(highest) - 2 * _AROUND
        around = np.maximum.reduce([highest[shift : shift + count] for shift in range(2 * _AROUND + 1)])
        # A sample's own peak first: it leaves little else to look at.
        self._peak = max(self._peak, float(around.max()))
        windows = np.lib.stride_tricks.sliding_window_view(track, _BLOCK + 2 * MARGIN)[::_BLOCK]
        for start in range(0, count, _MOST_AT_ONCE):
            chosen = start + np.flatnonzero(around[start : start + _MOST_AT_ONCE] * _find_highest_gain() > self._peak)
            if len(chosen):
                between = windows[chosen] @ make_weights(_BLOCK, _TIMES * _BLOCK)
                self._peak = max(self._peak, float(between.max()), -float(between.min()))


@cache
def _find_highest_gain() -> float:
    return float(np.abs(make_weights(_BLOCK, _TIMES * _BLOCK)).sum(axis=0).max())
