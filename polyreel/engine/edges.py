"""Where speech begins and ends in what a synthesiser gave."""

from __future__ import annotations

import numpy as np

from polyreel.engine.voices import Samples

_SILENCE = 10 ** (-50 / 20)
_MARGIN_S = 0.015


def trimmed(samples: Samples, rate: int, silence: float = _SILENCE) -> Samples:
    """Without the silence around it (below ``silence`` of the peak, by default -50 dB), but with a breath's margin."""
    loud = np.flatnonzero(np.abs(samples) > silence * np.abs(samples).max(initial=0.0))
    if not len(loud):
        return samples[:0]
    margin = round(_MARGIN_S * rate)
    return samples[max(0, loud[0] - margin) : loud[-1] + 1 + margin]
