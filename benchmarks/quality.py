"""How good a dub is: what a listener understands of it, how lines fit, and what is left of the original's speech.

The narrated video is dubbed into each language with the voices, the separation and the checks that a job would get.
Needs ``../shared/testdata`` and weights (``polyreel models pull``). ``POLYREEL_BENCH_LOCALES=es-ES,fr-FR`` takes some.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.backchecks import check_heard
from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.hearing import heard_in
from polyreel.dubbing.parting import part_sound
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.sound_checks import check_sound, limits_of
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE
from polyreel.engine.pcm import open_track
from polyreel.engine.resample import resampled
from polyreel.engine.separate import Stems
from polyreel.engine.separation_check import filtered_share
from polyreel.engine.separation_learned import write_frames, write_header
from polyreel.engine.stem import RATE
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.media.probe import probe
from polyreel.outcome import Artefact, Check
from polyreel.plan import Parting
from polyreel.sandbox.sample import make_sample
from polyreel.store import Store, path_of

TESTDATA = Path(__file__).parents[2] / "shared" / "testdata"
NARRATED = TESTDATA / "narrated"
LOCALES = ("en-US", "es-ES", "fr-FR", "it-IT", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "de-DE")
GOALS = {"WER": 0.10, "CER": 0.15}
WITHOUT_GOAL = {"hi-IN": "hint", "de-DE": "robotic: espeak-ng"}
LEFT_GOAL_DB = -20.0
VOICE_OVER_MUSIC_DB = (12, 6, 0)

Frames = NDArray[np.float32]


def run() -> list[dict[str, Any]]:
    if not NARRATED.is_dir():
        return [{"name": "needs ../shared/testdata, which is not here"}]
    absent = shelf.absent(KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE)
    if absent:
        return [{"name": f"needs weights: {shelf.pull_command(*absent)}"}]
    return asyncio.run(_rows())


async def _rows() -> list[dict[str, Any]]:
    wanted = [each for each in os.environ.get("POLYREEL_BENCH_LOCALES", "").split(",") if each] or LOCALES
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        rows = [await _separated(Path(folder), store, over) for over in VOICE_OVER_MUSIC_DB]
        stems, duration = await _narrated(store)
        return [*rows, *[await _dubbed(locale, stems, duration, store) for locale in wanted]]


# -- a real voice over music, where the truth is known


async def _separated(folder: Path, store: Store, over_db: int) -> dict[str, Any]:
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
    left = 10 * np.log10(filtered_share((background - music).mean(axis=1), voice.mean(axis=1)))
    return {
        "name": f"speech {over_db} dB over music: left in the background",
        "value": round(float(left), 1),
        "unit": "dB",
        "goal": f"<= {LEFT_GOAL_DB}",
        "met": bool(left <= LEFT_GOAL_DB),
        "load": _load(),
    }


def _voice() -> Frames:
    with wave.open(str(TESTDATA / "media" / "jfk.wav")) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())[:, 0]
        mono = resampled(raw.astype(np.float32) / 32768, file.getframerate(), RATE)
    return np.stack([mono, mono], axis=1)


async def _music(folder: Path, samples: int) -> Frames:
    made = await make_sample(folder / "sample", 12)
    return open_track(made.background).read(0, samples)


def _level(sound: Frames) -> float:
    return float(np.sqrt(np.square(sound).mean()))


# -- the narrated video, dubbed


async def _narrated(store: Store) -> tuple[Stems, Fraction]:
    video = NARRATED / "narrated.mp4"
    duration = (await asyncio.to_thread(probe, video)).duration
    parting = Parting(kind="learned", model=SPLEETER.fingerprint)
    return await part_sound(video, store, parting, start=Fraction(0), duration=duration, background=None), duration


async def _dubbed(locale: str, stems: Stems, duration: Fraction, store: Store) -> dict[str, Any]:
    asked = _request(locale, stems, duration, store)
    dubber = EmbeddedDubber(store, voice_for("auto"))
    receipt = await dubber.submit(asked)
    await dubber.wait(asked, receipt)
    dubbed = await dubber.collect(asked, receipt)
    heard = await heard_in(dubbed, asked, usual_listener(), lambda _: None)
    assert heard is not None
    words, language = check_heard(heard, dubbed.lines, locale, "netflix")
    rest = (*check_dub(dubbed, duration), *check_sound(dubbed, round(duration * 1000), limits_of("source")), language)
    return {"name": f"{locale}, {dubbed.lines[0].voice}", **_row(dubbed, duration, words, rest, locale)}


def _request(locale: str, stems: Stems, duration: Fraction, store: Store) -> DubRequest:
    video = NARRATED / "narrated.mp4"
    return DubRequest(
        locale=locale,
        source_locale="en-US",
        reel=Artefact(uri=video.as_uri(), sha256="0" * 64, bytes=video.stat().st_size),
        duration=str(duration),
        script=_script(locale, store),
        source_script=_script("en-US", store),
        stems=stems,
    )


def _script(locale: str, store: Store) -> Artefact:
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
