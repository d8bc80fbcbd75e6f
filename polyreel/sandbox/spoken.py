"""A reel that says a script: each cue in its time, each speaker in a voice of their own; music and 5.1 on request.

Where the sample is six fixed sentences, this speaks whatever script it is given: for whoever needs a reel of which
every word and time is known.
"""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Voice, assign
from polyreel.media.audio import aac_options
from polyreel.media.command import Stream, generate_input, local_input, local_output, run
from polyreel.sandbox.music import RATE, play_music
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue

_PEAK = 0.5
_SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")
_H264: Mapping[str, Any] = {"vcodec": "libx264", "preset": "superfast", "crf": 28, "pix_fmt": "yuv420p", "g": 60}


@dataclass(frozen=True, slots=True)
class ReelRecipe:
    """What a spoken reel is like. ``seconds`` is its length; ``width``, ``height`` and ``fps`` its picture.

    ``music`` lies under the speech, so many decibels below it (None: no music). In ``5.1`` the speech is in the centre
    alone and the music left and right. ``video`` and ``sound`` are ffmpeg's output options in place of H.264 and AAC.
    ``voices`` are voice ids in the order in which the script's speakers come.
    """

    seconds: Fraction
    locale: str = "en-US"
    width: int = 1280
    height: int = 720
    fps: int = 30
    music: float | None = None
    layout: Literal["stereo", "5.1"] = "stereo"
    voices: tuple[str, ...] = ()
    video: Mapping[str, Any] = field(default_factory=lambda: _H264)
    sound: Mapping[str, Any] | None = None


async def make_spoken_reel(script: Path, target: Path, recipe: ReelRecipe, voice: Voice | None = None) -> Path:
    """Make a reel that says a subtitle file, and return where it is. Its format follows the target's suffix.

    A line that is longer than its cue is said faster, and cut off where the next cue begins. Without a voice
    espeak-ng speaks. Raises SubtitleError, NoVoice, EngineError and ToolError.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        heard = Path(folder) / "sound.wav"
        await asyncio.to_thread(_write_sound, script, heard, recipe, voice or EspeakVoice())
        await run(_draw_film(heard, target, recipe))
    return target


def _write_sound(script: Path, target: Path, recipe: ReelRecipe, voice: Voice) -> None:
    speech = speak_script(read_file(script).track.cues, recipe, voice)
    mixed = _mix_channels(speech, recipe)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(mixed.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(mixed, -1, 1) * 32_767).astype("<i2").tobytes())


def speak_script(cues: tuple[Cue, ...], recipe: ReelRecipe, voice: Voice) -> Samples:
    """The cues' words at their times: mono float32 at 48 kHz, ``recipe.seconds`` long, silence elsewhere."""
    track = np.zeros(int(recipe.seconds * RATE), np.float32)
    cast = assign(voice, recipe.locale, [cue.speaker for cue in cues], recipe.voices)
    for number, cue in enumerate(cues):
        end = min(cue.end_ms, cues[number + 1].start_ms) if number + 1 < len(cues) else cue.end_ms
        line = _speak_within(voice, " ".join(plain_text(cue.text).split()), cast[cue.speaker], end - cue.start_ms)
        place = track[cue.start_ms * RATE // 1000 :][: len(line)]
        place += line[: len(place)]
    return track


def _speak_within(voice: Voice, text: str, voice_id: str, ms: int) -> Samples:
    natural = voice.speak(text, voice_id, 1.0)
    # A little faster than reckoned: a voice's pauses don't shrink
    # with its pace. Beyond twice the pace nobody understands it.
    said = voice.speak(text, voice_id, min(2.0, 1.02 * natural.ms / ms)) if natural.ms > ms else natural
    line = resample(said.samples, said.rate, RATE)[: ms * RATE // 1000]
    return np.multiply(line, _PEAK / max(float(np.abs(line).max()), 1e-6), dtype=np.float32)


def _mix_channels(speech: Samples, recipe: ReelRecipe) -> Samples:
    """Every channel, (samples, 2) or (samples, 6)."""
    music = np.zeros((len(speech), 2), np.float32)
    if recipe.music is not None:
        music = np.concatenate(list(play_music(len(speech))))
        # Measured while somebody speaks: the silence between lines says nothing of them.
        said = speech[speech != 0]
        music *= np.sqrt(np.square(said).mean() / np.square(music).mean()) * 10 ** (-recipe.music / 20)
    if recipe.layout == "stereo":
        return np.add(music, speech[:, None], dtype=np.float32)
    silent = np.zeros_like(speech)
    return np.stack([music[:, 0], music[:, 1], speech, silent, silent, silent], axis=1)


def _draw_film(heard: Path, target: Path, recipe: ReelRecipe) -> Stream:
    """A picture in which every frame is another, and that counts the seconds."""
    length = float(recipe.seconds)
    picture = generate_input(f"testsrc=s={recipe.width}x{recipe.height}:r={recipe.fps}:d={length}")
    sound = local_input(heard).audio
    if recipe.layout == "5.1":
        sound = sound.filter("channelmap", map="|".join(_SURROUND), channel_layout="5.1")
    options = recipe.sound if recipe.sound is not None else aac_options(6 if recipe.layout == "5.1" else 2)
    suffix = target.suffix.removeprefix(".")
    container = {"mkv": "matroska", "ts": "mpegts"}.get(suffix, suffix)
    return local_output(picture, sound, path=target, format=container, t=length, ar=RATE, **recipe.video, **options)
