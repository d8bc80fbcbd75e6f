"""Streaming packages: every language in one HLS or DASH presentation."""

from __future__ import annotations

from polyreel.delivery.port import Item
from polyreel.outcome import Reel
from polyreel.plan import Plan
from tasks.finish import Languages


async def package(plan: Plan, reel: Reel, languages: Languages) -> tuple[Item, ...]:
    """placeholder until media.package lands (replaced below)"""
    return ()
