"""The main job: one reel in, every language out. Only the order of the stages."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

# What Prefect imports in the midst of a run: here, while the run's process still waits.
import prefect.flow_engine
import prefect.task_engine  # noqa: F401
from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.languages import Handover, each_language, on_demand, run_alongside
from flows.runs import key_of
from flows.suspension import Pass, run_passes, waits_for_balance
from polyreel.engine.separation.stems import Stems
from polyreel.errors import PolyreelError
from polyreel.errors.wording import spell_count
from polyreel.intake.folders import is_vouched, require_allowed
from polyreel.job import FolderDelivery, Job
from polyreel.ledger.entry import Wait
from polyreel.machine.home import deliveries_dir
from polyreel.outcome import Outcome, Reel
from polyreel.planning.reel_fit import require_fitting_reel
from polyreel.plans import LanguagePlan
from tasks.decide import decide
from tasks.deliver import deliver
from tasks.dub import collect_dub, needs_sound, request_dub, submit_dub, voiceover_beside, wait_for_dub
from tasks.finish import check, convert_subtitles, find_shots, lacks_script, mux
from tasks.identify import (
    UNKNOWN,
    find_language,
    identify_or_explain,
    require_source_language,
    with_language,
    with_source_check,
    with_source_note,
)
from tasks.listen import listen
from tasks.master import master_or_explain
from tasks.mend import mend
from tasks.package import package_or_explain
from tasks.paid import (
    may_be_bought,
    note_retention,
    purchases,
    require_budget_left,
    require_means,
    stay_where_paid,
    with_purchases,
)
from tasks.picture import retime_shots, slow_picture
from tasks.reel import ingest, prepare, separate, trim
from tasks.review import hold_for_review, keep_versions, with_reviewed_script, with_reviews
from tasks.run.accounts import clear_staging
from tasks.run.anew import leave_settled_behind
from tasks.run.artifacts import draw_run
from tasks.run.connections import clients_open
from tasks.run.cost import memory_watched
from tasks.run.deployed import suspends, waiting_note
from tasks.run.models import load_models_ahead
from tasks.run.noted import restore_purchases
from tasks.run.progress import board
from tasks.run.records import Kept, keep_record
from tasks.run.values import LanguageResult, LanguageResults, Shots, SpokenLanguage
from tasks.script import with_script, with_source_script, write_scripts
from tasks.sign import sign_or_explain

Parted = Callable[[], Awaitable[Stems]]
"""Gives the reel's sound, parted, as soon as it is."""
Spoken = Callable[[], Awaitable[SpokenLanguage]]
"""Gives what was heard of the source's language, as soon as it was."""

SeenShots = Callable[[], Awaitable[Shots]]
"""Gives where the reel's shots begin; looked for when it is first asked."""


@flow(name="localise", flow_run_name="{job.name}", retries=0, persist_result=True, result_serializer="json")
async def localise(job: Job) -> Any:
    """Dub one reel into every language the job asks for, check each, and deliver what may go out."""
    return await run_recorded(job)


def _write_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """What the server shows of a run's parameters: the job, as Prefect writes it.

    Prefect takes a web framework's writer for it, which a run needs for nothing else, and which takes a tenth of a
    second to import.
    """
    job = parameters.get("job")
    if len(parameters) == 1 and isinstance(job, Job):
        return {"job": job.model_dump(mode="json", by_alias=True)}
    return Flow.serialize_parameters(localise, parameters)


localise.serialize_parameters = _write_parameters  # type: ignore[method-assign]


async def run_recorded(job: Job) -> State[Outcome]:
    """Every pass of a run, with its record; the state that it ends in."""
    begun = time.monotonic()
    with keep_record(job) as kept:
        with memory_watched():
            outcome = await run_passes(job.name, lambda: _run_noted_pass(job, kept))
        outcome = outcome.model_copy(update={"seconds": round(time.monotonic() - begun, 2)})
        board().outcome = kept.outcome = outcome
    return _state_of(outcome)


async def _run_noted_pass(job: Job, kept: Kept) -> Pass:
    done = await one_pass(job)
    kept.so_far = done.outcome if done.has_ended and done.needs_person else None
    return done


async def one_pass(job: Job) -> Pass:
    """Everything that can be done of a job now. What was done before is taken from where it is kept."""
    async with clients_open(), draw_run(job) as picture:
        _require_allowed(job)
        done = await every_stage(job)
        picture.outcome = done.outcome if done.has_ended else None
    return done


def _require_allowed(job: Job) -> None:
    """A job from the API or the UI stays below the folders that whoever runs the server allows."""
    if not is_vouched(key_of(job)):
        require_allowed(job)


async def every_stage(job: Job) -> Pass:
    """The stages, in their order."""
    job, found = await with_found_language(job)
    plan = await ingest(await prepare(job))
    reel = await trim(plan)
    await require_fitting_reel(plan, reel)
    await restore_purchases(plan)
    # Before the quote: a language that a fallback was paid for must not be counted as one to buy.
    plan = await stay_where_paid(plan)
    try:
        plan = await require_means(plan, reel)
    except PolyreelError as error:
        return waits_for_balance(job, error)
    # A vendor parts the sound itself: here it is parted only if a language comes to a provider of this machine after
    # all.
    parting = run_alongside(separate(plan, reel)) if plan.separates_here else on_demand(lambda: separate(plan, reel))
    identifying = run_alongside(identify_or_explain(plan, reel))
    seeing = on_demand(lambda: find_shots(reel))
    async with run_alongside(load_models_ahead(plan)), identifying as spoken, parting as parted, seeing as shots:
        if plan.needs_transcript:
            plan = await with_source_script(plan, reel, await parted())
        languages = await each_language(
            plan,
            lambda language: dub_language(language, reel, parted, spoken, shots),
            Handover(may_be_bought, lambda moved: require_budget_left(moved, reel)),
        )
        stems = await parted() if plan.separates_here or languages.dubbed_here else None
        scripts = await write_scripts(plan, reel, languages, parted)
        heard = await spoken()
    # After every chain and not inside them: a person is asked once about all that is ready, and the run sleeps once.
    languages = await hold_for_review(plan, reel, languages)
    decided = with_source_note(decide(plan, stems, reel, languages), heard)
    decided = decided.model_copy(update={"notes": (*decided.notes, *found, *scripts.notes)})
    # What was bought is told whatever happens next, so before anything that can fail.
    decided = with_purchases(decided, await purchases(plan), (*await clear_staging(plan.job), *waiting_note(plan.job)))
    await note_retention(plan)
    decided = await with_reviews(plan, reel, languages.finished, decided)
    # Packages hold all languages together: while some are still at vendors they would be made, and delivered, twice.
    if languages.at_vendors:
        asked = any(wait.for_person for wait in languages.waits)
        return Pass(decided, languages.waits, has_ended=False, needs_person=asked)
    packaged = await package_or_explain(plan, reel, languages, decided)
    mastered = await master_or_explain(plan, reel, languages, decided)
    languages, together = await sign_or_explain(plan, reel, languages, decided, packaged.join(mastered))
    outcome = await deliver(plan, reel, languages, decided, together, stems=stems, scripts=scripts.items)
    await keep_versions(plan, reel, languages.finished, outcome, (*together.items, *scripts.items))
    # Delivered already, and yet something to wait for: held languages join the others when a person has decided.
    return Pass(outcome, _worth_waiting(plan.job, languages))


async def with_found_language(job: Job) -> tuple[Job, tuple[str, ...]]:
    """The job with its source's language, which is listened for where the job says ``und``; and a note of that.

    All that follows (what a vendor is asked, what a translator is told, keys) is as if the job had said it.
    """
    if job.source.locale != UNKNOWN:
        return job, ()
    source = job.source.model_copy(update={"subtitles": None})
    # It delivers nothing; the default folder is that of the process, which need not be one that can be written.
    nowhere = (FolderDelivery(path=str(deliveries_dir())),)
    heard = Job(name=job.name, source=source, trim=job.trim, targets=(), scripts=("srt",), delivery=nowhere)
    plan = await ingest(await prepare(heard))
    found = await find_language(plan, await trim(plan))
    note = f"The source's language was found by ear: {found.locale} ({found.share:.0%} sure)."
    return with_language(job, found), (note,)


def _worth_waiting(job: Job, languages: LanguageResults) -> tuple[Wait, ...]:
    """What this run waits for without a process, after all that could go out has: people in any case."""
    asked = any(wait.for_person for wait in languages.waits)
    return languages.waits if asked or suspends(job) else ()


async def dub_language(
    language: LanguagePlan, reel: Reel, parted: Parted, spoken: Spoken, shots: SeenShots
) -> LanguageResult:
    """One language's chain. A failure here is this language's own. It is spoken while the sound is being parted."""
    if not language.way.works_here:
        require_source_language(await spoken())  # before anything is bought
    language = await with_reviewed_script(await with_script(language, reel), reel)
    request = await request_dub(language, reel, await parted() if needs_sound(language) else None)
    stems: Stems | None = None
    if language.gives_way and reel.has_picture:
        own = await slow_picture(language, reel, request, await parted(), await shots())
        reel, request, stems = own.reel, own.request, own.stems
    language = await leave_settled_behind(language)
    receipt = await submit_dub(language, request)
    await wait_for_dub(language, request, receipt)
    stems = stems or (await parted() if language.way.works_here else None)
    dubbed = await collect_dub(language, reel, request, receipt, stems)
    async with run_alongside(listen(language, request, dubbed, stems)) as listened:
        mended, heard = None, listened
        if language.mends:
            mended = await mend(language, reel, request, dubbed, listening=await listened(), stems=stems)
            request, dubbed, heard = mended.request, mended.dubbed, mended.listened
        tracks = await convert_subtitles(
            language,
            request,
            dubbed,
            await heard() if lacks_script(dubbed, request) else None,
            reel=reel,
            shots=retime_shots(await shots(), reel) if language.job.subtitles.timing == "spoken" else None,
        )
        video = await mux(language, reel, dubbed, tracks)
        result = await check(language, reel, dubbed, tracks, video, listening=await heard())
    beside = await voiceover_beside(language, reel, request, stems)
    told = {
        "language": language,
        "mending": mended.mending if mended else None,
        "voiceover": beside,
        "reel": reel if reel.yields else None,
    }
    return with_source_check(result.model_copy(update=told), await spoken())


async def outcome_of(job: Job) -> Outcome:
    """Run a job here and now. Raises the error of a job that could not begin; anything later is in the outcome."""
    state: State[Outcome] = await localise(job, return_state=True)
    found = await state.aresult(raise_on_failure=False)
    if isinstance(found, BaseException):
        raise found
    return Outcome.model_validate(found)


def _state_of(outcome: Outcome) -> State[Outcome]:
    """What Prefect shows: green when all is delivered, its own word and reason when not."""
    message = _write_sentence(outcome)
    if outcome.status == "completed":
        return Completed(message=message, data=outcome)
    if outcome.status == "failed":
        return Failed(message=message, data=outcome)
    return Completed(name={"partial": "Partial", "held": "Held"}[outcome.status], message=message, data=outcome)


def _write_sentence(outcome: Outcome) -> str:
    """``3 of 4 delivered, 1 with failing checks: fr-FR back_transcription; de-DE: no voice [no_voice]``."""
    if not outcome.languages:
        return f"{spell_count(len(outcome.scripts), 'file')} of the script delivered"
    delivered = sum(language.status == "delivered" for language in outcome.languages.values())
    reasons = [f"{locale}: {each.error.message} [{each.error.code}]" for locale, each in _in_trouble(outcome)]
    return "; ".join([f"{delivered} of {len(outcome.languages)} delivered{_describe_doubts(outcome)}", *reasons])


def _in_trouble(outcome: Outcome) -> list[tuple[str, Any]]:
    return [(locale, each) for locale, each in outcome.languages.items() if each.error]


def _describe_doubts(outcome: Outcome) -> str:
    failing = {
        locale: [check.name for check in each.checks if check.status == "fail"]
        for locale, each in outcome.languages.items()
        if each.status == "delivered"
    }
    told = [f"{locale} {', '.join(names)}" for locale, names in failing.items() if names]
    return f", {len(told)} with failing checks: {'; '.join(told)}" if told else ""
