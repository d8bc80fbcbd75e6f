"""Streaming packages: every language that goes out, in one HLS or DASH presentation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from polyreel.delivery.port import Item
from polyreel.keys import stage_key
from polyreel.media.package import Rendition
from polyreel.media.package import package as make_package
from polyreel.outcome import Artefact, Outcome, Value
from polyreel.plan import VERSIONS, Plan
from polyreel.store import Store, path_of
from polyreel.stores import open_store
from tasks.finish import Finished, Languages
from tasks.places import at_work
from tasks.stage import stage


class Packaged(Value):
    """The files of the streaming packages, at their places below the delivery; none when none was asked for."""

    items: tuple[Item, ...] = ()


def _key(given: dict[str, Any]) -> str:
    # By content: which languages are in it is only known now.
    going = _going_out(given["languages"], given["outcome"])
    parts = [(each.locale, each.video.sha256, each.tracks.files["vtt"].sha256) for each in going]
    return stage_key("package", VERSIONS["package"], of=parts, kinds=given["plan"].job.packaging)


@stage("package", key=_key)
async def package(plan: Plan, languages: Languages, outcome: Outcome) -> Packaged:
    """One presentation with a sound and a text track per language, named and tagged."""
    going = _going_out(languages, outcome)
    if not plan.job.packaging or not going:
        return Packaged()
    store = open_store()
    with store.scratch() as folder:
        audios = [Rendition(_own_name(folder, each, each.audio or each.video, ".m4a"), each.locale) for each in going]
        texts = [Rendition(_own_name(folder, each, each.tracks.files["vtt"], ".vtt"), each.locale) for each in going]
        video = path_of(going[0].video)
        async with at_work("package"):
            made = await make_package(video, audios, texts, folder / "made", plan.job.packaging)
        return Packaged(items=await asyncio.to_thread(_kept, store, folder / "made", made))


def _going_out(languages: Languages, outcome: Outcome) -> list[Finished]:
    return [each for each in languages.finished if outcome.languages[each.locale].status == "delivered"]


def _own_name(folder: Path, finished: Finished, file: Artefact, suffix: str) -> Path:
    """The packager wants a file per track, and two languages may share one script's content."""
    link = folder / f"{finished.locale}{suffix}"
    link.symlink_to(path_of(file))
    return link


def _kept(store: Store, root: Path, files: list[Path]) -> tuple[Item, ...]:
    return tuple(
        Item(
            path=(name := file.relative_to(root).as_posix()),
            artefact=store.keep(file, file.suffix),
            role=name.partition("/")[0],
        )
        for file in files
    )
