"""A dub that is made by the engine, and ways to damage it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.separation.leak import with_speech_left
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Voice
from polyreel.media.audio import measure_loudness
from polyreel.media.binaries import ffmpeg
from polyreel.media.probe import probe
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore, path_of

SECONDS = 64
LINES = (
    (2, 6, "Cuando llegue el momento, diré una palabra."),
    (10, 14, "Este es un vídeo de ejemplo para todos."),
    (30, 34, "Puede usar esta voz para cualquier cosa."),
    (50, 54, "Hasta luego, y muchas gracias."),
)
SPEAKS = "+".join(f"between(t,{start},{end})" for start, end, _ in LINES)
MUSIC = f"sine=f=330:d={SECONDS},volume=-14dB,tremolo=f=0.5:d=0.3"
TALK = f"anoisesrc=d={SECONDS}:a=0.3:seed=3,bandpass=f=3000:w=800,volume='{SPEAKS}':eval=frame"


@dataclass(frozen=True)
class Made:
    """A dub, what it was asked for, and where a test may put its own."""

    dubbed: Dubbed
    request: DubRequest
    folder: Path
    store: LocalStore


def sound(path: Path, *graphs: str) -> Path:
    """Sound from ffmpeg's own generators, mixed."""
    inputs = [word for graph in graphs for word in ("-f", "lavfi", "-i", graph)]
    mixed = f"amix=inputs={len(graphs)}:normalize=0,aformat=channel_layouts=stereo:sample_rates=48000"
    subprocess.run([ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", mixed, path], check=True)
    return path


def srt(lines: tuple[tuple[int, int, str], ...]) -> bytes:
    cues = (f"{n}\n00:00:{a:02d},000 --> 00:00:{b:02d},000\n{text}\n" for n, (a, b, text) in enumerate(lines, 1))
    return "\n".join(cues).encode()


def request_of(store: LocalStore, stems: object, lines: tuple[tuple[int, int, str], ...], **more: object) -> DubRequest:
    return DubRequest.model_validate(
        {
            "locale": "es-ES",
            "source_locale": "en-US",
            "reel": StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1),
            "duration": str(SECONDS),
            "script": store.keep_bytes(srt(lines), ".srt"),
            "source_script": store.keep_bytes(srt(LINES), ".srt"),
            "stems": stems,
            **more,
        }
    )


async def dub(request: DubRequest, store: LocalStore, voice: Voice) -> Dubbed:
    dubber = EmbeddedDubber(store, voice)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    return await dubber.collect(request, receipt)


# -- defects: each takes a good dub and gives a bad one


Defect = Callable[[Made], Dubbed]


def filtered(*filters: str) -> Defect:
    """The finished track through ffmpeg's filters, encoded and measured again."""

    def damage(made: Made) -> Dubbed:
        assert made.dubbed.audio
        path = made.folder / "damaged.m4a"
        command = [ffmpeg(), "-v", "error", "-y", "-i", path_of(made.dubbed.audio), "-af", ",".join(filters), path]
        subprocess.run(command, check=True)
        return asyncio.run(measured(made.dubbed, path, made.store))

    return damage


async def measured(dubbed: Dubbed, path: Path, store: LocalStore) -> Dubbed:
    found = await measure_loudness(path)
    return dubbed.model_copy(
        update={
            "lufs": found.integrated_lufs,
            "true_peak_dbtp": found.true_peak_dbtp,
            "range_lu": found.range_lu,
            "seconds": str((await asyncio.to_thread(probe, path)).duration),
            "audio": store.keep_file(path, ".m4a"),
        }
    )


def said_beside(milliseconds: int) -> Defect:
    """The speech stem with a hum where no line is due."""

    def damage(made: Made) -> Dubbed:
        assert made.dubbed.speech
        stem = np.fromfile(path_of(made.dubbed.speech), "<i2")
        start, count = 20 * 48_000, milliseconds * 48
        stem[start : start + count] = (8000 * np.sin(np.arange(count) / 20)).astype("<i2")
        return made.dubbed.model_copy(update={"speech": made.store.keep_bytes(stem.tobytes(), ".s16")})

    return damage


def line_lost(place: int) -> Defect:
    """The speech stem without one line."""
    return _without_sound(place, lambda _stem, _start, end: end)


def line_cut(place: int) -> Defect:
    """The speech stem with a line that begins where it is loudest, with no fade."""

    def loudest(stem: np.ndarray, start: int, end: int) -> int:
        beginning = np.abs(stem[start : start + (end - start) * 2 // 5].astype(int))
        return start + int(beginning.argmax())

    return _without_sound(place, loudest)


def _without_sound(place: int, until: Callable[[np.ndarray, int, int], int]) -> Defect:
    def damage(made: Made) -> Dubbed:
        assert made.dubbed.speech
        stem = np.fromfile(path_of(made.dubbed.speech), "<i2")
        line = made.dubbed.lines[place]
        start, end = (line.start_ms - 50) * 48, (line.end_ms + 50) * 48
        stem[start : until(stem, start, end)] = 0
        return made.dubbed.model_copy(update={"speech": made.store.keep_bytes(stem.tobytes(), ".s16")})

    return damage


Change = Callable[[np.ndarray], np.ndarray]
"""What becomes of a line's samples (-1 to 1)."""


def line_moved(place: int, milliseconds: int) -> Defect:
    """The speech stem with a line at another time."""
    return _with_line(place, lambda sound: sound, milliseconds)


def line_changed(place: int, change: Change) -> Defect:
    """The speech stem with a line that sounds otherwise."""
    return _with_line(place, change, 0)


def change_gain(gain_db: float) -> Change:
    """Softer, or louder."""
    return lambda sound: sound * 10 ** (gain_db / 20)


def add_hiss(level_db: float) -> Change:
    """With noise so far below its speech."""

    def change(sound: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(1).standard_normal(len(sound))
        return sound + noise * np.sqrt(np.square(sound).mean()) * 10 ** (level_db / 20)

    return change


def cut_peaks(over_db: float) -> Change:
    """Driven so far beyond what could be held, and brought back."""

    def change(sound: np.ndarray) -> np.ndarray:
        most = np.abs(sound).max() * 10 ** (-over_db / 20)
        flat = np.clip(sound, -most, most)
        return flat * np.sqrt(np.square(sound).mean() / np.square(flat).mean())

    return change


def _with_line(place: int, change: Change, later_ms: int) -> Defect:
    def damage(made: Made) -> Dubbed:
        assert made.dubbed.speech
        stem = np.fromfile(path_of(made.dubbed.speech), "<i2")
        line = made.dubbed.lines[place]
        start, end = line.start_ms * 48, line.end_ms * 48
        sound = change(stem[start:end] / 32_767)
        stem[start:end] = 0
        at = start + later_ms * 48
        stem[at : at + len(sound)] += (np.clip(sound, -1, 1) * 32_767).round().astype("<i2")
        return made.dubbed.model_copy(update={"speech": made.store.keep_bytes(stem.tobytes(), ".s16")})

    return damage


def hum_under(place: int, level_db: float) -> Defect:
    """The finished track with a hum under one line (dB of full scale)."""

    def damage(made: Made) -> Dubbed:
        line = made.dubbed.lines[place]
        start, end = line.start_ms / 1000 - 0.5, line.end_ms / 1000 + 0.5
        tone = f"{10 ** (level_db / 20):.4f}*sin(2*PI*700*t)*between(t,{start},{end})"
        hummed = filtered(f"aeval='val(0)+{tone}|val(1)+{tone}':c=same")(made)
        return hummed.model_copy(update={"power": None})

    return damage


def too_much_to_say(*places: int) -> Defect:
    """The script with lines that have far too little time."""

    def damage(made: Made) -> Dubbed:
        long = "Esta es una frase demasiado larga para el tiempo que tiene, " * 2
        crowded = tuple(
            (start, start + 1, long) if place in places else (start, end, text)
            for place, (start, end, text) in enumerate(LINES)
        )
        beside = tuple((start + 2, end, "Y otra más.") for start, end, _ in (LINES[place] for place in places))
        asked = request_of(made.store, made.request.stems, tuple(sorted(crowded + beside)))
        return asyncio.run(dub(asked, made.store, EspeakVoice()))

    return damage


def original_left_at(gain_db: float) -> Defect:
    """A background in which the original's speech is still to be heard: what a separator that failed would give."""

    def damage(made: Made) -> Dubbed:
        stems = made.request.stems
        assert stems is not None
        track = sound(made.folder / "left.wav", MUSIC, f"{TALK},volume={gain_db}dB")
        left = asyncio.run(part(track, made.store, Ducked(), duration=Fraction(SECONDS)))
        failed = stems.model_copy(update={"kind": "given", "background": left.original})
        checked = asyncio.run(with_speech_left(failed, above_2_khz))
        return made.dubbed.model_copy(update={"separation": "given", "speech_left_db": checked.speech_left_db})

    return damage


def above_2_khz(magnitude: np.ndarray) -> np.ndarray:
    """A network that takes everything above 2 kHz for speech: here that is the truth."""
    mask = np.zeros_like(magnitude)
    mask[..., round(2000 / 44_100 * 4096) :] = 1
    return mask


CLICK = "aeval='if(between(t,20,20.0002),1.4,val(0))|if(between(t,20,20.0002),1.4,val(1))':c=same"
