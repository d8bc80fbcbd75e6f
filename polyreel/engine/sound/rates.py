"""Between two sample rates, from any place on: band-limited, without a state, so that pieces can be made in any order.

The rates' ratio is a fraction of two small numbers: every ``down`` samples give ``up``, always by the same weights. So
a block is one product with one small matrix.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Frames

MARGIN = 32
"""Samples on either side of a piece that its conversion listens to."""
# Flat to 0.93 of the lower rate's half, and at most -90 dB from where the other rate's images begin.
_ROLL_OFF = 0.96
_KAISER_BETA = 9.0


def convert_rate(padded: Frames, down: int, up: int) -> Frames:
    """A piece at ``up / down`` times its rate: ``blocks * up`` samples.

    ``padded`` is float32 (`MARGIN` + blocks * ``down`` + `MARGIN`, channels): the piece with its surroundings. Sample 0
    of the result sounds at the same time as sample `MARGIN` of ``padded``.
    """
    weights = make_weights(down, up)
    channels = [_view_windows(padded[:, channel], down) @ weights for channel in range(padded.shape[1])]
    return np.stack([channel.reshape(-1) for channel in channels], axis=1)


def _view_windows(track: NDArray[np.float32], down: int) -> NDArray[np.float32]:
    track = np.ascontiguousarray(track)
    return np.lib.stride_tricks.sliding_window_view(track, down + 2 * MARGIN)[::down]


@cache
def make_weights(down: int, up: int) -> NDArray[np.float32]:
    """What each of a block's ``up`` samples takes from the ``down + 2 * MARGIN`` around it: (that many, ``up``)."""
    cutoff = _ROLL_OFF * min(1.0, up / down)
    given = np.arange(-MARGIN, down + MARGIN)[:, None]
    wanted = np.arange(up)[None, :] * (down / up)
    away = given - wanted
    inside = np.abs(away) <= MARGIN
    window = np.where(inside, np.i0(_KAISER_BETA * np.sqrt(np.maximum(0, 1 - (away / MARGIN) ** 2))), 0)
    kernel = cutoff * np.sinc(cutoff * away) * window / np.i0(_KAISER_BETA)
    # Made to add up to one, so that a steady level stays as it is.
    weights: NDArray[np.float32] = (kernel / kernel.sum(axis=0)).astype(np.float32)
    return weights
