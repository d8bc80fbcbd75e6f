"""Python's search for unreachable objects, for programs that begin by importing Prefect."""

from __future__ import annotations

import gc

NEW_OBJECTS = 50_000
"""Objects made until it looks among the newest; Python's own 700 make it look through all of them while importing."""


def look_seldom() -> None:
    """Look for garbage less often: a sixth of the time that importing takes, and the start of most programs here."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)
