"""Streaming packages: every language that goes out, and the original, in one HLS or DASH presentation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.delivery.port import Item
from polyreel.engine.models.registry import HLS_JS, SHAKA_PLAYER, Model
from polyreel.engine.models.shelf import check_file, is_here, pull_command
from polyreel.job import PackageKind
from polyreel.keys import stage_key
from polyreel.media.probe import probe
from polyreel.outcome import Outcome, Problem, Reel
from polyreel.packaging.roles import Rendition
from polyreel.plans import VERSIONS, Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.port import Store
from tasks.run.progress import reporter
from tasks.run.slots import at_work
from tasks.run.stage import stage
from tasks.run.values import LanguageResult, LanguageResults, Packaged
from tasks.together import content_of, going_out, link, original_of, sounds_of, texts_of, with_descriptions

if TYPE_CHECKING:
    from polyreel.packaging.original import Original

PLAYERS = {"hls": HLS_JS, "dash": SHAKA_PLAYER}

_OF_PLAYERS = frozenset({"index.html", *(each.files[0].path for each in PLAYERS.values())})


def _make_key(given: dict[str, Any]) -> str:
    # By content: which languages are in it is only known now.
    going = going_out(given["languages"], given["outcome"])
    asked = [each.key_inputs() for each in given["plan"].job.packaging]
    of = content_of(going, given["original"])
    name, players = given["plan"].job.name, [each.fingerprint for each in PLAYERS.values() if is_here(each)]
    return stage_key("package", VERSIONS["package"], of=of, asked=asked, name=name, players=players)


@stage("package", key=_make_key)
async def package(
    plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome, original: Original | None
) -> Packaged:
    """One presentation with a sound and a text track per language, named and marked as what they are."""
    from polyreel.packaging.streaming import package as make_package

    going = going_out(languages, outcome)
    if not plan.job.packaging or not going:
        return Packaged()
    store, kinds = open_store(), [each.kind for each in plan.job.packaging]
    with store.open_scratch() as folder:
        sounds, texts = sounds_of(going, original, folder), texts_of(going, original, folder)
        async with at_work("package"):
            pictures, notes = await _make_pictures(plan, reel, going, folder)
            asked = plan.job.packaging[0]
            made = await make_package(
                pictures, sounds, texts, folder / "made", kinds, segments=asked.segments, thumbnails=asked.thumbnails
            )
        pages, missing = await asyncio.to_thread(_write_pages, folder / "made", kinds, plan.job.name, reel.has_picture)
        items = await asyncio.to_thread(_keep_files, store, folder / "made", made + pages, [*sounds, *texts])
        return Packaged(items=items, notes=(*notes, *missing))


def _player_of(kind: PackageKind, has_picture: bool) -> Model:
    """hls.js changes no sound of a package without a picture: it goes on with the first beside the chosen one."""
    return PLAYERS[kind] if has_picture else SHAKA_PLAYER


def _write_pages(
    root: Path, kinds: Sequence[PackageKind], title: str, has_picture: bool
) -> tuple[list[Path], tuple[str, ...]]:
    """A page that plays it beside each manifest; what is missing for one, in a sentence."""
    from polyreel.packaging.player import write_page

    players = {kind: _player_of(kind, has_picture) for kind in kinds}
    absent = list(dict.fromkeys(each for each in players.values() if not is_here(each)))
    missing = (f"No page that plays the package: run `{pull_command(*absent)}`, and again.",) if absent else ()
    pages: list[Path] = []
    for kind, player in players.items():
        if player not in absent:
            script = check_file(player, player.files[0].path)
            pages += write_page(root / kind, kind, title, script, has_picture=has_picture)
    return pages, missing


async def _make_pictures(
    plan: Plan, reel: Reel, going: Sequence[LanguageResult], folder: Path
) -> tuple[list[Path], tuple[str, ...]]:
    """What the package shows: the rungs of its ladder, else the delivered picture as it is."""
    from polyreel.packaging.ladder import make_ladder

    if not reel.has_picture:
        return [], ()
    ladder = plan.job.packaging[0].ladder
    if not ladder:
        video, notes = await _make_packageable(path_of(going[0].video), folder)
        return [video], notes
    # The reel's own picture stays the same whatever is dubbed again, and so do its rungs.
    whose = going[0].video if all(each.has_own_picture for each in going) else reel.file
    rungs = await make_ladder(whose, ladder, open_store(), on_progress=reporter("package"))
    return [link(folder / f"{rung}.mp4", file) for rung, file in rungs.items()], ()


async def _make_packageable(video: Path, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The picture as players of streams show it: the delivered one, or one encoded for the package."""
    from polyreel.packaging.picture import encode_for_package, explain_encoding

    info = await asyncio.to_thread(probe, video)
    # A film takes pictures that no player of streams shows: turned ones, fields, fine colour.
    reason = explain_encoding(info.video) if info.video else ""
    if not reason:
        return video, ()
    await encode_for_package(info, folder / "picture.mp4", on_progress=reporter("package"))
    return folder / "picture.mp4", (f"The streaming packages have a picture of their own: {reason}.",)


async def package_or_explain(plan: Plan, reel: Reel, languages: LanguageResults, outcome: Outcome) -> Packaged:
    """The packages; where they can't be made, the reason: finished languages go out all the same."""
    try:
        languages = await with_descriptions(plan, reel, languages) if plan.job.packaging else languages
        with_original = any(each.original for each in plan.job.packaging) and going_out(languages, outcome)
        original = await original_of(plan, reel) if with_original else None
        return await package(plan, reel, languages, outcome, original)
    except Exception as error:  # noqa: BLE001 - whatever it is, the languages are delivered, and it is reported
        problem = Problem.of(error)
        said = f"the streaming packages could not be made: {problem.message}"
        return Packaged(problem=problem.model_copy(update={"message": said}))


def _keep_files(store: Store, root: Path, files: list[Path], tracks: list[Rendition]) -> tuple[Item, ...]:
    from polyreel.packaging.streaming import locale_of

    return tuple(
        Item(
            path=(name := file.relative_to(root).as_posix()),
            stored_file=store.keep_file(file, file.suffix),
            role="player" if file.name in _OF_PLAYERS else name.partition("/")[0],
            locale=locale_of(file, tracks),
        )
        for file in files
    )
