"""Whether a job's wishes fit its reel, seen before any work where nobody could look at the source before."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from polyreel.media.probe import probe
from polyreel.outcome import Reel
from polyreel.planning.named_files import check_description_length
from polyreel.planning.prepare import check_rate
from polyreel.planning.sound import require_picture_where_asked
from polyreel.planning.uploads import require_uploadable_reel
from polyreel.plans import Plan
from polyreel.sources.port import scheme_of
from polyreel.store.local import is_here, path_of


async def require_fitting_reel(plan: Plan, reel: Reel) -> None:
    """Refuse what the reel can't give. Raises InvalidJob and MediaError, as `prepare` does for a file of this machine.

    A source from afar is looked at when it is cut, and a reel that was cut for another job with that one's wishes.
    """
    from polyreel.packaging.ladder import check_ladder

    job = plan.job
    require_uploadable_reel(job, reel)
    if scheme_of(job.source.media) == "file":
        return
    require_picture_where_asked(job, has_picture=reel.has_picture)
    if reel.has_picture:
        for package in job.packaging:
            check_ladder(package.ladder, min(reel.width, reel.height))
    await _require_fitting_descriptions(plan, reel)
    source = plan.source_at_hand()
    # A reel's own rate is a mean of what was cut out. Where the source is on another machine, so was this look at it.
    if (job.source.frame_rate or job.source.timecode) and is_here(source):
        check_rate(await asyncio.to_thread(probe, path_of(source)), job)


async def _require_fitting_descriptions(plan: Plan, reel: Reel) -> None:
    """An audio description belongs to the whole source: of one that is cut, it has to reach the reel's end."""
    given = {"source.audio_description": plan.audio_description}
    given |= {f"targets {each.locale}": each.audio_description for each in plan.languages}
    end = Fraction(reel.start) + Fraction(reel.duration)
    for field, file in given.items():
        if file:
            found = (await asyncio.to_thread(probe, path_of(file))).duration
            check_description_length(min(found, end) if plan.job.trim else found, end, field)
