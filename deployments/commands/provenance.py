"""`polyreel provenance FILE`: what a file says of how it came to be, and whether it was changed since."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from deployments.commands.printing import make_printable

if TYPE_CHECKING:
    from polyreel.engine.watermark.stem import Search
    from polyreel.packaging.provenance.c2pa import Found


class _Track(NamedTuple):
    """A sound track, and what was found in it. ``language`` is as the file says it."""

    number: int
    language: str
    search: Search

    def as_dict(self) -> dict[str, Any]:
        return {
            "track": self.number,
            "language": self.language,
            "found": self.search.is_found,
            "stretches": self.search.stretches,
            "marked": self.search.marked,
            "surest": self.search.surest,
        }

    def describe(self) -> str:
        name = f"sound track {self.number}" + (f" ({self.language})" if self.language else "")
        found, search = "a watermark" if self.search.is_found else "no watermark", self.search
        return f"{name}: {found}, in {search.marked} of {search.stretches} stretches of 10 s"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def provenance(file: Path, as_json: bool) -> None:
    """Say what FILE's marks of origin are. Exit code 1: it has no signed manifest, or it doesn't fit the file."""
    from deployments.commands.errors import report_errors
    from polyreel.packaging.provenance import c2pa

    with report_errors(as_json=as_json):
        # Before the file is read: without it "no manifest" would be said of a signed one.
        c2pa.require_library()
        found = c2pa.read(file)
        tracks = asyncio.run(_search_tracks(file))
    said = json.dumps(_as_dict(file, found, tracks), ensure_ascii=False, indent=2)
    told = "\n".join([_describe_file(file, found), *_describe_watermark(tracks)])
    click.echo(said if as_json else make_printable(told))
    # Of the manifest alone: a watermark says that a voice is synthetic, not that a file is unchanged.
    sys.exit(0 if found and found.is_whole else 1)


async def _search_tracks(file: Path) -> list[_Track] | None:
    """What is found in each sound track; None where the weights to look with are not here. Raises PolyreelError."""
    from polyreel.engine.models import shelf
    from polyreel.engine.models.registry import WATERMARK
    from polyreel.engine.watermark.network import PerthNet
    from polyreel.engine.watermark.stem import search_track
    from polyreel.media.probe import probe

    # Not fetched for it: a look at a file downloads nothing by itself.
    if not shelf.is_here(WATERMARK):
        return None
    sounds, net = probe(file).audio, PerthNet()
    return [
        _Track(number, sound.language or "", await search_track(file, number, net))
        for number, sound in enumerate(sounds)
    ]


def _describe_watermark(tracks: list[_Track] | None) -> list[str]:
    from polyreel.engine.models.registry import WATERMARK
    from polyreel.engine.models.shelf import pull_command

    if tracks is None:
        return [f"No watermark was looked for: `{pull_command(WATERMARK)}` gets what finds it."]
    return [track.describe() for track in tracks] or ["No watermark: there is no sound in it."]


def _as_dict(file: Path, found: Found | None, tracks: list[_Track] | None) -> dict[str, Any]:
    watermark = None if tracks is None else [track.as_dict() for track in tracks]
    if found is None:
        return {"file": str(file), "c2pa": None, "watermark": watermark}
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
    return {"file": str(file), "c2pa": said, "watermark": watermark}


def _describe_file(file: Path, found: Found | None) -> str:
    from polyreel.packaging.provenance.manifest import describe_clones, describe_reviews

    if found is None:
        return f"{file}: no C2PA manifest: nothing says how it came to be, or it was taken out."
    whole = "it is as it was signed" if found.is_whole else "IT WAS CHANGED SINCE, OR IS DAMAGED"
    trusted = "" if found.state == "trusted" else "; whether to trust the signer is for you to know"
    lines = [f"{file}: a C2PA manifest of {found.title}, signed by {found.signer or 'nobody'}: {whole}{trusted}."]
    lines += ["SIGNED WITH A TEST KEY: IT PROVES NOTHING."] if found.is_test else []
    lines += [f"  {_write_sentence(action)}" for action in found.actions]
    lines += [f"  made from {each.get('title', 'a file without a name')}" for each in found.ingredients]
    for each in found.facts.get("dubs", ()):
        said = (*describe_clones(each), *describe_reviews(each), each["notice"])
        lines += [f"  {each['locale']}: {line}" for line in said]
    lines += [f"  problem: {each}" for each in found.problems]
    return "\n".join(lines)


def _write_sentence(action: dict[str, Any]) -> str:
    """``dubbed by Kokoro (compositeWithTrainedAlgorithmicMedia)``, ``translated from en-US into es-ES``."""
    name, agent = str(action.get("action", "")).removeprefix("c2pa."), action.get("softwareAgent") or {}
    known = action.get("parameters") or {}
    languages = f" from {known['sourceLanguage']} into {known['targetLanguage']}" if "targetLanguage" in known else ""
    by = f" by {agent['name']}" if isinstance(agent, dict) and agent.get("name") else ""
    kind = f" ({str(action['digitalSourceType']).rpartition('/')[2]})" if action.get("digitalSourceType") else ""
    return f"{name}{languages}{by}{kind}"
