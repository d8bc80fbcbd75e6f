"""What packaging costs beside the tools that it stands on, and whether it stays small: a film in several languages.

A package without a ladder against Shaka Packager alone, a ladder against ffmpeg alone, each pair in turns on the same
film; and two hours in ten languages, whose picture and sounds are the narrated reel's, repeated without encoding.
``POLYREEL_BENCH_MINUTES`` and ``POLYREEL_BENCH_LONG_MINUTES`` say how long the films are.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.narrated import make_narrated
from benchmarks.tree import peak_while
from polyreel.machine.plain_names import plain_names
from polyreel.media.binaries import ffmpeg
from polyreel.media.codecs import h264_options
from polyreel.packaging.ladder import make_ladder
from polyreel.packaging.picture import KEY_PICTURES
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import _build_command, _Form, package
from polyreel.store.local import LocalStore
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Track
from polyreel.subtitles.timing import shift

MINUTES = int(os.environ.get("POLYREEL_BENCH_MINUTES", "10"))
LONG_MINUTES = int(os.environ.get("POLYREEL_BENCH_LONG_MINUTES", "120"))
LADDER = (720, 360)
_LADDER_S = 42
_ROUNDS = 3
LANGUAGES = ("en-US", "es-ES", "de-DE", "fr-FR", "it-IT", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "ar-SA")
_CLIP_MS = 42_400


def run() -> list[dict[str, Any]]:
    make_narrated()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [_against_packager(folder / "a"), _against_ffmpeg(folder / "b"), _memory(folder / "c")]


def _against_packager(folder: Path) -> dict[str, Any]:
    film, sounds, texts = make_tracks(folder, MINUTES, LANGUAGES[:3])
    (folder / "alone").mkdir()
    with plain_names(folder) as names:
        form = _Form(names.of(folder / "alone"), ("hls", "dash"), "byterange")
        command = _build_command({"video": names.of(film)}, sounds, texts, form)
        # As it is run by hand: with its own caches.
        alone = [each for each in command if not each.startswith("--io_cache_size")]
        ours, theirs = _take_turns(
            lambda: asyncio.run(_package(folder, film, sounds, texts)),
            lambda: subprocess.run(alone, check=True),
        )
    return _row(f"{MINUTES} min, 3 languages, HLS and DASH (theirs: packager alone)", ours, theirs)


async def _package(folder: Path, film: Path, sounds: list[Rendition], texts: list[Rendition]) -> None:
    """As a job does it: packaged, and every file kept under its hash."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    store = LocalStore(folder / "store")
    with store.open_scratch() as scratch:
        for file in await package([film], sounds, texts, scratch, ("hls", "dash")):
            store.keep_file(file, file.suffix)


def _against_ffmpeg(folder: Path) -> dict[str, Any]:
    film, _, _ = make_tracks(folder, 1, LANGUAGES[:1])
    cut = folder / "cut.mp4"
    command = [str(ffmpeg()), "-v", "error", "-y", "-i"]
    subprocess.run([*command, str(film), "-t", str(_LADDER_S), "-c", "copy", "-an", str(cut)], check=True)
    ours, theirs = _take_turns(
        lambda: asyncio.run(_ladder(folder, cut)), lambda: subprocess.run(_ladder_alone(command, cut), check=True)
    )
    return _row(f"{_LADDER_S} s in {' and '.join(map(str, LADDER))} lines (theirs: ffmpeg alone)", ours, theirs)


async def _ladder(folder: Path, film: Path) -> None:
    shutil.rmtree(folder / "store", ignore_errors=True)
    store = LocalStore(folder / "store")
    with store.open_scratch() as scratch:
        copy = shutil.copyfile(film, scratch / "film.mp4")
        await make_ladder(store.keep_file(copy, ".mp4"), LADDER, store)


def _ladder_alone(command: list[str], film: Path) -> list[str]:
    """The same pictures by one ffmpeg command, as somebody would write it by hand."""
    numbers = range(len(LADDER))
    split = f"[0:v]split={len(LADDER)}" + "".join(f"[in{number}]" for number in numbers)
    scaled = [f"[in{number}]scale=-2:{LADDER[number]}:flags=bicubic[out{number}]" for number in numbers]
    outputs: list[str] = []
    for number in numbers:
        for name, value in {**h264_options(), **KEY_PICTURES}.items():
            outputs += [f"-{name}", *([] if value is None else [str(value)])]
        place = len(outputs)
        outputs = [*outputs[:place], "-map", f"[out{number}]", str(film.with_name(f"alone-{LADDER[number]}.mp4"))]
    return [*command, str(film), "-filter_complex", ";".join([split, *scaled]), *outputs]


def _memory(folder: Path) -> dict[str, Any]:
    make_tracks(folder, LONG_MINUTES, LANGUAGES)
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", "benchmarks.packaging", str(folder)]) as child:
        peak = peak_while(child)
    if child.returncode:
        raise RuntimeError("the film could not be packaged")
    return {
        "name": f"{LONG_MINUTES} min in {len(LANGUAGES)} languages, memory of the tree",
        "peak_mb": peak,
        "wall_s": time.perf_counter() - begun,
        "goal": "< 600 MB",
    }


def make_tracks(folder: Path, minutes: int, locales: tuple[str, ...]) -> tuple[Path, list[Rendition], list[Rendition]]:
    """The narrated reel for so many minutes: its picture, its sound once per language, each language's script."""
    folder.mkdir()
    length, times = minutes * 60, minutes * 60_000 // _CLIP_MS + 1
    source = [str(ffmpeg()), "-v", "error", "-stream_loop", str(times), "-i", str(make_narrated() / "narrated.mp4")]
    film, sound = folder / "film.mp4", folder / "sound.m4a"
    subprocess.run([*source, "-t", str(length), "-c", "copy", str(film)], check=True)
    subprocess.run([*source, "-t", str(length), "-vn", "-c", "copy", str(sound)], check=True)
    for locale in locales:
        (folder / f"{locale}.m4a").hardlink_to(sound)
        track = read_file(make_narrated() / f"narrated.{locale}.srt").track
        cues = [cue for turn in range(times) for cue in shift(track, turn * _CLIP_MS).cues]
        kept = tuple(cue for cue in cues if cue.end_ms < length * 1000)
        (folder / f"{locale}.vtt").write_text(write(Track(kept), "vtt").text, "utf-8")
    return film, *_renditions(folder, locales)


def _renditions(folder: Path, locales: tuple[str, ...]) -> tuple[list[Rendition], list[Rendition]]:
    sounds = [Rendition(folder / f"{each}.m4a", each, role="dub", is_machine_made=True) for each in locales]
    return sounds, [Rendition(folder / f"{each}.vtt", each, role="subtitles") for each in locales]


def _take_turns(*works: Callable[[], Any]) -> list[float]:
    """The least seconds of processor of each, children and all; in turns, so that both are disturbed alike."""
    times = [[_cpu_of(work) for work in works] for _ in range(_ROUNDS)]
    return [min(each) for each in zip(*times, strict=True)]


def _cpu_of(work: Callable[[], Any]) -> float:
    before = os.times()
    work()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def _row(name: str, ours: float, theirs: float) -> dict[str, Any]:
    return {"name": name, "ours_cpu_s": ours, "theirs_cpu_s": theirs, "ratio": ours / theirs, "goal": "<= 1.1"}


if __name__ == "__main__":
    work = Path(sys.argv[1])
    asyncio.run(_package(work, work / "film.mp4", *_renditions(work, LANGUAGES)))
