"""What a film costs beside speech synthesis: processor time as a share of its length, and memory of the process tree.

Ten minutes of 720p for the time, on one core; two hours for the memory. The films are the narrated video, repeated
without encoding; the scripts are its own, repeated. What was spoken is in the store, everything else is made anew:
decode, fit, mix, loudness, AAC, mux, subtitles, checks, delivery.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.narrated import CLIP_S, NARRATED, make_narrated
from benchmarks.tree import peak_while
from polyreel.delivery.folder import FolderDelivery
from polyreel.delivery.port import Item, Parcel
from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.limits import SoundLimits
from polyreel.dubbing.port import DubRequest
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.media.binaries import ffmpeg
from polyreel.media.mux import AudioTrack, SubtitleTrack, mux
from polyreel.media.probe import probe
from polyreel.sources.ingest import ingest
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.checks import check as check_cues
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import shift

LANGUAGE = "es-ES"
MINUTES = int(os.environ.get("POLYREEL_BENCH_MINUTES", "10"))
LONG_MINUTES = int(os.environ.get("POLYREEL_BENCH_LONG_MINUTES", "120"))


def run() -> list[dict[str, Any]]:
    make_narrated()
    with tempfile.TemporaryDirectory() as folder:
        return [_time(Path(folder) / "short"), _memory(Path(folder) / "long")]


def _time(folder: Path) -> dict[str, Any]:
    film, script = _film(folder, MINUTES)
    first = _child(folder, film, script)
    _forget_all_but_speech(folder / "store")
    again = _child(folder, film, script)
    share = again["cpu"] / (MINUTES * 60)
    return {
        "name": f"{MINUTES} min, one language, without synthesis",
        "cpu_s": again["cpu"],
        "wall_s": again["wall"],
        "with_synthesis_cpu_s": first["cpu"],
        "ratio": share,
        "goal": "<= 0.02 of the length",
    }


def _memory(folder: Path) -> dict[str, Any]:
    film, script = _film(folder, LONG_MINUTES)
    found = _child(folder, film, script)
    return {
        "name": f"{LONG_MINUTES} min, memory of the tree",
        "peak_mb": found["peak_mb"],
        "wall_s": found["wall"],
        "goal": "< 600 MB",
    }


def _film(folder: Path, minutes: int) -> tuple[Path, Path]:
    folder.mkdir()
    film, length = folder / "film.mp4", minutes * 60
    source = NARRATED / "narrated.mp4"
    times = -(-length // 42)
    command = [str(ffmpeg()), "-v", "error", "-stream_loop", str(times), "-i", str(source), "-t", str(length)]
    subprocess.run([*command, "-c", "copy", str(film)], check=True)
    track = read_file(NARRATED / f"narrated.{LANGUAGE}.srt").track
    cues: list[Cue] = []
    for turn in range(times + 1):
        cues += [c for c in shift(track, round(turn * CLIP_S * 1000)).cues if c.end_ms < length * 1000]
    script = folder / "script.vtt"
    script.write_text(write(Track(tuple(cues)), "vtt").text, "utf-8")
    return film, script


def _forget_all_but_speech(store: Path) -> None:
    for records in (store / "records").iterdir():
        if not records.name.startswith("speech"):
            shutil.rmtree(records)


def _child(folder: Path, film: Path, script: Path) -> dict[str, float]:
    """The work in a process of its own, on one core, watched from outside."""
    env = {**os.environ, "POLYREEL_HOME": str(folder)}
    begun = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.film", str(folder), str(film), str(script)]
    with subprocess.Popen(command, env=env) as child:
        peak = peak_while(child)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise RuntimeError("the film could not be dubbed")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "wall": time.perf_counter() - begun, "peak_mb": peak}


async def _work(folder: Path, film: Path, script: Path) -> None:
    store = LocalStore()
    source = await ingest(str(film), store)
    info = probe(film)
    stems = await part(film, store, Ducked())
    request = DubRequest(
        locale=LANGUAGE,
        source_locale="en-US",
        reel=source,
        duration=str(info.duration),
        script=await ingest(str(script), store),
        stems=stems,
    )
    dubber = EmbeddedDubber(store, EspeakVoice())
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    dubbed = await dubber.collect(request, receipt)
    check_dub(dubbed, info.duration, SoundLimits())
    track = read_file(script).track
    check_cues(track, "netflix", LANGUAGE)
    if dubbed.audio is None:
        raise RuntimeError("the dub has no sound")
    texts = {kind: store.keep_bytes(write(track, kind).text.encode(), f".{kind}") for kind in ("srt", "vtt")}
    with store.open_scratch() as scratch:
        target = scratch / "dubbed.mp4"
        await mux(film, [AudioTrack(path_of(dubbed.audio), LANGUAGE)], [SubtitleTrack(script, LANGUAGE)], target)
        video = store.keep_file(target)
    items = [Item(path="film.mp4", stored_file=video, role="video", locale=LANGUAGE)]
    items += [Item(path=f"film.{kind}", stored_file=text, role="subtitles") for kind, text in texts.items()]
    await FolderDelivery(folder / "out").deliver(Parcel(name="film", items=tuple(items)))


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, for everything that is started from here
    asyncio.run(_work(*map(Path, sys.argv[1:4])))
