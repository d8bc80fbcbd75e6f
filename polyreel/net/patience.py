"""How long a server asks to be left alone: the one reading of Retry-After."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 1e9
"""What is told of a longer wish: hundreds of digits would be infinite, which no JSON can hold."""


def retry_after(value: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Seconds from a Retry-After header: a number, or an HTTP date (RFC 9110, 10.2.3). None when it is neither.

    At most `LONGEST_S`: whoever obeys has a limit of its own.
    """
    text = (value or "").strip()
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), LONGEST_S)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return min(max(0.0, (moment - now()).total_seconds()), LONGEST_S)
    # A year of twenty digits overflows: what a server writes there must not turn a refusal into a defect of ours.
    except (ValueError, OverflowError):
        return None
