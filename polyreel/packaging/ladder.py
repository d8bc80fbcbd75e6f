"""A ladder of pictures: the reel in several sizes for several lines, encoded in one pass, each size once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.keys import stage_key
from polyreel.media.codecs import encode_picture
from polyreel.media.command import DEFAULT, Limits, Stream, local_input, local_output, merge_outputs, run
from polyreel.media.info import MediaInfo, VideoStream
from polyreel.media.probe import probe
from polyreel.outcome import StoredFile
from polyreel.packaging.picture import KEY_PICTURES, as_shown
from polyreel.store.local import path_of
from polyreel.store.port import Store

_VERSION = 1
# Enough for busy pictures at a size; quiet ones need less, which the constant quality gives them.
_BITS_PER_PIXEL = 0.09


def check_ladder(ladder: Sequence[int], largest: int) -> None:
    """See that no rung is larger than the source, whose short side has ``largest`` lines. Raises InvalidJob."""
    above = [rung for rung in ladder if rung > largest]
    if above:
        raise InvalidJob(
            f"the ladder asks for {', '.join(map(str, above))} lines, and the source has {largest}",
            code="ladder_above_source",
            where="packaging.ladder",
            remedy=f"Leave out what is above {largest}: enlarging adds nothing but bytes.",
        )


def short_side(video: VideoStream) -> int:
    """What a rung is called by: 1080 is 1920x1080, and 1080x1920 of a film held upright."""
    return min(video.width, video.height)


async def make_ladder(
    picture: StoredFile,
    ladder: Sequence[int],
    store: Store,
    *,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> dict[int, StoredFile]:
    """Every rung of a film's picture, largest first, as MP4; what an earlier run has encoded is taken as it is.

    The rungs' key pictures lie at the same times, so that players can change between them. Raises as `run` does.
    """
    kept = {rung: _load_rung(picture, rung, store) for rung in sorted(set(ladder), reverse=True)}
    missing = [rung for rung, file in kept.items() if file is None]
    if missing:
        info = await asyncio.to_thread(probe, path_of(picture))
        with store.open_scratch() as folder:
            await _encode_rungs(info, missing, folder, limits, on_progress)
            for rung in missing:
                kept[rung] = await asyncio.to_thread(store.keep_file, folder / f"{rung}.mp4")
    for rung, file in kept.items():
        if file and rung in missing:
            store.save_record(_make_key(picture, rung), file.model_dump())
    return {rung: file for rung, file in kept.items() if file}


def _make_key(picture: StoredFile, rung: int) -> str:
    return stage_key("ladder", _VERSION, picture=picture.sha256, rung=rung)


def _load_rung(picture: StoredFile, rung: int, store: Store) -> StoredFile | None:
    found = store.load_record(_make_key(picture, rung))
    kept = StoredFile.model_validate(found) if found else None
    return kept if kept and store.has(kept) else None


async def _encode_rungs(
    info: MediaInfo,
    rungs: Sequence[int],
    folder: Path,
    limits: Limits,
    on_progress: Callable[[float], None] | None,
) -> None:
    if info.video is None:
        raise ValueError("there is no picture to package")
    video = as_shown(info.video)
    node, options = encode_picture(local_input(info.path)[str(info.video.index)], video)
    # All rungs in one run: the source is decoded once.
    copies = node.filter_multi_output("split", len(rungs))
    outputs = [_encode_rung(copies[place], video, rung, folder, options) for place, rung in enumerate(rungs)]
    await run(merge_outputs(*outputs), limits=limits, on_progress=on_progress, expected_ms=round(info.duration * 1000))


def _encode_rung(node: Stream, video: VideoStream, rung: int, folder: Path, options: dict[str, Any]) -> Stream:
    upright = video.height > video.width
    size = {"w": rung, "h": -2} if upright else {"w": -2, "h": rung}
    pixels = rung * rung * max(video.width, video.height) / short_side(video)
    most = round(pixels * float(video.frame_rate or 25) * _BITS_PER_PIXEL)
    # -2: an even number, as 4:2:0 needs one.
    scaled = node.filter("scale", flags="bicubic", **size)
    return local_output(
        scaled,
        path=folder / f"{rung}.mp4",
        format="mp4",
        maxrate=most,
        bufsize=2 * most,
        **{**options, **KEY_PICTURES},
    )
