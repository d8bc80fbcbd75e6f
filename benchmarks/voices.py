"""How far each voice is understood: our own script in its time, written down by Whisper base, against what was asked.

Each is listened to three times, a little later in the reel each time, and the median counts: a listener that loses its
way in one of six lines writes a quarter of the words otherwise, and another time none.

Needs weights (``polyreel models pull``). ``POLYREEL_BENCH_LOCALES=es-ES,de-DE`` takes some, ``POLYREEL_BENCH_ENGINES``
some engines, ``POLYREEL_BENCH_VOICES=1`` one voice of each. ``POLYREEL_BENCH_KEEP=1`` puts the rows into the table that
`polyreel voices` shows; others stay in it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.narrated import CLIP_S, SCRIPTS
from polyreel.dubbing.choice import name_in_table
from polyreel.engine.backcheck.compare import compare_with_heard
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, WHISPER_BASE
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.sound import of_stem
from polyreel.engine.transcribe.whisper import RATE as HEARD_RATE
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import cast as kokoro_cast
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.engine.voice.measured import TABLE, Measured, read_table, write_table
from polyreel.engine.voice.pico import PicoVoice
from polyreel.engine.voice.port import Voice
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file
from polyreel.subtitles.model import Cue, Track

LINES = Path(__file__).with_name("lines.tsv")
SAMPLES = int(CLIP_S * RATE)
# Of an engine whose voices differ by pitch alone, one stands for all.
_MOST = {"espeak-ng": 1, "pico": 1, "kokoro": 30}
_FLOOR_DB = -60.0
_LATER_MS = (0, 370, 830)


@dataclass(frozen=True, slots=True)
class _Take:
    """One listening: ``rtf`` is seconds of work per second of speech."""

    measure: str
    errors: float
    fastest: float
    rtf: float
    band: int


def run() -> Iterator[dict[str, Any]]:
    """A row per voice, as soon as it is measured: all of them take hours."""
    if absent := shelf.list_absent(KOKORO, KOKORO_VOICES, WHISPER_BASE):
        yield {"name": f"needs weights: {shelf.pull_command(*absent)}"}
        return
    kokoro.load()
    usual_listener().load()
    for each in _wanted():
        measured = _measure(*each)
        if os.environ.get("POLYREEL_BENCH_KEEP"):
            _put_into_table(measured)
        yield _row(measured)


def _put_into_table(measured: Measured) -> None:
    """In the place of its last measure. The table is read anew: another run may have written since."""
    read_table.cache_clear()
    rows = {(row.locale, row.engine, row.voice): row for row in (*read_table(), measured)}
    TABLE.write_text(write_table(rows.values()), "utf-8")


def _wanted() -> Iterator[tuple[str, Voice, str]]:
    locales, engines = (_listed(f"POLYREEL_BENCH_{name}") for name in ("LOCALES", "ENGINES"))
    speakers: tuple[Voice, ...] = (kokoro.KokoroVoice(), PicoVoice(), EspeakVoice())
    for locale in sorted(_scripts()):
        for voice in speakers:
            asked = not (locales and locale not in locales) and not (engines and voice.name not in engines)
            if asked and voice.speaks(locale):
                cast = voice.cast(locale)
                own = len(kokoro_cast.list_native_voices(locale)) if voice.name == "kokoro" else len(cast)
                most = min(own, _MOST[voice.name], int(os.environ.get("POLYREEL_BENCH_VOICES", "99")))
                yield from ((locale, voice, each) for each in cast[:most])


def _listed(name: str) -> list[str]:
    return [each for each in os.environ.get(name, "").split(",") if each]


def _scripts() -> dict[str, Track]:
    """Our own scripts by locale: those of the tests, and the lines of further languages in the English ones' time."""
    own = {path.suffixes[0][1:]: read_file(path).track for path in SCRIPTS.glob("narrated.*.srt")}
    own["en-GB"] = own["en-US"]
    for line in LINES.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            locale, *said = line.split("\t")
            cues = zip(own["en-US"].cues, said, strict=True)
            own[locale] = Track(tuple(Cue(cue.start_ms, cue.end_ms, text) for cue, text in cues))
    return own


def _measure(locale: str, voice: Voice, voice_id: str) -> Measured:
    takes = [_take(locale, voice, voice_id, later_ms) for later_ms in _LATER_MS]
    takes.sort(key=lambda take: take.errors)
    middle = takes[len(takes) // 2]
    fastest, rtf = (median(getattr(take, name) for take in takes) for name in ("fastest", "rtf"))
    name = name_in_table(voice.name, voice_id)
    return Measured(locale, voice.name, name, middle.measure, middle.errors, fastest, rtf, middle.band)


def _take(locale: str, voice: Voice, voice_id: str, later_ms: int) -> _Take:
    script = _scripts()[locale]
    cues = (replace(cue, start_ms=cue.start_ms + later_ms, end_ms=cue.end_ms + later_ms) for cue in script.cues)
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        direction = Direction(locale=locale, samples=SAMPLES, asked=(voice_id,))
        begun = time.perf_counter()
        said = perform(
            extract_spoken_script(Track(tuple(cues))),
            direction,
            voice,
            store,
            on_progress=lambda _: None,
            go_on=lambda: None,
        )
        seconds = time.perf_counter() - begun
        found = compare_with_heard(said.lines, asyncio.run(_heard(said, locale)), locale)
        band = _band(read_stem(path_of(said.stem), 0, SAMPLES))
    length = sum(line.end_ms - line.start_ms for line in said.lines) / 1000
    fastest = round(max(line.ratio for line in said.lines), 2)
    return _Take(found.measure, round(found.rate, 3), fastest, round(seconds / length, 3), band)


async def _heard(said: Performance, locale: str) -> Any:
    sound = of_stem(path_of(said.stem), SAMPLES)
    samples = SAMPLES * HEARD_RATE // RATE
    return await listen(sound, usual_listener(), locale, samples=samples, on_progress=lambda _: None)


def _band(sound: np.ndarray) -> int:
    """Up to where there is sound, in whole kHz: 60 dB below the loudest third of an octave is none."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    step = max(1, len(power) * 500 // (RATE // 2))
    levels = 10 * np.log10(np.add.reduceat(power, np.arange(0, len(power), step)) + 1e-12)
    loud = np.flatnonzero(levels > levels.max() + _FLOOR_DB)
    return int(round((int(loud[-1]) + 1) * 0.5) * 1000)


def _row(row: Measured) -> dict[str, Any]:
    return {
        "name": f"{row.locale} {row.engine}:{row.voice}",
        "errors": row.errors,
        "measure": row.measure,
        "grade": row.grade,
        "fastest": row.fastest,
        "rtf": row.rtf,
        "band_hz": row.band_hz,
    }
