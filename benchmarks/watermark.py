"""How well the mark in dubbed speech is found again, how often it is found where none is, and what is heard of it.

Dubs of our own script in its time, pauses and all, by one voice of each engine that is here, in every language of the
tests' scripts: the stem as it was spoken and the stem with the mark, both through what happens to sound on its way.
Needs `polyreel models pull watermark`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.narrated import CLIP_S, SCRIPTS
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, WATERMARK
from polyreel.engine.sound.meter import Meter, integrate_loudness
from polyreel.engine.sound.stem import RATE, as_stem, read_stem
from polyreel.engine.speech.perform import Direction, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.engine.voice.pico import PicoVoice
from polyreel.engine.voice.port import Voice
from polyreel.engine.watermark.network import PerthNet
from polyreel.engine.watermark.stem import Search, mark_stem, search_track
from polyreel.media.binaries import ffmpeg
from polyreel.sandbox.music import play_music
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file

SAMPLES = int(CLIP_S * RATE)
Sound = np.ndarray
Way = Callable[[Sound, Path], Path]
_STEM = ("-f", "s16le", "-ar", str(RATE), "-ac", "1")


def run() -> list[dict[str, Any]]:
    if absent := shelf.list_absent(WATERMARK):
        return [{"name": f"needs weights: {shelf.pull_command(*absent)}"}]
    net = PerthNet()
    music = np.concatenate(list(play_music(SAMPLES)))[:SAMPLES].mean(axis=1)
    found: dict[str, list[tuple[Search, Search]]] = {}
    heard: list[tuple[float, float]] = []
    seconds = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for stem in _stems(folder):
            marked = folder / "marked.s16"
            begun = time.process_time()
            mark_stem(stem, marked, net, lambda: None)
            seconds += time.process_time() - begun
            plain, sound = read_stem(stem, 0, SAMPLES), read_stem(marked, 0, SAMPLES)
            heard.append((_noise_db(plain, sound), _loudness(sound) - _loudness(plain)))
            for name, way in _ways(music, _loudness(plain)).items():
                both = (asyncio.run(search_track(way(each, folder / "sent"), 0, net)) for each in (sound, plain))
                found.setdefault(name, []).append((next(both), next(both)))
    noise, louder = np.array(heard).T
    told = {
        "name": f"{len(heard)} dubs",
        "snr_db": f"{noise.min():.1f} to {noise.max():.1f}",
        "louder_lu": f"{louder.min():.2f} to {louder.max():.2f}",
        "cpu_per_s": seconds / (len(heard) * float(CLIP_S)),
    }
    return [told, *(_row(name, each) for name, each in found.items())]


def _row(name: str, found: list[tuple[Search, Search]]) -> dict[str, Any]:
    marked, plain = zip(*found, strict=True)
    return {
        "name": name,
        "dubs_found": f"{sum(each.is_found for each in marked)}/{len(marked)}",
        "stretches_found": f"{sum(each.marked for each in marked)}/{sum(each.stretches for each in marked)}",
        "false_dubs": f"{sum(each.is_found for each in plain)}/{len(plain)}",
        "false_stretches": f"{sum(each.marked for each in plain)}/{sum(each.stretches for each in plain)}",
        "surest_false": max(each.surest for each in plain),
    }


def _stems(folder: Path) -> Iterator[Path]:
    """A dub's speech in each language by each engine that speaks it, as a stem."""
    voices: list[Voice] = [PicoVoice(), EspeakVoice()]
    if shelf.is_here(KOKORO, KOKORO_VOICES):
        voices.insert(0, KokoroVoice())
    asked = [each for each in os.environ.get("POLYREEL_BENCH_LOCALES", "").split(",") if each]
    for script in sorted(SCRIPTS.glob("narrated.*.srt")):
        locale = script.suffixes[0][1:]
        for voice in voices:
            if voice.speaks(locale) and (not asked or locale in asked):
                direction = Direction(locale=locale, samples=SAMPLES, asked=voice.cast(locale)[:1])
                store = LocalStore(folder / "store")
                lines = extract_spoken_script(read_file(script).track)
                said = perform(lines, direction, voice, store, on_progress=lambda _: None, go_on=lambda: None)
                yield path_of(said.stem)


def _ways(music: Sound, lufs: float) -> dict[str, Way]:
    bed = music * 10 ** ((lufs - 10 - _loudness(music)) / 20)

    def through(*options: str, over: bool = False, ending: str = ".m4a") -> Way:
        return lambda sound, path: _send(sound + bed if over else sound, path.with_suffix(ending), *options)

    return {
        "as it was laid": through(ending=".wav"),
        "AAC 160 kbit/s": through("-ac", "2", "-c:a", "aac", "-b:a", "160k"),
        "AAC 96 kbit/s": through("-ac", "2", "-c:a", "aac", "-b:a", "96k"),
        "AAC 48 kbit/s": through("-c:a", "aac", "-b:a", "48k"),
        "MP3 128 kbit/s": through("-ac", "2", "-c:a", "libmp3lame", "-b:a", "128k", ending=".mp3"),
        "44.1 kHz": through("-ar", "44100", ending=".wav"),
        "16 kHz": through("-ar", "16000", ending=".wav"),
        "8 kHz": through("-ar", "8000", ending=".wav"),
        "5 % faster": through("-af", "atempo=1.05", ending=".wav"),
        "over music, 10 LU": through(over=True, ending=".wav"),
        "over music, AAC 96k": through("-ac", "2", "-c:a", "aac", "-b:a", "96k", over=True),
    }


def _send(sound: Sound, path: Path, *options: str) -> Path:
    command = [str(ffmpeg()), "-v", "error", "-y", *_STEM, "-i", "-", *options, str(path)]
    subprocess.run(command, input=as_stem(sound), check=True)
    return path


def _noise_db(plain: Sound, marked: Sound) -> float:
    return float(10 * np.log10(np.square(plain).sum() / np.square(marked - plain).sum()))


def _loudness(sound: Sound) -> float:
    meter = Meter(1)
    meter.feed(sound.astype(np.float32).reshape(-1, 1))
    return integrate_loudness(meter.power()[:, 0])
