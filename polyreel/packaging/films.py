"""Masters: one film with the original, every dub and every text, as MP4 or Matroska. Nothing in it is encoded anew."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyreel import locales
from polyreel.media.command import DEFAULT, Limits, Stream, local_input, local_output, repeat_option, run
from polyreel.media.mp4 import Mark
from polyreel.media.mux import AudioTrack, SubtitleTrack
from polyreel.media.mux import mux as write_tracks
from polyreel.media.probe import probe
from polyreel.packaging.roles import Rendition, Role
from polyreel.subtitles import read_file, write_bytes
from polyreel.subtitles.simultaneous import merge_simultaneous

# How ffmpeg calls what a track is for; MP4 keeps it as a DASH role (``kind``), Matroska as flags.
_DISPOSITIONS: dict[Role, str] = {
    "original": "original",
    "dub": "dub",
    "voiceover": "dub",
    "description": "visual_impaired+descriptions",
    "captions": "captions+hearing_impaired",
    "forced": "forced",
}
_SAID_BY_MATROSKA = frozenset({"original", "visual_impaired", "hearing_impaired", "forced"})


@dataclass(frozen=True, slots=True)
class Film:
    """What a master holds. ``picture`` is an MP4 with its chapters; of the sounds the first is the default one."""

    picture: Path
    sounds: Sequence[Rendition]
    texts: Sequence[Rendition]
    chapters: Sequence[Mark] = ()


async def write_mp4(
    film: Film, target: Path, *, limits: Limits = DEFAULT, on_progress: Callable[[float], None] | None = None
) -> None:
    """Write an MP4 with every track; no text is on by default. Raises as `mux` does."""
    sounds = [
        AudioTrack(one.path, one.locale, title=_name_track(one), default=place == 0, disposition=_name_disposition(one))
        for place, one in enumerate(film.sounds)
    ]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        texts = [
            SubtitleTrack(
                await asyncio.to_thread(_merge_cues, one.path, Path(folder, f"{place}.vtt")),
                one.locale,
                title=one.name,
                disposition=_name_disposition(one),
            )
            for place, one in enumerate(film.texts)
        ]
        await write_tracks(
            film.picture, sounds, texts, target, chapters=film.chapters, limits=limits, on_progress=on_progress
        )


async def write_mkv(
    film: Film, target: Path, *, limits: Limits = DEFAULT, on_progress: Callable[[float], None] | None = None
) -> None:
    """Write a Matroska file with every track; texts as SubRip, where cues may overlap. Raises as `run` does."""
    info = await asyncio.to_thread(probe, film.picture)
    if info.video is None:
        raise ValueError("there is no picture for a master")
    nodes = [local_input(film.picture)[str(info.video.index)]]
    options: dict[str, Any] = {"c:v": "copy"}
    for place, one in enumerate(film.sounds):
        nodes.append(local_input(one.path)["a:0"])
        options |= {f"c:a:{place}": "copy"} | _list_labels(f"a:{place}", one, is_default=place == 0)
    for place, one in enumerate(film.texts):
        nodes.append(local_input(one.path, format="webvtt")["s:0"])
        options |= {f"c:s:{place}": "srt"} | _list_labels(f"s:{place}", one, is_default=False)
    output = _make_matroska(nodes, target, options)
    await run(output, limits=limits, on_progress=on_progress, expected_ms=round(info.duration * 1000))


def _merge_cues(text: Path, target: Path) -> Path:
    """An MP4's own text track shows one text at a time: where cues meet, both are put into it."""
    target.write_bytes(write_bytes(merge_simultaneous(read_file(text).track), "vtt")[0])
    return target


def _make_matroska(nodes: Sequence[Stream], target: Path, options: dict[str, Any]) -> Stream:
    # The picture's file is the first input: its chapters are the reel's, and keep their titles.
    bare = {"map_metadata:g": -1, "map_metadata:s": -1}
    # Unless marks are passed through, ffmpeg's muxer makes the first text one that is shown by default.
    return local_output(
        *nodes, path=target, format="matroska", map_chapters=0, default_mode="passthrough", **bare, **options
    )


def _name_disposition(one: Rendition) -> str:
    return _DISPOSITIONS.get(one.role, "")


def _name_track(one: Rendition) -> str:
    """Players of MP4 show a track's name, and no more: none tells an original by its role."""
    return f"{one.name} (Original)" if one.role == "original" else one.name


def _list_labels(place: str, one: Rendition, *, is_default: bool) -> dict[str, str]:
    known = [word for word in _name_disposition(one).split("+") if word in _SAID_BY_MATROSKA]
    return {
        f"metadata:s:{place}": repeat_option(f"language={locales.iso639_2(one.locale)}", f"title={one.name}"),
        f"disposition:{place}": "+".join([*(["default"] if is_default else []), *known]) or "0",
    }
