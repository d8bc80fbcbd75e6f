"""`polyreel plan` and `polyreel schema`: what a job would do, and what a job may say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from deployments.commands.printing import make_printable
from polyreel.errors import as_sentence


@click.command()
def schema() -> None:
    """Print the JSON Schema of a job (for editors, forms and programs)."""
    from polyreel.job import Job

    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Job.model_json_schema()}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Deliver into this folder instead of the job's.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, and nothing else, on stdout.")
@click.option("--offline", is_flag=True, help="Ask no vendor whether keys, ids and balances are as they should be.")
def plan(job: Path, out: Path | None, as_json: bool, offline: bool) -> None:
    """Check a job, its files, its languages and what it names at vendors; show what is to do. Spends nothing."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from deployments.library import look_at_job
        from polyreel.intake.jobfile import load_job, redirect_delivery

        asked = load_job(job)
        # Before the look: names and free disk are judged for where it really goes.
        asked = redirect_delivery(asked, out) if out else asked
        found = asyncio.run(look_at_job(asked, offline=offline))
        click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else make_printable(_as_text(found)))


# A film names dozens of people; the first ones show whether the rest needs a look.
_MOST_NAMES = 8
_BAD_VOICES = ("robotic", "not understood")
_MARKS = {"done": "✓", "to do": "·", "can't": "✗", "unknown": "?"}


def _way_as_text(way: dict[str, str]) -> str:
    """``dubbed by Panjaya: media uploaded, trim by this machine, separation by Panjaya``."""
    parts = [f"media {way['media']}"] if way["media"] != "here" else []
    parts += [f"trim by {way['trim']}"] if way["trim"] != "none" else []
    parts += [f"separation by {way['separation']}"]
    own = f" ({way['pace']})" if "pace" in way else ""
    parts += [f"picture by {way['picture']}{own}"] if way["picture"] != "the source's own" else []
    parts += [f"voice {way['voice']}, {way['understood']}"] if "voice" in way else []
    parts += [f"tone {way['tone']}"] if "tone" in way else []
    return f"dubbed by {way['provider']}: {', '.join(parts)}"


def _warn_of_voice(way: dict[str, str], locale: str) -> list[str]:
    if not way.get("understood", "").startswith(_BAD_VOICES):
        return []
    from polyreel.dubbing.choice import suggest_voices

    better = f"for a better one: {suggest_voices(locale)}"
    return [f"  {'':<12} warning: {way['voice']} is {way['understood']} in {locale}; {better}"]


def _names_as_text(names: list[str], locale: str) -> str:
    """Names are said by the rules of the language around them; what to do where that is wrong."""
    shown = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    )
    try_one = f'polyreel voices say "{names[0]}" --locale {locale}'
    return f"names without a pronunciation: {shown} (hear one: `{try_one}`; correct it in `pronunciations`)"


def _error_as_text(error: dict[str, str]) -> str:
    return as_sentence(error["message"], error["remedy"], error["code"])


def _as_text(found: dict[str, Any]) -> str:
    lines = [
        f"{found['job']}: {found['source']['media']}",
        f"  {found['quote']['sentence']}",
        *(f"  {_MARKS[state]} {stage}" for stage, state in found["stages"].items()),
    ]
    for locale, language in found["languages"].items():
        marks = "  ".join(f"{_MARKS[state]} {stage}" for stage, state in language["stages"].items())
        lines.append(f"  {locale:<12} {marks}")
        if not language["error"]:
            lines.append(f"  {'':<12} {_way_as_text(language['dubbing'])}")
            lines += _warn_of_voice(language["dubbing"], locale)
        if language["names"]:
            lines.append(f"  {'':<12} {_names_as_text(language['names'], locale)}")
        if language["error"]:
            lines.append(f"  {'':<12} {_error_as_text(language['error'])}")
        lines += [f"  {'':<12} note: {note}" for note in language["notes"]]
    lines += [f"  note: {note}" for note in found["notes"]]
    lines += [f"  delivers to {folder}" for folder in found["delivers_to"]]
    return "\n".join(lines)
