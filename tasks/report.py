"""The report of a job, from everything that its stages found out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from polyreel.delivery.port import Item
from polyreel.jobfile import is_address
from polyreel.keys import stage_key
from polyreel.net.redaction import shown
from polyreel.outcome import Artefact, Outcome, Reel
from polyreel.plan import VERSIONS, Plan
from polyreel.report.details import LanguageDetails, ReportDetails, SourceFacts
from polyreel.report.page import render
from polyreel.store import path_of
from polyreel.stores import open_store
from tasks.finish import Finished, Languages

REPORT = "report.html"


def report_of(plan: Plan, reel: Reel, languages: Languages, outcome: Outcome, items: Sequence[Item]) -> Item:
    """The page, in the store. The same results give the same page, so that a re-run has nothing to deliver."""
    store, key = open_store(), _key(outcome, items)
    found = store.recall(key)
    page = Artefact.model_validate(found) if found else None
    if page is None or not store.has(page):
        page = store.keep_bytes(_page(plan, reel, languages, outcome, items).encode(), ".html")
        store.remember(key, page.model_dump())
    return Item(path=REPORT, artefact=page, role="report")


def _key(outcome: Outcome, items: Sequence[Item]) -> str:
    """How long something took, and whether it was kept from before, is no reason for a new page."""
    steady = outcome.model_dump(mode="json", exclude={"seconds", "stages", "cost"})
    for language in steady["languages"].values():
        del language["stages"]
    files = {item.path: item.artefact.sha256 for item in items}
    return stage_key("report", VERSIONS["report"], outcome=steady, files=files, polyreel=version("polyreel"))


def _page(plan: Plan, reel: Reel, languages: Languages, outcome: Outcome, items: Sequence[Item]) -> str:
    details = ReportDetails(
        source=_source(plan, reel),
        languages={each.locale: _language(each, items, reel) for each in languages.finished},
        stage_seconds=outcome.cost.stage_seconds if outcome.cost else {},
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("polyreel"),
    )
    return render(outcome, details)


def _source(plan: Plan, reel: Reel) -> SourceFacts:
    media, file = plan.job.source.media, plan.source_at_hand()
    return SourceFacts(
        name=shown(media) if is_address(media) else Path(media).name,
        locale=plan.job.source.locale,
        seconds=float(Fraction(reel.duration)),
        width=reel.width,
        height=reel.height,
        frame_rate=f"{float(Fraction(reel.frame_rate or 0)):.5g}",
        video_codec=reel.video_codec,
        audio_codec=reel.audio_codec,
        channels=reel.channels,
        bytes=file.bytes,
        sha256=file.sha256,
    )


def _language(finished: Finished, items: Sequence[Item], reel: Reel) -> LanguageDetails:
    links = {Path(item.path).suffix[1:]: item.path for item in items if item.locale == finished.locale}
    return LanguageDetails(
        video=links.pop("mp4", None),
        subtitles=links,
        vtt=path_of(finished.tracks.files["vtt"]).read_text("utf-8"),
        seconds=float(Fraction(reel.duration)),
        fits=finished.lines,
    )
