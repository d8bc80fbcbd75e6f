"""`polyreel subtitles convert|check`: subtitle files without a job."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.group()
def subtitles() -> None:
    """Convert and check subtitle files."""


@subtitles.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("target", metavar="OUT", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print what was repaired, dropped or lost as JSON.")
def convert(source: Path, target: Path, as_json: bool) -> None:
    """Convert IN to OUT; the format is OUT's ending: .srt, .vtt, .txt or .docx. Says what was repaired or lost."""
    from deployments.shown_errors import shown

    with shown(as_json):
        from polyreel.subtitles import convert_file

        notes = convert_file(source, target)
        if as_json:
            click.echo(json.dumps({"written": str(target), "notes": [asdict(note) for note in notes]}))
            return
        for note in notes:
            click.echo(f"{source}:{note.line}: {note.kind}: {note.message}", err=True)
        click.echo(str(target))


@subtitles.command()
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--profile", type=click.Choice(["netflix", "bbc", "none"]), default="netflix", show_default=True)
@click.option("--locale", default="en-US", show_default=True, help="The language of the text: limits depend on it.")
@click.option("--frame-rate", type=float, default=24.0, show_default=True, help="The video's, for gaps in frames.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(file: Path, profile: str, locale: str, frame_rate: float, as_json: bool) -> None:
    """Check FILE against a profile: what had to be repaired, and what is too long, too fast, too short or too close.

    Exit codes: 0 nothing found, 1 something found, 2 the file can't be read.
    """
    from deployments.shown_errors import shown

    with shown(as_json):
        from polyreel.locales import canonical
        from polyreel.subtitles import read_file
        from polyreel.subtitles.checks import check as check_cues

        reading = read_file(file)
        findings = check_cues(reading.track, profile, canonical(locale), frame_rate=frame_rate)
        if as_json:
            facts = {"cues": len(reading.track.cues), "format": reading.format, "encoding": reading.encoding}
            lists = {"notes": [asdict(n) for n in reading.notes], "findings": [asdict(f) for f in findings]}
            click.echo(json.dumps({**facts, **lists}, ensure_ascii=False))
        else:
            for note in reading.notes:
                click.echo(f"{file}:{note.line}: {note.kind}: {note.message}")
            for finding in findings:
                click.echo(f"{file}:{finding.line}: cue {finding.cue}: {finding.code}: {finding.message}")
            click.echo(f"{len(reading.track.cues)} cues, {len(findings)} findings, {len(reading.notes)} notes")
    sys.exit(1 if findings or reading.notes else 0)
