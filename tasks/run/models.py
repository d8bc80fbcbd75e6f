"""Models for the languages that are still to be dubbed, loaded beside what needs none."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from contextlib import suppress

from polyreel.errors import InvalidJob
from polyreel.machine import home
from polyreel.plans import LanguagePlan, Plan
from polyreel.sources.ingest import ingest
from polyreel.sources.local import is_known
from polyreel.store.choice import open_store
from tasks.run import results

DUBBING_MODULES = ("polyreel.dubbing.embedded",)
FINISHING_MODULES = (
    "polyreel.dubbing.hearing",
    "polyreel.dubbing.relistening",
    "polyreel.dubbing.speech_votes",
    "polyreel.dubbing.tracks",
    "polyreel.media.mux",
    "polyreel.dubbing.each_line",
    "polyreel.dubbing.sound_checks",
    "polyreel.dubbing.voice_checks",
    "polyreel.dubbing.outlines",
    "polyreel.report.page",
)
"""What stages import that have something to do. A thread does it for them: an import on the run's event loop would stop
every other language for as long as it takes."""


def import_modules(*names: str) -> None:
    """Import modules by name. Blocks."""
    for name in names:
        importlib.import_module(name)


async def load_models_ahead(plan: Plan) -> None:
    """Load what the plan's languages will need, unless all of it was done before."""
    await asyncio.to_thread(_load, plan, [each for each in plan.runnable() if not _is_done(plan, each)])


def load_early(plan: Plan) -> None:
    """The same before the run begins, as far as it is known by then what is left to do. Blocks.

    A program's first seconds go into importing Prefect, on one core.
    """
    with suppress(InvalidJob):  # who takes the source in says what is wrong with it
        # With a shared store another machine may have done all of it: gigabytes of models for nothing.
        if home.read_shared_store() is None:
            _load(plan, _find_undone(plan))


def _find_undone(plan: Plan) -> Sequence[LanguagePlan]:
    """The languages that models are needed for: all of a source that was never taken in."""
    store, media = open_store(), plan.job.source.media
    if not is_known(media, store):
        return plan.runnable()
    # Its hash is kept, so that this reads no film.
    bound = plan.with_source(asyncio.run(ingest(media, store)))
    # A vendor's keys need its account, which only the server knows.
    return [each for each in bound.runnable() if each.way.works_here and not _is_done(bound, each)]


def _is_done(plan: Plan, language: LanguagePlan) -> bool:
    """Whether nothing is left to do with models; of a draft, whether it was made: what follows has no key before it."""
    if not language.needs_draft:
        return results.is_done(language.stage_keys["listen"])
    return results.is_done(plan.stage_keys["transcribe"] if plan.needs_transcript else language.stage_keys["translate"])


def _load(plan: Plan, languages: Sequence[LanguagePlan]) -> None:
    if not languages:
        return
    if any(each.way.works_here for each in languages):
        import_modules(*DUBBING_MODULES)
    import_modules(*FINISHING_MODULES)
    from polyreel.dubbing.loading import load_listener, load_models

    if plan.needs_transcript:
        load_listener([plan.job.source.locale])
    # A fallback on this machine may be who speaks: a vendor before it needs no voice of ours.
    speaks = next((each for each in languages if each.way.works_here), languages[0])
    load_models(speaks.dubbing, [each.locale for each in languages])
