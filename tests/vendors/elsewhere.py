"""Another server than ours, where the suite is asked to look at one (`make contract URL=...`)."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

ELSEWHERE = os.environ.get("POLYREEL_VENDOR_URL", "").rstrip("/")


def skip_there(why: str) -> NoReturn:
    """Leave out what no page promises and another server may do otherwise; ours does it, or is broken."""
    if ELSEWHERE:
        pytest.skip(why)
    pytest.fail(why)
