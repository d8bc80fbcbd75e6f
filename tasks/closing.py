"""The end of a job: decide what may go out, and deliver it with its report, the manifest last."""

from __future__ import annotations

import asyncio
from pathlib import Path

from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Delivered, Item, Parcel
from polyreel.engine.separate import Stems
from polyreel.errors import DeliveryError
from polyreel.outcome import CastSpeaker, LanguageOutcome, Outcome, Problem, Reel, status_of
from polyreel.plan import LanguagePlan, Plan
from polyreel.stores import open_store
from tasks.cost import spent
from tasks.finish import Finished, Languages
from tasks.package import Packaged
from tasks.progress import board
from tasks.report import REPORT, report_of
from tasks.stage import stage


def decide(plan: Plan, stems: Stems, reel: Reel, languages: Languages) -> Outcome:
    """Every language's state: failed, held by the job's quality rule, or to be delivered."""
    finished = {each.locale: each for each in languages.finished}
    notes = (*reel.notes, *stems.notes)
    decided = {
        language.locale: _decided(language, finished.get(language.locale), languages, notes)
        for language in plan.languages
    }
    return Outcome(
        job=plan.job.name,
        status=status_of(decided.values()),
        languages=decided,
        separation=stems.kind,
        stages=board().stages(),
        speakers=_speakers(languages),
        cost=spent(reel),
        notes=notes,
    )


def _speakers(languages: Languages) -> dict[str, CastSpeaker]:
    """Who has a name, and their voice in each language."""
    voices: dict[str, dict[str, str]] = {}
    for finished in languages.finished:
        for line in finished.lines:
            if line.speaker and line.voice:
                voices.setdefault(line.speaker, {})[finished.locale] = line.voice
    return {name: CastSpeaker(voices=voices[name]) for name in sorted(voices)}


def _decided(
    language: LanguagePlan, finished: Finished | None, languages: Languages, known: tuple[str, ...]
) -> LanguageOutcome:
    stages = board().stages(language.locale)
    if finished is None:
        return LanguageOutcome(status="failed", error=languages.problems[language.locale], stages=stages)
    failures = [check for check in finished.checks if check.status == "fail"]
    rule = language.job.quality.on_fail if failures else "deliver"
    names = ", ".join(check.name for check in failures)
    error = Problem(
        code="quality",
        message=f"did not pass: {names}",
        remedy="Look at the checks; correct the script, or set `quality: {on_fail: deliver}` to let it go out.",
    )
    return LanguageOutcome(
        status={"deliver": "delivered", "hold": "held", "fail": "failed"}[rule],
        checks=finished.checks,
        error=error if rule != "deliver" else None,
        notes=tuple(note for note in finished.notes if note not in known),
        stages=stages,
    )


async def deliver(plan: Plan, reel: Reel, languages: Languages, outcome: Outcome, packaged: Packaged) -> Outcome:
    """Hand over all that may go out. Where that fails, everything made is kept, and the outcome says why."""
    try:
        handed = await hand_over(plan, reel, languages, outcome, packaged)
        return handed.model_copy(update={"cost": spent(reel), "notes": (*handed.notes, *_unshared())})
    except DeliveryError as error:
        return _undelivered(outcome, Problem(**error.as_dict()))


def _unshared() -> tuple[str, ...]:
    trouble = open_store().trouble
    return (f"Not everything was shared: {trouble} It is kept here, and goes up with the next run.",) if trouble else ()


def _undelivered(outcome: Outcome, problem: Problem) -> Outcome:
    languages = {
        locale: each.model_copy(update={"status": "failed", "error": problem}) if each.status == "delivered" else each
        for locale, each in outcome.languages.items()
    }
    status = status_of(languages.values())
    return outcome.model_copy(update={"languages": languages, "status": status, "error": problem})


@stage("deliver")
async def hand_over(plan: Plan, reel: Reel, languages: Languages, outcome: Outcome, packaged: Packaged) -> Outcome:
    """Bring everything that may go out to every folder of the job. Doing it again writes only what is missing."""
    out = [each for each in languages.finished if outcome.languages[each.locale].status == "delivered"]
    if not out:
        return outcome
    items = [item for each in out for item in _items(plan, each)] + list(packaged.items)
    report = await asyncio.to_thread(report_of, plan, reel, languages, outcome, items)
    parcel = Parcel(name=plan.job.name, items=(*items, report))
    places = [await FolderDelivery(Path(folder)).deliver(parcel) for folder in plan.folders]
    return _with_paths(outcome, places[0], items)


def _items(plan: Plan, finished: Finished) -> list[Item]:
    language = plan.language(finished.locale)
    video = Item(path=language.file_name("mp4"), artefact=finished.video, role="video", locale=finished.locale)
    wanted = plan.job.subtitles.formats
    return [video] + [
        Item(path=language.file_name(each), artefact=file, role="subtitles", locale=finished.locale)
        for each, file in finished.tracks.files.items()
        if each in wanted
    ]


def _with_paths(outcome: Outcome, place: Delivered, items: list[Item]) -> Outcome:
    folder = Path(place.location)
    languages = dict(outcome.languages)
    for locale, language in languages.items():
        if language.status != "delivered":
            continue
        mine = [item for item in items if item.locale == locale]
        files = {Path(item.path).suffix[1:]: str(folder / item.path) for item in mine if item.role == "subtitles"}
        video = next(str(folder / item.path) for item in mine if item.role == "video")
        languages[locale] = language.model_copy(update={"video": video, "subtitles": files})
    return outcome.model_copy(
        update={"languages": languages, "manifest": place.manifest, "report": str(folder / REPORT)}
    )
