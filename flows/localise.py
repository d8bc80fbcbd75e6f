"""The main job: one reel in, every language out. Only the order of the stages."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

# What Prefect imports in the midst of a run, half a second of it: here, while the run's process still waits.
import fastapi.encoders  # noqa: F401
import prefect.flow_engine
import prefect.task_engine  # noqa: F401
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.languages import alongside, each_language
from polyreel.engine.separate import Stems
from polyreel.job import Job
from polyreel.outcome import Outcome, Reel
from polyreel.plan import LanguagePlan
from tasks.artefacts import drawn
from tasks.closing import decide, deliver
from tasks.cost import memory_watched
from tasks.dub import collect_dub, request_dub, several_speak, submit_dub, wait_for_dub
from tasks.finish import Finished, check, convert_subtitles, listen, mux
from tasks.models import models_loaded
from tasks.package import package
from tasks.progress import board
from tasks.reel import ingest, prepare, separate, trim
from tasks.script import with_script, with_source_script

Parted = Callable[[], Awaitable[Stems]]
"""Gives the reel's sound, parted, as soon as it is."""


@flow(name="localise", flow_run_name="{job.name}", persist_result=True, result_serializer="json")
async def localise(job: Job) -> Any:
    """Dub one reel into every language the job asks for, check each, and deliver what may go out."""
    begun = time.monotonic()
    with memory_watched():
        async with drawn(job) as picture:
            picture.outcome = await every_stage(job)
    outcome = picture.outcome.model_copy(update={"seconds": round(time.monotonic() - begun, 2)})
    board().outcome = outcome
    return _state_of(outcome)


async def every_stage(job: Job) -> Outcome:
    """The stages, in their order."""
    plan = await ingest(await prepare(job))
    reel = await trim(plan)
    async with alongside(models_loaded(plan)), alongside(separate(plan, reel)) as parted:
        if plan.needs_transcript:
            plan = await with_source_script(plan, reel, await parted())
        languages = await each_language(plan, lambda language: dub_language(language, reel, parted))
        stems = await parted()
    decided = decide(plan, stems, reel, languages)
    packaged = await package(plan, languages, decided)
    return await deliver(plan, reel, languages, decided, packaged)


async def dub_language(language: LanguagePlan, reel: Reel, parted: Parted) -> Finished:
    """One language's chain. A failure here is this language's own. It is spoken while the sound is being parted."""
    language = await with_script(language, reel)
    request = await request_dub(language, reel, await parted() if several_speak(language) else None)
    receipt = await submit_dub(language, request)
    await wait_for_dub(language, request, receipt)
    dubbed = await collect_dub(language, request, receipt, await parted())
    async with alongside(listen(language, request, dubbed)) as listened:
        tracks = await convert_subtitles(language, request, dubbed)
        video = await mux(language, reel, dubbed, tracks)
        return await check(language, reel, dubbed, tracks, video, listening=await listened())


async def outcome_of(job: Job) -> Outcome:
    """Run a job here and now. Raises the error of a job that could not begin; anything later is in the outcome."""
    state: State[Outcome] = await localise(job, return_state=True)
    found = await state.aresult(raise_on_failure=False)
    if isinstance(found, BaseException):
        raise found
    return Outcome.model_validate(found)


def _state_of(outcome: Outcome) -> State[Outcome]:
    """What Prefect shows: green when all is delivered, its own word and reason when not."""
    message = _sentence(outcome)
    if outcome.status == "completed":
        return Completed(message=message, data=outcome)
    if outcome.status == "failed":
        return Failed(message=message, data=outcome)
    return Completed(name={"partial": "Partial", "held": "Held"}[outcome.status], message=message, data=outcome)


def _sentence(outcome: Outcome) -> str:
    """``3 of 4 delivered: de-DE has no voice``."""
    delivered = sum(language.status == "delivered" for language in outcome.languages.values())
    reasons = [f"{locale}: {each.error.message}" for locale, each in outcome.languages.items() if each.error]
    return f"{delivered} of {len(outcome.languages)} delivered" + "".join(f"; {reason}" for reason in reasons)
