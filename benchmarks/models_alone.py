"""The models of a dub and nothing else: `python -m benchmarks.models_alone ORDER`, in a process of its own.

Loads what a job loads, then does what its models do, on the same inputs, one after the other: speaks every sentence at
the speeds that the fit asks for, parts the mix, listens to the finished dubs, hears each line's voice and quality where
those weights are here, and tells the source's language. No store, no AAC, no Prefect. Every
model has two threads, and waits for them by spinning: what is fastest where nobody else wants the cores.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from polyreel.dubbing.choice import voice_for
from polyreel.engine.backcheck import quality
from polyreel.engine.models import sessions, shelf
from polyreel.engine.models.registry import SPEECH_QUALITY, VOICE_PRINTS, WHISPER_BASE
from polyreel.engine.separation import spleeter_model
from polyreel.engine.separation.track import separate_pieces
from polyreel.engine.sound.pcm import Samples, open_track
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers import voiceprint
from polyreel.engine.speech import fit
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.speech.sentences import into_sentences
from polyreel.engine.transcribe.tongues import find_whisper_code
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.engine.voice.port import Voice, assign
from polyreel.errors import EngineError
from polyreel.subtitles import read_file

THREADS = 2
_HEARD_AT = 48_000
_PER_MS = quality.RATE // 1000


def main(order: dict[str, Any]) -> dict[str, float]:
    """Seconds by what was done, for ``{scripts: {locale: file}, film, source, dubs: {locale: .npy}, mix, reel_ms}``.

    What is listened to is mono, at 16 kHz: the film, the source where nobody gave its script, and the dubs.
    """
    _two_spinning_threads()
    took: dict[str, float] = {}
    with _timed(took, "separate"):
        for _ in separate_pieces(open_track(Path(order["mix"])), spleeter_model.TwoStems(), _go_on):
            pass
    with _timed(took, "speak"):
        voice = voice_for("auto")
        for locale, script in order["scripts"].items():
            _speak(voice, locale, Path(script), order["reel_ms"])
    with _timed(took, "listen"):
        _listen([*order["source"].items(), *order["dubs"].items()])
    with _timed(took, "judge"):
        for locale, dub in order["dubs"].items():
            _judge(np.load(dub), np.load(order["film"]), Path(order["scripts"][locale]))
    with _timed(took, "identify"):
        _identify(np.load(order["film"]))
    return took


def _two_spinning_threads() -> None:
    class Plain(sessions.Session):
        def __init__(self, model: Path, **_: Any) -> None:
            super().__init__(model, THREADS, spins=True)

    for module in (kokoro, spleeter_model, quality, voiceprint):
        vars(module)["Session"] = Plain


def _speak(voice: Voice, locale: str, script: Path, reel_ms: int) -> None:
    lines = [line for line in extract_spoken_script(read_file(script).track).lines if line.start_ms < reel_ms]
    sentences = into_sentences(lines)
    cast = assign(voice, locale, (sentence.speaker for sentence in sentences))
    said = []
    for sentence in sentences:
        try:
            natural = voice.speak(sentence.text, cast[sentence.speaker], 1.0)
        except EngineError as error:
            if error.code != "nothing_to_say":
                raise
            continue
        said.append((sentence, fit.Spoken(sentence.start_ms, sentence.end_ms, natural.ms, sentence.speaker)))
    places = fit.fit([waiting for _, waiting in said], reel_ms)
    for (sentence, waiting), place in zip(said, places, strict=True):
        if waiting.natural_ms > place.length_ms:
            speed = fit.voice_speed(waiting.natural_ms / place.length_ms)
            voice.speak(sentence.text, cast[sentence.speaker], speed)


def _listen(sounds: list[tuple[str, str]]) -> None:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(shelf.require(WHISPER_BASE)), device="cpu", compute_type="int8", cpu_threads=THREADS)
    for locale, sound in sounds:
        segments, _ = model.transcribe(
            np.load(sound),
            language=find_whisper_code(locale),
            beam_size=5,
            temperature=(0.0, 0.4),
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
            vad_parameters={"max_speech_duration_s": 25.0, "min_silence_duration_ms": 1500, "speech_pad_ms": 300},
        )
        for _ in segments:  # decoded while it is iterated
            pass


def _judge(dub: Samples, film: Samples, script: Path) -> None:
    """Each line's voice print, and the quality of as many windows as the lines fill, in the dub and in the original."""
    spans = [slice(cue.start_ms * _PER_MS, cue.end_ms * _PER_MS) for cue in read_file(script).track.cues]
    if shelf.is_here(VOICE_PRINTS):
        encode = voiceprint.encoder()
        for span in spans:
            if np.any(line := resample(dub[span], quality.RATE, _HEARD_AT)):
                voiceprint.voice_print(line, encode)
    if shelf.is_here(SPEECH_QUALITY):
        judge = quality.speech_judge()
        for sound in (dub, film):
            speech = np.concatenate([sound[span] for span in spans])
            windows = [speech[at : at + quality.WINDOW] for at in range(0, len(speech), quality.WINDOW)]
            quality.judge_speech(windows, judge, _go_on)


def _identify(film: Samples) -> None:
    # As the stage does it: all of a short film, three places of a long one.
    places = (0.05, 0.4, 0.75) if len(film) > 120 * quality.RATE else (0.0,)
    for at in places:
        first = int(len(film) * at)
        usual_listener().identify(film[first : first + 30 * quality.RATE], _go_on)


@contextmanager
def _timed(took: dict[str, float], what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    took[what] = time.perf_counter() - begun


def _go_on() -> None:
    pass


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
