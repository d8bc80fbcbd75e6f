"""Models for the languages that are still to be dubbed, loaded beside the stages that need none."""

from __future__ import annotations

import asyncio

from polyreel import results
from polyreel.dubbing.loading import load_models
from polyreel.plan import Plan


async def models_loaded(plan: Plan) -> None:
    """Load what the plan's languages will need, unless all of it was done before."""
    ahead = [
        each for each in plan.runnable() if not each.needs_draft and not results.is_done(each.stage_keys["listen"])
    ]
    if ahead:
        await asyncio.to_thread(load_models, plan.job.dubbing, [each.locale for each in ahead])
