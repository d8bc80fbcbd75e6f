"""How much memory a job's whole process tree takes at the most, its own server included, where it is asked for most.

A narrated film with everything on (heard, parted, neural voices, speakers told apart, watermark, every check) whose
scripts are long and odd: two cues without a full stop that fill the film, figures without end, a word of 400 letters.
In one language and in nine; and two hours with basic voices and packages, which need no weights. ``memory:1``,
``memory:9`` and ``memory:long`` are one of them. ``POLYREEL_BENCH_MEMORY_MINUTES`` and ``POLYREEL_BENCH_LONG_MINUTES``
say how long the films are, ``POLYREEL_BENCH_LOCALES`` which languages; the course of each case by process is in
``benchmarks/out/memory-*.csv``.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.engine import Bench, Film, Taken
from benchmarks.narrated import NARRATED, make_narrated
from benchmarks.tree import TreeMemory
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import (
    KOKORO,
    KOKORO_VOICES,
    SPEECH_QUALITY,
    SPLEETER,
    VOICE_PRINTS,
    WATERMARK,
    WHISPER_BASE,
)
from polyreel.machine import home
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Cue, Track

MINUTES = float(os.environ.get("POLYREEL_BENCH_MEMORY_MINUTES", "4"))
NINE = ("es-ES", "fr-FR", "it-IT", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "de-DE", "en-GB")
LONG_MINUTES = float(os.environ.get("POLYREEL_BENCH_LONG_MINUTES", "120"))
GOALS = {1: 1500, 9: 1800}
LONG_GOAL = 700
OUT = Path(__file__).parent / "out"
_WEIGHTS = (KOKORO, KOKORO_VOICES, SPEECH_QUALITY, SPLEETER, VOICE_PRINTS, WATERMARK, WHISPER_BASE)
_LETTERS_PER_S = {"ja-JP": 4.0, "zh-CN": 3.0}
_USUAL_LETTERS_PER_S = 9.0


def run(part: str = "") -> Iterator[dict[str, Any]]:
    """Each case as soon as it is measured, or the one named."""
    make_narrated()
    asked = tuple(each for each in os.environ.get("POLYREEL_BENCH_LOCALES", "").split(",") if each) or NINE
    absent = shelf.list_absent(*_WEIGHTS)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), Path(os.environ.get("POLYREEL_BENCH_MODELS") or home.models_dir()), "")
        if part in ("", "long"):
            yield _measure_long(bench)
        if part != "long" and absent:
            yield {"name": f"needs weights: {shelf.pull_command(*absent)}"}
        elif part != "long":
            film = _make_odd_film(bench, asked)
            cases = [asked[: int(part)]] if part else [asked[:1], asked]
            for locales in dict.fromkeys(cases):
                yield _measure_odd(bench, film, locales)


def _measure_long(bench: Bench) -> dict[str, Any]:
    without = bench.folder / "no-models"
    without.mkdir()
    bench = replace(bench, models=without)
    film = bench.film("long", LONG_MINUTES * 60)
    dubbing = {"provider": "embedded", "voices": "basic", "separation": "ducked"}
    taken = _run(bench, film, ("es-ES",), "long", dubbing=dubbing, packaging=["hls", "dash"])
    return _row(f"{LONG_MINUTES:.0f} min, basic voices, HLS and DASH", taken, LONG_GOAL)


def _make_odd_film(bench: Bench, locales: tuple[str, ...]) -> Film:
    film = bench.film("odd", MINUTES * 60)
    for locale in locales:
        (film.folder / f"{locale}.vtt").write_text(make_odd_script(locale, film.seconds), "utf-8")
    return film


def _measure_odd(bench: Bench, film: Film, locales: tuple[str, ...]) -> dict[str, Any]:
    more = {"provenance": {"watermark": True}, "packaging": ["hls"], "more_of_source": {"speakers": 2}}
    taken = _run(bench, film, locales, f"odd-{len(locales)}", **more)
    goal = GOALS.get(len(locales), max(GOALS.values()))
    return _row(f"{film.seconds:.0f} s, everything on, odd scripts, {len(locales)} languages", taken, goal)


def _run(bench: Bench, film: Film, locales: tuple[str, ...], name: str, **more: Any) -> Taken:
    work = bench.folder / name
    taken = bench.run(bench.job(film, locales, work, **more), work / "home", own_server=True)
    _write_course(OUT / f"memory-{name}.csv", taken.memory)
    return taken


def _row(name: str, taken: Taken, goal: int) -> dict[str, Any]:
    return {
        "name": name,
        "peak_mb": taken.peak_mb,
        **{f"{process}_mb": size for process, size in taken.memory.most.items()},
        "wall_s": taken.wall,
        "cpu_s": taken.cpu,
        "goal": f"< {goal} MB",
    }


def make_odd_script(locale: str, seconds: float) -> str:
    """A script (WebVTT) as long as a film: two endless lines, and odd ones between them."""
    spelled = locale if (NARRATED / f"narrated.{locale}.srt").exists() else "en-US"
    words = " ".join(cue.text for cue in read_file(NARRATED / f"narrated.{spelled}.srt").track.cues)
    endless = "".join(sign for sign in words if sign.isalpha() or sign.isspace() or not sign.isascii())
    for stop in "。、，！？।":
        endless = endless.replace(stop, "")
    half = round(seconds * 1000) // 2
    letters = round(_LETTERS_PER_S.get(locale, _USUAL_LETTERS_PER_S) * half * 0.8 / 1000)
    long = (" ".join(endless.split()) + " ") * (letters // len(endless) + 1)
    odd = ("4815162342" * 3, "1,234,567,890.25 °C", "la" * 200)
    step = half // 10
    first = [Cue(0, half - 4 * step, long[:letters])]
    between = [Cue(half - (4 - at) * step, half - (3 - at) * step, text) for at, text in enumerate(odd)]
    return write(Track((*first, *between, Cue(half, 2 * half - 100, long[:letters]))), "vtt").text


def _write_course(path: Path, memory: TreeMemory) -> None:
    path.parent.mkdir(exist_ok=True)
    names = sorted(memory.most)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["second", *names])
        rows.writerows([round(at, 1), *(round(seen.get(name, 0)) for name in names)] for at, seen in memory.course)
