"""One job of the orchestration benchmark: `python -m benchmarks.sleeping NAME`, begun by a line on standard input."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

from prefect import flow

import flows.localise  # noqa: F401 - what a real job imports before it begins
from flows.languages import each_language
from polyreel.job import FolderDelivery, Job, Source, Target
from polyreel.outcome import LanguageOutcome, Outcome, StoredFile
from polyreel.plans import CLOSING_STAGES, JOB_STAGES, LANGUAGE_STAGES, LanguagePlan, Plan
from polyreel.store.choice import open_store
from tasks.run.artifacts import draw_run
from tasks.run.stage import key_of, stage
from tasks.run.values import LanguageResult, Tracks

STAGE_S = 1.0
STAGES = (*JOB_STAGES, *LANGUAGE_STAGES, *CLOSING_STAGES)
LOCALES = (
    *("ar-SA", "bg-BG", "cs-CZ", "da-DK", "de-DE", "el-GR", "es-ES", "fi-FI", "fr-FR", "hi-IN"),
    *("hu-HU", "it-IT", "ja-JP", "ko-KR", "nl-NL", "pl-PL", "pt-BR", "sv-SE", "tr-TR", "zh-CN"),
)
# A file of the store, and this job's own: a stage sees that what it is given is there, and keys are made of it.
GIVEN = open_store().keep_bytes(sys.argv[-1].encode(), ".txt")


def of_job(name: str) -> Any:
    @stage(name, key=lambda given: f"{name}-{given['plan'].source_at_hand().sha256[-24:]}")
    async def work(plan: Plan) -> StoredFile:
        await asyncio.sleep(STAGE_S)
        return GIVEN

    return work


def of_language(name: str) -> Any:
    @stage(name, key=key_of(name))
    async def work(language: LanguagePlan) -> StoredFile:
        await asyncio.sleep(STAGE_S)
        return GIVEN

    return work


WORK = {name: of_language(name) if name in LANGUAGE_STAGES else of_job(name) for name in STAGES}


async def chain(language: LanguagePlan) -> LanguageResult:
    for name in LANGUAGE_STAGES:
        await WORK[name](language)
    return LanguageResult(locale=language.locale, video=GIVEN, tracks=Tracks(files={}, script=GIVEN))


@flow(name="sleeping", flow_run_name="{job.name}", persist_result=True, result_serializer="json")
async def sleeping(job: Job) -> Any:
    """The main flow, with a sleep for the work of each stage."""
    async with draw_run(job) as picture:
        languages = tuple(LanguagePlan(job=job, locale=each.locale, script=GIVEN) for each in job.targets)
        plan = Plan(job=job, languages=languages).with_source(GIVEN)
        for name in JOB_STAGES:
            await WORK[name](plan)
        done = await each_language(plan, chain)
        for name in CLOSING_STAGES:
            await WORK[name](plan)
        made = {each.locale: LanguageOutcome(status="delivered") for each in done.finished}
        picture.outcome = Outcome(job=job.name, status="completed", languages=made)
    assert len(made) == len(LOCALES), done.problems
    return picture.outcome


def main(name: str) -> None:
    job = Job(
        name=f"sleeping-{name}",
        source=Source(media="/dev/null", locale="en-US"),
        targets=tuple(Target(locale=each, subtitles="/dev/null") for each in LOCALES),
        delivery=(FolderDelivery(path="/dev/null"),),
    )
    print("ready", flush=True)
    sys.stdin.readline()
    begun, used = time.perf_counter(), time.process_time()
    asyncio.run(sleeping(job))
    facts = {"seconds": time.perf_counter() - begun, "chain": STAGE_S * len(STAGES)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**facts, "cpu": time.process_time() - used, "MiB": memory}))


if __name__ == "__main__":
    main(sys.argv[1])
