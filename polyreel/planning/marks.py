"""The inaudible mark in dubbed speech: can it be laid on this machine?"""

from __future__ import annotations

from polyreel.engine.models import shelf
from polyreel.engine.models.registry import WATERMARK
from polyreel.job import Job
from polyreel.plans import asks_for_watermark


def require_watermark(job: Job) -> None:
    """See, before any work, that there are weights to mark speech with. Raises EngineError (``model_missing``)."""
    if asks_for_watermark(job) and not shelf.is_here(WATERMARK):
        raise shelf.missing_models_error(WATERMARK)
