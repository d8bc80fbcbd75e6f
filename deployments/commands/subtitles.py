"""`polyreel subtitles convert|check`: subtitle files without a job."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.commands.printing import echo
from polyreel.errors.wording import spell_count

if TYPE_CHECKING:
    from polyreel.subtitles.convert import Conversion

FILE = click.Path(path_type=Path)
# Nobody reads more, and a terminal must not get more from a file of nothing but faults.
_MOST_LINES = 500


@click.group()
def subtitles() -> None:
    """Convert and check subtitle files."""


@subtitles.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("target", metavar="OUT", type=FILE)
@click.option("--to", "format_name", default=None, help="The format of OUT, where its ending does not say it: imsc.")
@click.option("--frame-rate", default=None, help="The video's, for times that count frames: 25, 29.97.")
@click.option("--from-rate", default=None, help="The rate that IN was timed at; with --to-rate.")
@click.option("--to-rate", default=None, help="The rate that OUT is for: every cue stays on its frame number.")
@click.option("--drop-frame/--non-drop", default=None, help="Whether timecodes leave numbers out (29.97, 59.94).")
@click.option("--offset", default=None, help="Added to every time: seconds (-3600) or a timecode (-01:00:00:00).")
@click.option(
    "--start-timecode",
    default=None,
    help="The picture's first frame: times of IN that count from it count from zero; timecodes in OUT begin at it.",
)
@click.option("--locale", default=None, help="The language of the text: a witness of its encoding.")
@click.option("--source-locale", default=None, help="What the text was translated from, for formats that say it.")
@click.option("--json", "as_json", is_flag=True, help="Print what was repaired, dropped or lost as JSON.")
def convert(source: Path, target: Path, as_json: bool, **asked: str | bool | None) -> None:
    """Convert IN to OUT; the format is OUT's ending (.srt, .imsc.ttml, .scc, ...). Says what was repaired or lost."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.subtitles.convert import convert_file

        notes = convert_file(source, target, _read_conversion(source, target, asked))
        if as_json:
            click.echo(json.dumps({"written": str(target), "notes": [asdict(note) for note in notes]}))
            return
        _print_some([f"{source}:{note.line}: {note.kind}: {note.message}" for note in notes], err=True)
        echo(str(target))


def _read_conversion(source: Path, target: Path, asked: Mapping[str, Any]) -> Conversion:
    """The command's options as the core's values. Raises InvalidJob for rates and timecodes that can't be."""
    from polyreel.errors import InvalidJob
    from polyreel.locales import canonical
    from polyreel.subtitles.convert import Conversion
    from polyreel.subtitles.formats.base import ReadingOptions, WritingOptions
    from polyreel.subtitles.retime import Retiming, parse_offset
    from polyreel.subtitles.timecodes import parse_rate, parse_timecode

    rates = [
        parse_rate(written, is_drop=asked["drop_frame"]) if (written := asked[name]) else None
        for name in ("frame_rate", "from_rate", "to_rate")
    ]
    own, before, after = rates
    if before and not after:
        raise InvalidJob(
            "--from-rate was given, and nothing says at which rate the file is to be",
            code="frame_rate_needed",
            where="--to-rate",
            remedy="Give --to-rate too; --frame-rate says at which rate IN counts, and changes no time.",
        )
    if not (own or before or after) and ".scc" in {source.suffix.lower(), target.suffix.lower()}:
        own = parse_rate("29.97", is_drop=asked["drop_frame"])  # line 21's own
    before = before or own
    rate = after or before
    start, offset = asked["start_timecode"], asked["offset"]
    retiming = Retiming(before, after, parse_offset(offset, rate) if offset else 0)
    if start:
        # Whether rates are known has to be asked before the timecode can be read: with any start.
        replace(retiming, start_frame=1).require_rates()
    if start and before:
        retiming = replace(retiming, start_frame=parse_timecode(start, before))
    is_drop = bool(asked["drop_frame"]) or (";" in start if start else False)
    locale = canonical(asked["locale"]) if asked["locale"] else None
    translated = canonical(asked["source_locale"]) if asked["source_locale"] else None
    known = rate.rate if rate else None
    writing = WritingOptions(locale, translated, known, is_drop, retiming.start_frame)
    return Conversion(ReadingOptions(locale, before.rate if before else None), writing, retiming, asked["format_name"])


@subtitles.command()
@click.argument("file", metavar="FILE", type=FILE)
@click.option(
    "--profile",
    type=click.Choice(["netflix", "bbc", "ebu", "dcmp", "plain", "none"]),
    default="netflix",
    show_default=True,
)
@click.option("--captions", is_flag=True, help="Check as captions for who does not hear: their own limits.")
@click.option("--locale", default="en-US", show_default=True, help="The language of the text: limits depend on it.")
@click.option("--frame-rate", default="24", show_default=True, help="The video's, for gaps in frames: 25, 29.97.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(file: Path, profile: str, captions: bool, locale: str, frame_rate: str, as_json: bool) -> None:
    """Check FILE against a profile: what had to be repaired, and what is too long, too fast, too short or too close.

    Exit codes: 0 nothing found, 1 something found, 2 the file can't be read.
    """
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.locales import canonical
        from polyreel.subtitles.checks import check as check_cues
        from polyreel.subtitles.convert import read_file
        from polyreel.subtitles.formats.base import ReadingOptions
        from polyreel.subtitles.timecodes import parse_any_rate

        rate = parse_any_rate(frame_rate)
        reading = read_file(file, ReadingOptions(canonical(locale), rate))
        findings = check_cues(
            reading.track,
            profile,
            canonical(locale),
            frame_rate=float(rate),
            kind="captions" if captions else "subtitles",
        )
        if as_json:
            facts = {"cues": len(reading.track.cues), "format": reading.format, "encoding": reading.encoding}
            lists = {"notes": [asdict(n) for n in reading.notes], "findings": [asdict(f) for f in findings]}
            click.echo(json.dumps({**facts, **lists}, ensure_ascii=False))
        else:
            _print_some([f"{file}:{note.line}: {note.kind}: {note.message}" for note in reading.notes])
            _print_some([f"{file}:{each.line}: cue {each.cue}: {each.code}: {each.message}" for each in findings])
            echo(
                ", ".join(
                    spell_count(len(each), noun)
                    for each, noun in ((reading.track.cues, "cue"), (findings, "finding"), (reading.notes, "note"))
                )
            )
    # Repairs count as found: a file that had to be mended is not in order.
    sys.exit(1 if findings or reading.notes else 0)


def _print_some(lines: Sequence[str], *, err: bool = False) -> None:
    for line in lines[:_MOST_LINES]:
        echo(line, err=err)
    if len(lines) > _MOST_LINES:
        click.echo(f"... and {len(lines) - _MOST_LINES} more; --json lists them all", err=err)
