"""What vendors of dubs charge by."""

from __future__ import annotations

import math
from fractions import Fraction


def minutes_begun(seconds: Fraction) -> float:
    """Every minute that was begun counts whole, as vendors of dubs by the minute have it."""
    return float(math.ceil(seconds / 60))
