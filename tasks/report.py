"""The report of a job, from everything that its stages found out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.runtime import flow_run

from polyreel.delivery.port import Item
from polyreel.engine.cores import PLACES
from polyreel.intake.jobfile import is_address
from polyreel.keys import stage_key
from polyreel.machine import home
from polyreel.machine.files import write_atomically
from polyreel.outcome import Outcome, Reel, StoredFile
from polyreel.plans import VERSIONS, Plan
from polyreel.redaction import strip_address
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_file
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.formats.registry import format_of_file
from polyreel.subtitles.model import Track
from tasks.run.cost import list_spans
from tasks.run.deployed import name_rerun
from tasks.run.items import TRACK_TAGS
from tasks.run.progress import board
from tasks.run.values import LanguageResult, LanguageResults

if TYPE_CHECKING:
    from polyreel.engine.separation.stems import Stems
    from polyreel.report.details import LanguageDetails, Remark, ScriptLine, SourceFacts

REPORT = "report.html"
SOURCE_SOUND = "original.m4a"
_OWN = frozenset({"video", "audio", "subtitles", *TRACK_TAGS})


def report_of(
    plan: Plan,
    reel: Reel,
    languages: LanguageResults,
    outcome: Outcome,
    items: Sequence[Item],
    *,
    stems: Stems | None = None,
) -> Item:
    """The page, in the store. The same results give the same page, so that a re-run has nothing to deliver."""
    store, key = open_store(), _make_key(outcome, items)
    found = store.load_record(key)
    page = StoredFile.model_validate(found) if found else None
    # The record may outlive the page's bytes in an emptied store.
    if page is None or not store.has(page):
        page = store.keep_bytes(_render_page(plan, reel, languages, outcome, items, stems).encode(), ".html")
        store.save_record(key, page.model_dump())
    return Item(path=REPORT, stored_file=page, role="report")


def files_shown(plan: Plan, languages: LanguageResults, stems: Stems | None) -> list[StoredFile]:
    """What the page is made from: it may still be on the machine that made it."""
    beds = (stems.original, stems.background) if stems else ()
    scripts = [
        each for finished in languages.finished for each in (finished.tracks.files["vtt"], finished.tracks.script)
    ]
    return [*scripts, *filter(None, [_find_source_script(plan)]), *(bed.power for bed in beds if bed)]


async def source_sound_of(reel: Reel) -> Item:
    """The reel's own sound, to be heard in the report beside a dub. Made once."""
    store, key = open_store(), stage_key("source-sound", 1, reel=reel.file.sha256, sound=reel.sound)
    found = await asyncio.to_thread(store.load_record, key)
    sound = StoredFile.model_validate(found) if found else None
    if sound is None or not store.has(sound):
        from polyreel.media.sound_copy import copy_sound

        await store.fetch_files((reel.file,))
        async with PLACES.one():
            with store.open_scratch() as folder:
                target = folder / SOURCE_SOUND
                tracks = reel.sound[0] if len(reel.sound) == 1 else (reel.sound[0], reel.sound[1])
                await copy_sound(path_of(reel.file), target, tracks)
                sound = await asyncio.to_thread(store.keep_file, target, ".m4a")
        await asyncio.to_thread(store.save_record, key, sound.model_dump())
    return Item(path=SOURCE_SOUND, stored_file=sound, role="report")


def place_beside(job: str, page: Item) -> str:
    """Put a report beside the job's record, where no delivery holds one: the file's path."""
    target = home.jobs_dir() / job / REPORT
    write_atomically(target, path_of(page.stored_file).read_bytes())
    return str(target)


def _make_key(outcome: Outcome, items: Sequence[Item]) -> str:
    """How long something took, and whether it was kept from before, is no reason for a new page."""
    steady = outcome.model_dump(mode="json", exclude={"seconds", "stages", "cost"})
    for language in steady["languages"].values():
        del language["stages"]
    files = {item.path: item.stored_file.sha256 for item in items}
    return stage_key("report", VERSIONS["report"], outcome=steady, files=files, polyreel=version("polyreel"))


def _render_page(
    plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome, items: Sequence[Item], stems: Stems | None
) -> str:
    from polyreel.report.details import ReportDetails
    from polyreel.report.page import render_report

    details = ReportDetails(
        source=_describe_source(plan, reel, items, stems),
        source_script=_source_script(plan, reel),
        languages={
            each.locale: _describe_language(plan, each, items, each.reel or reel) for each in languages.finished
        },
        timeline=list_spans(board()),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("polyreel"),
        go_on=_go_on(outcome),
    )
    return render_report(outcome, details)


def _go_on(outcome: Outcome) -> str:
    """The command that runs the job again as it was begun; empty where all is well, or the server was the run's own."""
    run = flow_run.get_id()
    # A run's own server is gone when somebody reads this, and its ids mean nothing elsewhere.
    if outcome.status == "completed" or not run or os.environ.get("POLYREEL_EMBEDDED_SERVER"):
        return ""
    return name_rerun(run)


def _describe_source(plan: Plan, reel: Reel, items: Sequence[Item], stems: Stems | None) -> SourceFacts:
    from polyreel.engine.separation.port import weigh_power
    from polyreel.engine.sound.outline import outline_power
    from polyreel.report.details import SourceFacts

    media, file = plan.job.source.media, plan.source_at_hand()
    return SourceFacts(
        name=strip_address(media) if is_address(media) else Path(media).name,
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
        sound=next((item.path for item in items if item.path == SOURCE_SOUND), None),
        levels=outline_power(weigh_power(stems.original)) if stems else (),
        bed=outline_power(weigh_power(stems.background)) if stems and stems.background else (),
    )


def _source_script(plan: Plan, reel: Reel) -> tuple[ScriptLine, ...]:
    """What is said in the reel, from its own zero; empty where nobody gave or heard it."""
    from polyreel.subtitles.reel_times import cut_to_reel

    script = _find_source_script(plan)
    if script is None:
        return ()
    return _as_lines(cut_to_reel(read_file(path_of(script)).track, reel))


def _find_source_script(plan: Plan) -> StoredFile | None:
    # What a person gave goes before what was heard.
    scripts = (plan.source_script, plan.heard_script, *(each.source_script for each in plan.languages))
    return next((each for each in scripts if each), None)


def _as_lines(track: Track) -> tuple[ScriptLine, ...]:
    from polyreel.report.details import ScriptLine

    return tuple(
        ScriptLine(start_ms=cue.start_ms, end_ms=cue.end_ms, text=plain_text(cue.text), speaker=cue.speaker)
        for cue in track.cues
    )


def _kind_of(item: Item) -> str:
    """What a file is, for its link: its format's name, else how it ends."""
    known = format_of_file(item.path)
    name = known.name if known else Path(item.path).suffix[1:]
    return name if item.role in {"subtitles", "video", "audio"} else f"{item.role} {name}"


def _describe_language(plan: Plan, finished: LanguageResult, items: Sequence[Item], reel: Reel) -> LanguageDetails:
    from polyreel.report.details import LanguageDetails

    own = [item for item in items if item.locale == finished.locale and item.role in _OWN]
    links = {_kind_of(item): item.path for item in own}
    track = read_file(path_of(finished.tracks.script)).track
    return LanguageDetails(
        video=links.pop("mp4", None),
        audio=None if reel.has_picture else links.pop(reel.container, None),
        subtitles=links,
        vtt=path_of(finished.tracks.files["vtt"]).read_text("utf-8"),
        seconds=float(Fraction(reel.duration)),
        fits=finished.lines,
        script=() if finished.lines else _as_lines(track),
        heard=finished.heard,
        remarks=tuple(_collect_remarks(plan, finished.locale, track, reel)),
        outline=finished.outline,
        source_script=_source_script(plan, finished.reel) if finished.reel else None,
    )


def _collect_remarks(plan: Plan, locale: str, track: Track, reel: Reel) -> Iterator[Remark]:
    from polyreel.report.details import Remark
    from polyreel.subtitles.checks import check as check_cues

    rate = float(Fraction(reel.frame_rate or 24)) or 24.0
    for finding in check_cues(track, plan.job.subtitles.profile, locale, frame_rate=rate):
        yield Remark(
            at_ms=track.cues[finding.cue - 1].start_ms, text=f"{finding.code.replace('_', ' ')}: {finding.message}"
        )
