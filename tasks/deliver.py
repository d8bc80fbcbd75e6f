"""The end of a job: what may go out is delivered with its report, the manifest last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from polyreel.delivery.places import is_fetched_from, make_delivery, place_of
from polyreel.delivery.port import SHARED_ROLES, Access, Delivered, Item, Parcel
from polyreel.engine.separation.stems import Stems
from polyreel.errors import HeldForPerson, PolyreelError, UnresolvedCall
from polyreel.job import Delivery, Job
from polyreel.keys import stage_key
from polyreel.ledger.entry import Subject
from polyreel.outcome import (
    DeliveryOutcome,
    LanguageOutcome,
    Outcome,
    Problem,
    Reel,
    list_cloned_voices,
    list_recorded_lines,
    status_of,
)
from polyreel.plans import Plan, step_of_place
from polyreel.redaction import strip_address
from polyreel.store.choice import open_store
from polyreel.subtitles.formats.registry import format_of_file
from polyreel.vendors.errors import CallError, RateLimited
from tasks.report import REPORT, files_shown, place_beside, report_of, source_sound_of
from tasks.review import items_out_before
from tasks.run.accounts import staging_of
from tasks.run.connections import account_of, books_of_run, client_of
from tasks.run.cost import measure_cost
from tasks.run.items import TRACK_TAGS, items_of_language
from tasks.run.progress import reporter
from tasks.run.stage import stage
from tasks.run.values import LanguageResult, LanguageResults, Packaged

# A library that restarts is back within seconds; what is away for longer is for the next run.
PAUSES_S = (2.0, 10.0)
"""Before a delivery that failed for the moment is tried again."""
LONGEST_PAUSE_S = 60.0
"""What a vendor may ask for instead."""
BUSY_S = 900.0
"""How long a place may say that it has too many calls (429), which is no failed try. Later, it is as any other."""


async def deliver(
    plan: Plan,
    reel: Reel,
    languages: LanguageResults,
    outcome: Outcome,
    packaged: Packaged,
    *,
    stems: Stems | None = None,
    scripts: tuple[Item, ...] = (),
) -> Outcome:
    """Hand over all that may go out. Where that fails, everything made is kept, and the outcome says why."""
    outcome = _with_package(outcome, packaged)
    out = [each for each in languages.finished if outcome.languages[each.locale].status == "delivered"]
    # A folder's manifest names what is there now: without anything
    # new, no parcel may replace the one that went out last.
    if not out and not scripts:
        return await _with_report_beside(plan, reel, languages, outcome, stems)
    # What a language held or failed had delivered before stays out: it is not removed for want of a newer one.
    items = tuple(item for each in out for item in items_of_language(plan, each)) + packaged.items
    items += await items_out_before(plan, outcome)
    # Masters and packages hold all languages: without a new one they are what went out last.
    if not out:
        items += await _load_shared_items(plan)
    items += _going_scripts(scripts, out, plan)
    trees = [each for each in plan.job.delivery if place_of(each).holds_tree]
    # Libraries take films; scripts alone are none.
    libraries = [each for each in plan.job.delivery if not place_of(each).holds_tree] if out else []
    outcome = _with_libraries_left_out(plan, outcome, bool(libraries))
    parcel = Parcel(
        name=plan.job.name,
        items=items,
        asked=tuple(target.locale for target in plan.job.targets),
        source_media=strip_address(plan.job.source.media),
        source_locale=plan.job.source.locale,
        start=reel.start,
        duration=reel.duration,
        checks={each.locale: each.checks for each in out},
        provenance=packaged.provenance,
        recordings={each.locale: found for each in out if (found := list_recorded_lines(each.lines))},
        cloned_voices={
            each.locale: cloned
            for each in out
            if (cloned := list_cloned_voices(plan.language(each.locale).clones, each.lines))
        },
    )
    # Trees come last: their report and manifest tell what came of the libraries.
    brought = await bring_to_all(libraries, parcel, plan.job)
    if trees:
        # Only a tree shows a page beside which the sound can lie.
        outcome, sound = await _with_source_sound(outcome, reel)
        told, shown = _with_deliveries(outcome, brought), (*items, *sound)
        await open_store().fetch_files(files_shown(plan, languages, stems))
        report = await asyncio.to_thread(report_of, plan, reel, languages, told, shown, stems=stems)
        receipts = tuple(each.model_dump(mode="json") for each in told.deliveries)
        brought += await bring_to_all(
            trees, parcel.model_copy(update={"items": (*shown, report), "receipts": receipts}), plan.job
        )
    if out:
        shared = [item.model_dump(mode="json") for item in packaged.items if _is_shared(item)]
        await asyncio.to_thread(open_store().save_record, _make_shared_key(plan), {"items": shared})
        # Only once everything is out: a machine that goes on from here
        # must not take for delivered what was only meant to be.
        await open_store().share_files()
    done = _with_paths(_judge_deliveries(_with_deliveries(outcome, brought)), brought, items)
    if done.report is None:
        done = await _with_report_beside(plan, reel, languages, done, stems)
    return done.model_copy(update={"cost": measure_cost(reel), "notes": (*done.notes, *_note_unshared())})


def _with_libraries_left_out(plan: Plan, outcome: Outcome, are_brought: bool) -> Outcome:
    """A note of the libraries that get nothing."""
    left = [each.to for each in plan.job.delivery if not place_of(each).holds_tree]
    if are_brought or not left:
        return outcome
    note = f"Nothing was brought to {', '.join(left)}: a library takes films, and no language goes out."
    return outcome.model_copy(update={"notes": (*outcome.notes, note)})


async def _load_shared_items(plan: Plan) -> tuple[Item, ...]:
    """What holds all languages together (masters, packages) as it went out last: it stays, as its languages do."""
    store = open_store()
    found = await asyncio.to_thread(store.load_record, _make_shared_key(plan)) or {}
    items = tuple(Item.model_validate(each) for each in found.get("items", ()))
    return items if await store.present(each.stored_file for each in items) else ()


def _is_shared(item: Item) -> bool:
    return item.locale is None or item.role in SHARED_ROLES


def _make_shared_key(plan: Plan) -> str:
    wanted = plan.job.model_dump(mode="json", include={"masters", "package"})
    return stage_key("shared-out", 1, job=plan.job.name, wanted=wanted)


async def _with_report_beside(
    plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome, stems: Stems | None
) -> Outcome:
    """The outcome with a report beside the job's record, as no folder holds one. Without room for it, that is noted."""
    try:
        await open_store().fetch_files(files_shown(plan, languages, stems))
        page = await asyncio.to_thread(report_of, plan, reel, languages, outcome, (), stems=stems)
        await open_store().share_files()
        return outcome.model_copy(update={"report": place_beside(plan.job.name, page)})
    except (PolyreelError, OSError) as error:
        note = f"There is no report: {Problem.of(error)}"
        return outcome.model_copy(update={"notes": (*outcome.notes, note)})


async def _with_source_sound(outcome: Outcome, reel: Reel) -> tuple[Outcome, tuple[Item, ...]]:
    """What the report compares a dub with; a sound that can't be copied keeps no language back, and is noted."""
    try:
        return outcome, (await source_sound_of(reel),)
    except PolyreelError as error:
        note = f"The report lets nobody hear the original: {Problem.of(error)}"
        return outcome.model_copy(update={"notes": (*outcome.notes, note)}), ()


def _going_scripts(scripts: tuple[Item, ...], out: Sequence[LanguageResult], plan: Plan) -> tuple[Item, ...]:
    """The source's script always; a language's list where the language goes out."""
    going = {each.locale for each in out} | {plan.job.source.locale}
    return tuple(item for item in scripts if item.locale in going)


def _with_package(outcome: Outcome, packaged: Packaged) -> Outcome:
    """A package that failed makes the outcome partial; every finished language goes out."""
    outcome = outcome.model_copy(update={"notes": (*outcome.notes, *packaged.notes)})
    if packaged.problem is None:
        return outcome
    status = "partial" if outcome.status == "completed" else outcome.status
    return outcome.model_copy(update={"status": status, "error": packaged.problem})


def _note_unshared() -> tuple[str, ...]:
    trouble = open_store().trouble
    return (f"Not everything was shared: {trouble} It is kept here, and goes up with the next run.",) if trouble else ()


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of bringing a parcel to one place: where it is now, or why not."""

    asked: Delivery
    name: str
    done: Delivered | None = None
    problem: Problem | None = None

    def as_outcome(self) -> DeliveryOutcome:
        """The same in the outcome's words."""
        if self.done is None:
            location = place_of(self.asked).locate(self.asked, self.name)
            return DeliveryOutcome(to=self.asked.to, status="failed", location=location, error=self.problem)
        found = self.done
        return DeliveryOutcome(
            to=self.asked.to,
            status="failed" if found.problems else "delivered",
            location=found.location,
            ids=found.ids,
            urls=found.urls,
            error=_merge_problems(found.problems),
        )


# What the ledger raises of a call at a place that only a person can settle.
_FOR_PERSON = frozenset({HeldForPerson.default_code, UnresolvedCall.default_code})


def _waits_for_person(problem: Problem | None) -> bool:
    return problem is not None and problem.code in _FOR_PERSON


def _merge_problems(problems: Mapping[str, Problem]) -> Problem | None:
    """What kept some languages from a place; the others are there.

    Under the code of one that a person has to settle, where there is one: else of the first.
    """
    if not problems:
        return None
    first = next(filter(_waits_for_person, problems.values()), next(iter(problems.values())))
    said = "; ".join(f"{locale}: {each.message.rstrip('.')}" for locale, each in problems.items())
    return first.model_copy(update={"message": f"not delivered there: {said}."})


async def bring_to_all(asked: Sequence[Delivery], parcel: Parcel, job: Job) -> list[Brought]:
    """Bring a parcel to several places at once; one that fails stops no other."""
    return list(await asyncio.gather(*(_bring_to_place(each, parcel, job) for each in asked)))


async def _bring_to_place(asked: Delivery, parcel: Parcel, job: Job) -> Brought:
    try:
        return Brought(asked, parcel.name, done=await bring(asked, parcel, job))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other places get theirs, and it is reported
        return Brought(asked, parcel.name, problem=Problem.of(error))


@stage("deliver")
async def bring(asked: Delivery, parcel: Parcel, job: Job) -> Delivered:
    """Bring everything that may go out to one place. Doing it again does only what is missing."""
    async with _open_access(asked, job) as access:
        place = make_delivery(asked, access)
        report = reporter(step_of_place("deliver", asked.to))
        return await deliver_with_patience(lambda: place.deliver(parcel, report))


async def deliver_with_patience(
    deliver_once: Callable[[], Awaitable[Delivered]], pauses_s: Sequence[float] = PAUSES_S, busy_s: float = BUSY_S
) -> Delivered:
    """Deliver, and again after each pause for as long as what failed may pass: a repeat makes only what is missing.

    A vendor's client repeats by itself only what can't be done twice. Here the ledger stands behind every call, which
    looks before it makes anything anew. Where a place was only busy, a try does not count for ``busy_s`` seconds.
    Raises what the last try raises.
    """
    left, patient_until = list(pauses_s), time.monotonic() + busy_s
    while left:
        try:
            done = await deliver_once()
            # Names that are taken and files that are refused stay so: a pause would only hold the run.
            if not done.may_pass:
                return done
            is_busy, wanted = done.is_busy, done.retry_after
        # A `DeliveryError` is none that passes: names that clash, a folder that may not be written.
        except CallError as error:
            if not error.transient:
                raise
            is_busy, wanted = isinstance(error, RateLimited), error.retry_after or 0.0
        pause = left[0] if is_busy and time.monotonic() < patient_until else left.pop(0)
        # A vendor may ask for an hour: the run ends sooner than that, and a later one goes on.
        await asyncio.sleep(max(pause, min(wanted, LONGEST_PAUSE_S)))
    return await deliver_once()


@asynccontextmanager
async def _open_access(asked: Delivery, job: Job) -> AsyncIterator[Access]:
    """The way to a place, with the saved credentials that the job names; films wait where its media is staged."""
    block, name = place_of(asked).block, getattr(asked, "credentials", None)
    if block is None:
        yield Access()
        return
    account = await account_of(block, name) if name else ""
    subject = Subject(kind="delivery", job=job.name, provider=asked.to, account=account, credentials=name or "")
    async with client_of(block, name) as client, books_of_run() as books, AsyncExitStack() as stack:
        staging = None
        # A link that expires would be dead before the library gets to fetching it.
        if is_fetched_from(asked, job.staging):
            staging = await stack.enter_async_context(staging_of(job, books.ledger, f"{asked.to} {account}"))
        yield Access(client, books.ledger, subject, staging)


def _with_deliveries(outcome: Outcome, brought: Sequence[Brought]) -> Outcome:
    notes = [note for each in brought if each.done for note in each.done.notes]
    deliveries = tuple(each.as_outcome() for each in brought)
    return outcome.model_copy(update={"deliveries": deliveries, "notes": (*outcome.notes, *notes)})


def _judge_deliveries(outcome: Outcome) -> Outcome:
    """A place that failed makes the outcome partial; a language that no place has, has not gone out.

    Where only a person can tell what became of a delivery, the outcome is held, as where it is a dub.
    """
    failed = [each.error for each in outcome.deliveries if each.error]
    if not failed:
        return outcome
    held = next(filter(_waits_for_person, failed), None)
    languages = {
        locale: each
        if each.status != "delivered" or _has_gone_out(locale, outcome.deliveries)
        else each.model_copy(update={"status": "held" if held else "failed", "error": held or failed[0]})
        for locale, each in outcome.languages.items()
    }
    status = status_of(languages.values())
    return outcome.model_copy(
        update={
            "languages": languages,
            # Every language is out somewhere, but not everywhere that was asked for.
            "status": "held" if held else "partial" if status == "completed" else status,
            "error": held or outcome.error or failed[0],
        }
    )


def _has_gone_out(locale: str, deliveries: Sequence[DeliveryOutcome]) -> bool:
    # A place that got only some of the languages has an error, and ids of those that it got.
    return any(each.status == "delivered" or locale in each.ids for each in deliveries)


def _with_paths(outcome: Outcome, brought: Sequence[Brought], items: Sequence[Item]) -> Outcome:
    """Where everything is now: in the folder, where there is one; else in the object store, or at a library."""
    there = sorted((each for each in brought if each.done), key=lambda each: not place_of(each.asked).local)
    tree = next((each.done for each in there if each.done and place_of(each.asked).holds_tree), None)
    # Reversed, so that the first place, the local one, wins.
    urls = {name: url for each in reversed(there) if each.done for name, url in each.done.urls.items()}
    languages = {
        locale: _with_places(
            language,
            [item for item in items if item.locale == locale and item.role != "script"],
            tree,
            urls.get(locale),
        )
        if language.status == "delivered"
        else language
        for locale, language in outcome.languages.items()
    }
    if tree is None:
        return outcome.model_copy(update={"languages": languages})
    scripts = {Path(item.path).name: _locate(tree, item.path) for item in items if item.role == "script"}
    files = {"manifest": tree.manifest, "report": _locate(tree, REPORT), "scripts": scripts}
    return outcome.model_copy(update={"languages": languages, **files})


def _with_places(
    language: LanguageOutcome, mine: list[Item], tree: Delivered | None, url: str | None
) -> LanguageOutcome:
    if tree is None:
        return language.model_copy(update={"video": url})  # libraries take films alone
    files = {_format_of(item): _locate(tree, item.path) for item in mine if item.role in {"subtitles", *TRACK_TAGS}}
    dub = next(item for item in mine if item.role in {"video", "audio"})
    return language.model_copy(update={dub.role: _locate(tree, dub.path), "subtitles": files})


def _format_of(item: Item) -> str:
    known = format_of_file(item.path)
    name = known.name if known else Path(item.path).suffix[1:]
    return name if item.role == "subtitles" else f"{item.role}.{name}"


def _locate(tree: Delivered, path: str) -> str:
    return f"{tree.location.rstrip('/')}/{path}"
