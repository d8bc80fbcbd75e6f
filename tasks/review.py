"""Where a job waits for people: a language's script before its speech is bought, its dub before it is delivered."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from urllib.parse import quote

from prefect.logging import get_logger

from polyreel.delivery.port import SHARED_ROLES, Item
from polyreel.dubbing.providers import provider_of
from polyreel.errors import HeldForPerson, StoreError
from polyreel.job import Job, ReviewStage
from polyreel.keys import stage_key
from polyreel.outcome import Outcome, Problem, Reel, ReviewRecord, StoredFile, VersionRecord
from polyreel.plans import EditedScript, LanguagePlan, Plan
from polyreel.review.decisions import ask, note_delivered, shorten_lines, time_of_timeout, time_out
from polyreel.review.events import Event, ReviewKey, SentFile, Shown, subject_of_dub
from polyreel.review.log import DAMAGED, ReviewLog, Step
from polyreel.review.staleness import find_stale_lines
from polyreel.review.state import Review
from polyreel.review.versions import list_versions
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.timing import shift
from tasks.run.connections import books_of_run
from tasks.run.deployed import sleeps_for_people, wait_for
from tasks.run.items import items_of_language
from tasks.run.values import LanguageResult, LanguageResults

run_log = get_logger("polyreel.review")
# A language that is revised daily would make the outcome grow for ever.
_MOST_VERSIONS = 50
# The other holds (a vendor's studio, an open purchase) are not decided on the review page.
_DECIDED_HERE = ("review_script", "review_final", "rejected", "quality")


async def with_reviewed_script(language: LanguagePlan, reel: Reel) -> LanguagePlan:
    """The language with its script as people have edited it.

    Raises `HeldForPerson` where the job wants that exact script approved, and nobody has approved it.
    """
    key = ReviewKey.of(language.job, language.locale)
    review = await _read_or_hold(key)
    made = language.script or review.find_written_there()
    if made is None:
        return language  # whoever dubs it writes the script: `prepare` has refused to promise a review of that
    edited = _apply_edits(language, review, made)
    if language.script is None and edited.script == made:
        return language
    await open_store().fetch_files((edited.script,))
    decision = review.decision("script", edited.script.sha256)
    if "script" not in language.job.review or (decision and decision.kind == "approved"):
        return language.with_edited_script(edited)
    shown = _describe(language, reel)
    asked = ask("script", edited.script.sha256, made=made, script=edited.script, reason="", shown=shown)
    review = await _ask(language.job, key, asked)
    decision = review.decision("script", edited.script.sha256)
    if decision and decision.kind == "approved":
        # Once more: between the asking and now a person may have edited and approved at once.
        return language.with_edited_script(_apply_edits(language, review, made))
    raise await _hold(_explain_hold(language.job, review, "script", decision), review, language.job)


def _apply_edits(language: LanguagePlan, review: Review, made: StoredFile) -> EditedScript:
    *earlier, script = review.editions(made)
    decision = review.decision("script", script.sha256)
    return EditedScript(
        script=script,
        made=made,
        earlier=(*reversed(earlier), *(() if language.script else (None,))),
        is_read=decision is not None and decision.kind == "approved",
        notes=_note_of(review, script),
    )


async def hold_for_review(plan: Plan, reel: Reel, languages: LanguageResults) -> LanguageResults:
    """The results, those held whose dub a person has to approve: the job asks for it, or a check failed."""
    held, approved, waits = dict(languages.held), [], list(languages.waits)
    for finished in languages.finished:
        why = _why_final(plan.job, finished)
        error = await _find_damage(plan.job, finished.locale) if why is None else None
        if why is None and error is None:
            continue
        error = error or await _ask_final(plan, reel, finished, why or "")
        if error is None:
            approved.append(finished.locale)
            continue
        held[finished.locale] = Problem.of(error)
        wait = wait_for(finished.locale, error)
        waits += [wait] if wait else []
    return languages.model_copy(update={"held": held, "approved": tuple(approved), "waits": tuple(waits)})


async def _read_or_hold(key: ReviewKey) -> Review:
    """A language's review. One that can't be read holds that language alone: raises `HeldForPerson`."""
    try:
        return await ReviewLog(open_store()).read(key)
    except StoreError as error:
        if error.code != DAMAGED:
            raise
        remedy = f"{error.remedy} Then run the job again; its other languages don't wait for it."
        raise HeldForPerson(error.message, code=DAMAGED, where=error.where, remedy=remedy) from error


async def _find_damage(job: Job, locale: str) -> HeldForPerson | None:
    """What is wrong with a review that was damaged while its language was being made."""
    try:
        await _read_or_hold(ReviewKey.of(job, locale))
    except HeldForPerson as error:
        return error
    return None


def _why_final(job: Job, finished: LanguageResult) -> str | None:
    """Why a person has to see a finished language; None where nobody has to."""
    failures = [check.name for check in finished.checks if check.status == "fail"]
    if failures and job.quality.on_fail == "hold":
        return f"did not pass: {', '.join(failures)}"
    return "" if "final" in job.review else None


async def _ask_final(plan: Plan, reel: Reel, finished: LanguageResult, why: str) -> HeldForPerson | None:
    key, log = ReviewKey.of(plan.job, finished.locale), ReviewLog(open_store())
    script = _script_of(finished, reel)
    subject = subject_of_dub(script, finished.shown)
    try:
        review = await _read_or_hold(key)
    except HeldForPerson as error:
        return error
    decision = review.decision("final", subject)
    if decision and decision.kind == "approved":
        return None
    shown = _describe(_language_of(plan, finished), reel, finished)
    asked = ask("final", subject, made=_original_of(finished, script), script=script, reason=why, shown=shown)
    # What a check has failed, no clock lets through.
    review = await (log.write(key, asked) if why else _ask(plan.job, key, asked))
    decision = review.decision("final", subject)
    if decision and decision.kind == "approved":
        return None
    return await _hold(_explain_hold(plan.job, review, "final", decision, why), review, None if why else plan.job)


async def _ask(job: Job, key: ReviewKey, asked: Step) -> Review:
    """Ask a person; and where nobody has decided for as long as the job says, let that count."""
    log = ReviewLog(open_store())
    # Written before the clock is looked at: time counts from when somebody was asked.
    review = await log.write(key, asked)
    return await log.write(key, time_out(job.review_timeout, time.time())) if job.review_timeout else review


async def _hold(error: HeldForPerson, review: Review, job: Job | None) -> HeldForPerson:
    """The error; where the run can sleep until somebody decides, with what wakes it."""
    error.place = address_of_page(review.key) or f"polyreel review {review.key.job} {review.key.locale}"
    if sleeps_for_people():
        # Here, and not above: it brings SQLAlchemy along, which most runs never need.
        from polyreel.review.waits import expect_decision

        async with books_of_run() as books:
            what = f"{review.key.job} {review.key.locale}: {error.message}"
            error.until = _time_to_look(job, review)
            error.key, error.seen = await expect_decision(books.ledger, review, what)
    return error


def _time_to_look(job: Job | None, review: Review) -> float:
    asking = review.asking()
    waits = job is not None and job.review_timeout is not None and asking is not None and asking.standing == "waiting"
    return time_of_timeout(job.review_timeout, review) if job and job.review_timeout and waits else 0.0


def _explain_hold(job: Job, review: Review, stage: ReviewStage, decision: Event | None, why: str = "") -> HeldForPerson:
    names = job.reviewers.get(review.key.locale, ())
    who = f" by {' or '.join(names)}" if names else ""
    what = {"script": "its script", "final": "the dub"}[stage]
    command = f"polyreel review {review.key.job} {review.key.locale}"
    then = "the run goes on by itself" if sleeps_for_people() else "run the job again"
    if decision:
        return HeldForPerson(
            f"{decision.by} rejected {what}: {decision.reason}",
            code="rejected",
            remedy=f"Correct it (`{command} --edit FILE`, or the file that the job names), then {then}.",
        )
    reason = f"{why[0].lower()}{why[1:]}; " if why else ""
    return HeldForPerson(
        f"{reason}{what} waits to be approved{who}",
        code="quality" if why else f"review_{stage}",
        remedy=f"Look at it: `{command}`. Then `{command} --approve` (or --reject WHY, --edit FILE); {then}.",
    )


async def with_reviews(plan: Plan, reel: Reel, finished: Sequence[LanguageResult], outcome: Outcome) -> Outcome:
    """The outcome with what people did for each language, and where they decide on those that wait.

    Also which versions went out before, and which lines stand beside words of the source that have changed since.
    """
    log = ReviewLog(open_store())
    languages, results = {}, {each.locale: each for each in finished}
    for locale, each in outcome.languages.items():
        key = ReviewKey.of(plan.job, locale)
        waits = each.status == "held" and each.error is not None and each.error.code in _DECIDED_HERE
        page = address_of_page(key) if waits else ""
        review, result = await log.read_sound(key), results.get(locale)
        news = {
            "reviews": review.records(),
            "review_page": page,
            "versions": _earlier_versions(review, result, reel),
            "notes": (*each.notes, *(await _note_stale_lines(plan, review, result, reel) if result else ())),
        }
        languages[locale] = each.model_copy(update=news)
    return outcome.model_copy(update={"languages": languages})


async def decisions_on(plan: Plan, reel: Reel, finished: LanguageResult) -> tuple[ReviewRecord, ...]:
    """What people decided on exactly this dub and its script: of earlier ones nothing."""
    script = _script_of(finished, reel)
    review = await ReviewLog(open_store()).read(ReviewKey.of(plan.job, finished.locale))
    return review.records_of(script.sha256, subject_of_dub(script, finished.shown))


def _earlier_versions(review: Review, result: LanguageResult | None, reel: Reel) -> tuple[VersionRecord, ...]:
    """The versions that went out, but for what is finished now, if that has gone out already."""
    now = subject_of_dub(_script_of(result, reel), result.shown) if result else ""
    earlier = [event for _, event in review.list_delivered()]
    # Delivered again without a change, a version may stand there twice.
    while earlier and earlier[-1].subject == now:
        earlier.pop()
    names = VersionRecord.model_fields.keys()
    found = list_versions(review)[: len(earlier)][-_MOST_VERSIONS:]
    return tuple(VersionRecord.model_validate(each.model_dump(include=set(names))) for each in found)


async def _note_stale_lines(plan: Plan, review: Review, result: LanguageResult, reel: Reel) -> tuple[str, ...]:
    source = _language_of(plan, result).source_script
    lines = await find_stale_lines(open_store(), review, _script_of(result, reel), source)
    if not lines:
        return ()
    many = len(lines) > 1
    return (
        f"The source's script has changed since this was written: line{'s' * many} {shorten_lines(lines)} "
        f"{'are as they were' if many else 'is as it was'} beside the new words. Edit what no longer fits: "
        f"`polyreel revise JOB.yaml {result.locale} EDITED.srt`.",
    )


def address_of_page(key: ReviewKey) -> str:
    """The review's page, where `polyreel up` says that it serves it; else empty."""
    base = os.environ.get("POLYREEL_REVIEW_URL", "")
    return f"{base}/{quote(f'{key.job}~{key.source}')}/{key.locale}" if base else ""


async def keep_versions(
    plan: Plan, reel: Reel, finished: Sequence[LanguageResult], outcome: Outcome, further: Sequence[Item] = ()
) -> None:
    """Write down what went out, so that it can be listed, compared and gone back to.

    ``further`` is what was delivered beside: of that, a language's own masters and lists are part of its version.
    """
    log = ReviewLog(open_store())
    for each in finished:
        if outcome.languages[each.locale].status == "delivered":
            script, key = _script_of(each, reel), ReviewKey.of(plan.job, each.locale)
            files = tuple(
                SentFile(path=item.path, stored_file=item.stored_file, role=item.role)
                for item in (*items_of_language(plan, each), *_own_items(each.locale, further))
            )
            step = note_delivered(
                subject_of_dub(script, each.shown),
                made=_original_of(each, script),
                script=script,
                shown=_describe(_language_of(plan, each), reel, each),
                files=files,
            )
            record = {"files": [file.model_dump(mode="json") for file in files]}
            # Beside the events: where those are damaged, what went out must still not be removed as unknown.
            await asyncio.to_thread(open_store().save_record, _key_of_files_out(key), record)
            try:
                await _forget_wait(await log.write(key, step))
            except StoreError as error:
                if error.code != DAMAGED:
                    raise
                run_log.error("What went out of %s is not noted as a version: %s", each.locale, error)
    await open_store().share_files()  # the delivery's own sharing was before this was written


async def _forget_wait(review: Review) -> None:
    """Nothing is asked of a language that went out. Another run that still waits looks again."""
    if sleeps_for_people():
        from polyreel.review.waits import forget_review

        async with books_of_run() as books:
            await forget_review(books.ledger, review)


def _own_items(locale: str, items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.locale == locale and item.role not in SHARED_ROLES]


async def items_out_before(plan: Plan, outcome: Outcome) -> tuple[Item, ...]:
    """The files of the last version that went out, of languages of which none goes out now."""
    log, store = ReviewLog(open_store()), open_store()
    found: list[Item] = []
    for locale, language in outcome.languages.items():
        if language.status not in ("held", "failed"):
            continue
        files = await _load_files_out(log, ReviewKey.of(plan.job, locale))
        if await store.present(each.stored_file for each in files):
            await store.fetch_files(each.stored_file for each in files)
            found += [
                Item(path=each.path, stored_file=each.stored_file, role=each.role, locale=locale) for each in files
            ]
    return tuple(found)


async def _load_files_out(log: ReviewLog, key: ReviewKey) -> tuple[SentFile, ...]:
    """The files of a language's last version. What can't be read of its events may have been just that one."""
    try:
        review = await log.read(key)
    except StoreError as error:
        if error.code != DAMAGED:
            raise
        if found := await asyncio.to_thread(open_store().load_record, _key_of_files_out(key)):
            return tuple(SentFile.model_validate(each) for each in found["files"])
        review = await log.read_sound(key)
    versions = [event for _, event in review.list_delivered()]
    return versions[-1].files if versions else ()


def _key_of_files_out(key: ReviewKey) -> str:
    return stage_key("language-out", 1, folder=key.folder)


def _language_of(plan: Plan, finished: LanguageResult) -> LanguagePlan:
    return finished.language or plan.language(finished.locale)


def _script_of(finished: LanguageResult, reel: Reel) -> StoredFile:
    """The script that the language was dubbed from, in the source's time; else what the vendor says it spoke."""
    given = finished.language.script if finished.language else None
    if given or not reel.start_ms:
        return given or finished.tracks.script
    spoken = shift(read_file(path_of(finished.tracks.script)).track, reel.start_ms)
    return open_store().keep_bytes(write(spoken, "vtt").text.encode(), ".vtt")


def _original_of(finished: LanguageResult, script: StoredFile) -> StoredFile:
    edited = finished.language.edited if finished.language else None
    return edited.made if edited else script


def _describe(language: LanguagePlan, reel: Reel, finished: LanguageResult | None = None) -> Shown:
    return Shown(
        reel=reel.model_copy(update={"notes": ()}),
        source_locale=language.job.source.locale,
        source_script=language.source_script,
        machine_draft=language.machine_draft,
        profile=language.job.subtitles.profile,
        reviewers=language.job.reviewers.get(language.locale, ()),
        video=finished.video if finished else None,
        yields=finished.reel.yields if finished and finished.reel else (),
        written_there=finished is not None and language.script is None,
        checked=language.stage_keys.get("check", "") if finished else "",
        vendor="" if language.way.works_here else provider_of(language.dubbing).title,
        voices=getattr(language.dubbing, "voices", "auto"),
    )


def _note_of(review: Review, script: StoredFile) -> tuple[str, ...]:
    """What a person should know of a script that people have worked on."""
    edits = [each for each in review.events if each.kind == "edited" and each.script == script]
    return tuple(f"The script was edited by {each.by}, {each.at}." for each in edits[-1:])
