"""What it costs to cut long lines: one line of half a minute, spoken in pieces of so many phonemes, and understood.

Each locale's narrated script twice over as one line, with its commas and without full stops; written down by Whisper
base and compared as a job's check `back_transcription` does. ``POLYREEL_BENCH_LOCALES`` takes some,
``POLYREEL_BENCH_PHONEMES=510,160`` says at which bounds. Needs weights (``polyreel models pull``).
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from benchmarks.narrated import SCRIPTS
from polyreel.engine.backcheck.compare import compare_with_heard
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, WHISPER_BASE
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.whisper import RATE, usual_listener
from polyreel.engine.transcribe.words import Heard
from polyreel.engine.voice.kokoro import phrases
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.engine.voice.kokoro.vocabulary import MOST_TOKENS
from polyreel.outcome import LineFit
from polyreel.subtitles import read_file

LOCALES = ("en-US", "fr-FR", "ja-JP")
_STOPS = re.compile(r"[.!?…。！？]+")


def run() -> list[dict[str, Any]]:
    if absent := shelf.list_absent(KOKORO, KOKORO_VOICES, WHISPER_BASE):
        return [{"name": f"needs weights: {shelf.pull_command(*absent)}"}]
    locales = os.environ.get("POLYREEL_BENCH_LOCALES", ",".join(LOCALES)).split(",")
    bounds = os.environ.get("POLYREEL_BENCH_PHONEMES", f"{MOST_TOKENS},{phrases.MOST_AT_ONCE}").split(",")
    return [_measure(locale, int(most)) for locale in locales for most in bounds]


def _measure(locale: str, most: int) -> dict[str, Any]:
    text = _make_line(locale)
    voice, pieces = kokoro.KokoroVoice(), 0

    def split(phonemes: str) -> list[phrases.Phrase]:
        nonlocal pieces
        found = phrases.split_phrases(phonemes, most)
        pieces = len(found)
        return found

    vars(kokoro)["split_phrases"] = split
    begun = time.process_time()
    speech = voice.speak(text, voice.cast(locale)[0], 1.0)
    seconds = time.process_time() - begun
    sound = resample(speech.samples, speech.rate, RATE)
    heard = asyncio.run(_hear(sound, locale))
    found = compare_with_heard([_as_line(text, len(sound) * 1000 // RATE)], heard, locale)
    return {
        "name": f"{locale}, at most {most} phonemes",
        "pieces": pieces,
        "speech_s": len(sound) / RATE,
        "cpu_s": seconds,
        found.measure: found.rate,
    }


def _make_line(locale: str) -> str:
    cues = read_file(SCRIPTS / f"narrated.{locale}.srt").track.cues
    said = [_STOPS.sub("", cue.text.replace("\n", " ")) for cue in cues]
    return " ".join([*said, *reversed(said)])


async def _hear(sound: Samples, locale: str) -> Heard:
    async def blocks() -> AsyncIterator[Samples]:
        yield np.ascontiguousarray(sound, dtype=np.float32)

    return await listen(blocks(), usual_listener(), locale, samples=len(sound), on_progress=lambda _: None)


def _as_line(text: str, length_ms: int) -> LineFit:
    return LineFit(
        text=text,
        speaker=None,
        cue_start_ms=0,
        cue_end_ms=length_ms,
        start_ms=0,
        end_ms=length_ms,
        natural_ms=length_ms,
        ratio=1.0,
        too_long=False,
        reused=False,
    )
