"""`polyreel provenance FILE`: what a file says of how it came to be, and whether it was changed since."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from polyreel.packaging.provenance.c2pa import Found

_NO_WATERMARK = "No watermark was looked for: this version has no detector."


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def provenance(file: Path, as_json: bool) -> None:
    """Say what FILE's marks of origin are. Exit code 1: it has none, or they don't fit the file."""
    from deployments.commands.errors import report_errors
    from polyreel.packaging.provenance import c2pa

    with report_errors(as_json=as_json):
        c2pa.require_library()
        found = c2pa.read(file)
    click.echo(json.dumps(_as_dict(file, found), ensure_ascii=False, indent=2) if as_json else _describe(file, found))
    sys.exit(0 if found and found.is_whole else 1)


def _as_dict(file: Path, found: Found | None) -> dict[str, Any]:
    if found is None:
        return {"file": str(file), "c2pa": None, "watermark": None}
    said = {
        "state": found.state,
        "signer": found.signer,
        "is_test": found.is_test,
        "title": found.title,
        "actions": list(found.actions),
        "ingredients": list(found.ingredients),
        "facts": found.facts,
        "problems": list(found.problems),
    }
    return {"file": str(file), "c2pa": said, "watermark": None}


def _describe(file: Path, found: Found | None) -> str:
    from polyreel.packaging.provenance.manifest import describe_reviews

    if found is None:
        return f"{file}: no C2PA manifest: nothing says how it came to be, or it was taken out.\n{_NO_WATERMARK}"
    whole = "it is as it was signed" if found.is_whole else "IT WAS CHANGED SINCE, OR IS DAMAGED"
    trusted = "" if found.state == "trusted" else "; whether to trust the signer is for you to know"
    lines = [f"{file}: a C2PA manifest of {found.title}, signed by {found.signer or 'nobody'}: {whole}{trusted}."]
    lines += ["SIGNED WITH A TEST KEY: IT PROVES NOTHING."] if found.is_test else []
    lines += [f"  {_write_sentence(action)}" for action in found.actions]
    lines += [f"  made from {each.get('title', 'a file without a name')}" for each in found.ingredients]
    for each in found.facts.get("dubs", ()):
        lines += [f"  {each['locale']}: {line}" for line in (*describe_reviews(each), each["notice"])]
    lines += [f"  problem: {each}" for each in found.problems]
    return "\n".join([*lines, _NO_WATERMARK])


def _write_sentence(action: dict[str, Any]) -> str:
    """``dubbed by Kokoro (compositeWithTrainedAlgorithmicMedia)``, ``translated from en-US into es-ES``."""
    name, agent = str(action.get("action", "")).removeprefix("c2pa."), action.get("softwareAgent") or {}
    known = action.get("parameters") or {}
    languages = f" from {known['sourceLanguage']} into {known['targetLanguage']}" if "targetLanguage" in known else ""
    by = f" by {agent['name']}" if isinstance(agent, dict) and agent.get("name") else ""
    kind = f" ({str(action['digitalSourceType']).rpartition('/')[2]})" if action.get("digitalSourceType") else ""
    return f"{name}{languages}{by}{kind}"
