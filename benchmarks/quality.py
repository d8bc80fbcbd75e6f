"""How good a dub is: what a listener understands of it, how lines fit, and what is left of the original's speech.

The narrated video is dubbed into each language with the voices, the separation and the checks that a job would get.
Needs weights (``polyreel models pull``). ``POLYREEL_BENCH_LOCALES=es-ES,fr-FR`` takes some.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.narrated import NARRATED, make_narrated
from polyreel.dubbing.backchecks import check_heard
from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.hearing import listen_to_dub
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.parting import part_sound
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.sound_checks import check_sound
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE
from polyreel.engine.separation.leak import measure_filtered_share
from polyreel.engine.separation.learned import write_frames, write_header
from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.media.probe import probe
from polyreel.outcome import Check, StoredFile
from polyreel.plans import Parting
from polyreel.sandbox.sample import LINES, make_sample
from polyreel.store.local import LocalStore, path_of

REAL_VOICE = Path(__file__).parents[2] / "shared" / "testdata" / "media" / "jfk.wav"
LOCALES = ("en-US", "es-ES", "fr-FR", "it-IT", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "de-DE")
GOALS = {"WER": 0.10, "CER": 0.15}
WITHOUT_GOAL = {"hi-IN": "hint", "de-DE": "robotic: espeak-ng"}
LEFT_GOAL_DB = -20.0
_WHOSE = "a real voice" if REAL_VOICE.is_file() else "a neural voice"
VOICE_OVER_MUSIC_DB = (12, 6, 0)

Frames = NDArray[np.float32]


def run() -> Iterator[dict[str, Any]]:
    """Each figure as soon as it is measured."""
    absent = shelf.list_absent(KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE)
    if absent:
        yield {"name": f"needs weights: {shelf.pull_command(*absent)}"}
        return
    make_narrated()
    wanted = [each for each in os.environ.get("POLYREEL_BENCH_LOCALES", "").split(",") if each] or LOCALES
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder) / "store")
        for over in VOICE_OVER_MUSIC_DB:
            yield asyncio.run(_separated(Path(folder), store, over))
        stems, duration = asyncio.run(_narrated(store))
        for locale in wanted:
            yield asyncio.run(_dubbed(locale, stems, duration, store))


# -- a voice over music, where the truth is known


async def _separated(folder: Path, store: LocalStore, over_db: int) -> dict[str, Any]:
    voice = _voice()
    music = await _music(folder, len(voice))
    music *= np.float32(_level(voice) / _level(music) * 10 ** (-over_db / 20))
    mix = folder / f"mix{over_db}.wav"
    with mix.open("wb") as file:
        write_header(file, 2, len(voice))
        write_frames(file, voice + music)
    seconds = Fraction(len(voice), RATE)
    stems = await part_sound(
        mix, store, Parting(kind="learned", model=""), start=Fraction(0), duration=seconds, background=None
    )
    assert stems.background is not None
    background = open_track(path_of(stems.background.audio)).read(0, len(voice))
    left = 10 * np.log10(measure_filtered_share((background - music).mean(axis=1), voice.mean(axis=1)))
    return {
        "name": f"{_WHOSE} {over_db} dB over music: left in the background",
        "value": round(float(left), 1),
        "unit": "dB",
        "goal": f"<= {LEFT_GOAL_DB}",
        "met": bool(left <= LEFT_GOAL_DB),
        "load": _load(),
    }


def _voice() -> Frames:
    """A real voice where one is at hand, else a neural one."""
    mono = _recorded() if REAL_VOICE.is_file() else _spoken()
    return np.stack([mono, mono], axis=1)


def _recorded() -> Frames:
    with wave.open(str(REAL_VOICE)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())[:, 0]
        return resample(raw.astype(np.float32) / np.float32(32768), file.getframerate(), RATE)


def _spoken() -> Frames:
    voice = voice_for("neural")
    narrator = voice.cast("en-US")[0]
    lines = [voice.speak(line, narrator, 1.0) for line in LINES["en-US"][:4]]
    return np.concatenate([resample(line.samples, line.rate, RATE) for line in lines])


async def _music(folder: Path, samples: int) -> Frames:
    made = await make_sample(folder / "sample", 12)
    return open_track(made.background).read(0, samples)


def _level(sound: Frames) -> float:
    return float(np.sqrt(np.square(sound).mean()))


# -- the narrated video, dubbed


async def _narrated(store: LocalStore) -> tuple[Stems, Fraction]:
    video = NARRATED / "narrated.mp4"
    duration = (await asyncio.to_thread(probe, video)).duration
    parting = Parting(kind="learned", model=SPLEETER.fingerprint)
    return await part_sound(video, store, parting, start=Fraction(0), duration=duration, background=None), duration


async def _dubbed(locale: str, stems: Stems, duration: Fraction, store: LocalStore) -> dict[str, Any]:
    asked = _request(locale, stems, duration, store)
    dubber = EmbeddedDubber(store, voice_for("auto"))
    receipt = await dubber.submit(asked)
    await dubber.wait(asked, receipt)
    dubbed = await dubber.collect(asked, receipt)
    heard = await listen_to_dub(dubbed, asked, usual_listener(), lambda _: None)
    assert heard is not None
    limits = DubLimits.of("netflix", "source")
    words, language = check_heard(heard, dubbed.lines, locale, limits.words)
    rest = (*check_dub(dubbed, duration, limits.sound), *check_sound(dubbed, round(duration * 1000), limits), language)
    return {"name": f"{locale}, {dubbed.lines[0].voice}", **_row(dubbed, duration, words, rest, locale)}


def _request(locale: str, stems: Stems, duration: Fraction, store: LocalStore) -> DubRequest:
    video = NARRATED / "narrated.mp4"
    return DubRequest(
        locale=locale,
        source_locale="en-US",
        reel=StoredFile(uri=video.as_uri(), sha256="0" * 64, bytes=video.stat().st_size),
        duration=str(duration),
        script=_script(locale, store),
        source_script=_script("en-US", store),
        stems=stems,
    )


def _script(locale: str, store: LocalStore) -> StoredFile:
    return store.keep_bytes((NARRATED / f"narrated.{locale}.srt").read_bytes(), ".srt")


def _row(dubbed: Dubbed, duration: Fraction, words: Check, rest: tuple[Check, ...], locale: str) -> dict[str, Any]:
    rate = float(words.value or 0)
    goal = GOALS[words.unit]
    fastest = max(line.ratio for line in dubbed.lines)
    cut = sum(line.end_ms > duration * 1000 for line in dubbed.lines)
    return {
        "value": rate,
        "unit": words.unit,
        "goal": WITHOUT_GOAL.get(locale, f"<= {goal:.2f}"),
        "met": rate <= goal and fastest <= 1.3 and not cut,
        "fastest": round(fastest, 2),
        "cut": cut,
        "checks": ", ".join(f"{each.name} {each.status}" for each in (words, *rest) if each.status != "pass")
        or "all pass",
        "load": _load(),
    }


def _load() -> float:
    return round(os.getloadavg()[0], 1)
