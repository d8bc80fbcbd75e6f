"""How far the lines of one dub usually are from each other: what is unusual is judged by that."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# The median distance from the median is that much less than a normal distribution's deviation. Unlike the deviation it
# is not moved by the very lines that are to be found.
_PER_DEVIATION = 1.48


def measure_spread(values: ArrayLike) -> float:
    """A standard deviation of ``values`` (one and more) that a few wild ones among them don't change."""
    held = np.asarray(values, np.float64)
    return _PER_DEVIATION * float(np.median(np.abs(held - np.median(held))))
