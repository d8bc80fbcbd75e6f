"""Where speech begins and ends in what a synthesiser gave, and how it comes out of silence and goes back into it."""

from __future__ import annotations

import numpy as np

from polyreel.engine.sound.pcm import Samples

_SILENCE = 10 ** (-50 / 20)
_BLOCK_S = 0.005
_BEFORE_S, _AFTER_S = 0.015, 0.030
# Reaching this far into the speech itself, the fades take away the click of a voice that begins or ends at once.
_INSIDE_S = 0.003


def trim_silence(samples: Samples, rate: int, silence: float = _SILENCE) -> Samples:
    """Without the silence around it, but with a breath's margin that fades in and out.

    Silence is what lies below ``silence`` (linear) of the loudest 5 ms. What is cut off without a fade is heard as cut
    off, over a quiet bed above all.
    """
    block = max(1, round(_BLOCK_S * rate))
    levels = np.sqrt(np.square(np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)).mean(axis=1))
    # Against its own loudest moment: voices are not equally loud, and a fixed threshold would cut into the quiet ones.
    loud = np.flatnonzero(levels > silence * levels.max(initial=0.0))
    if not len(loud):
        return samples[:0]
    first, last = int(loud[0]) * block, min(len(samples), (int(loud[-1]) + 1) * block)
    start, end = max(0, first - round(_BEFORE_S * rate)), min(len(samples), last + round(_AFTER_S * rate))
    # At most half of the speech, however short it is.
    inside = min(round(_INSIDE_S * rate), (last - first) // 2)
    return _fade_edges(samples[start:end].astype(np.float32), first - start + inside, end - last + inside)


def _fade_edges(samples: Samples, rise: int, fall: int) -> Samples:
    samples[:rise] *= _make_slope(rise)
    samples[len(samples) - fall :] *= _make_slope(fall)[::-1]
    return samples


def _make_slope(length: int) -> Samples:
    """From silence to full, without a corner at either end."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(1, length))).astype(np.float32)
