"""Supertonic 3 behind the voice port: four nets, run one after the other.

How long the text takes is predicted first; then noise of that length is turned into speech's latent form in a few
steps, guided by the text and the voice's style, and the vocoder makes sound of it. The noise is drawn by the text, the
voice and nothing else: the same line sounds the same in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.edges import trim_silence
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.voice.port import Gender, Speech
from polyreel.engine.voice.supertonic import folder
from polyreel.engine.voice.supertonic.text import language_of, number_text, split_text
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.spoken import make_speakable, make_unreadable, require_sayable
from polyreel.errors import EngineError, NoVoice

_VERSION = 1
# Each step is a whole run of the largest net: more of them cost as much again for each line.
_STEPS = 8
# The publisher's default of pace: what its own demos speak at.
_OWN_PACE = 1.05
_PAUSE_S = 0.3
# Three hundred letters take half a minute: a predicted length beyond this is a net gone wrong, and memory.
_LONGEST_S = 120.0
_SPEEDS = (0.7, 2.0)
# A bound so that a book in one cue is refused, and not spoken for an hour; nothing depends on its exact value.
_MOST_CHARACTERS = 5000


class SupertonicVoice:
    """The voices of a Supertonic 3 that the user has added (`polyreel voices add FOLDER`)."""

    name = "supertonic"

    @property
    def version(self) -> str:
        """Changes with any of its files and the rules by which lines are read; 0 where none were added."""
        return f"{_VERSION}-{fingerprint_readings()}-{folder.fingerprint()}" if folder.is_here() else "0"

    def speaks(self, locale: str) -> bool:
        """Whether it was added, and was taught the language."""
        return folder.is_here() and language_of(locale) is not None

    def cast(self, locale: str) -> tuple[str, ...]:
        """Women and men in turn. Raises NoVoice."""
        self._require_locale(locale)
        women, men = ([each for each in folder.styles() if each.startswith(first)] for first in "FM")
        others = [each for each in folder.styles() if not each.startswith(("F", "M"))]
        turns = [each for pair in zip(women, men, strict=False) for each in pair]
        rest = [each for each in (*women, *men) if each not in turns]
        return tuple(f"{each}@{locale}" for each in (*turns, *rest, *others))

    def resolve(self, locale: str, asked: str) -> str:
        """A style by its name. Raises NoVoice."""
        self._require_locale(locale)
        name = asked.removesuffix(f"@{locale}")
        if name not in folder.styles():
            raise NoVoice(
                f"there is no Supertonic voice '{name[:40]}'.",
                where=locale,
                remedy=f"It has {', '.join(folder.styles())}.",
            )
        return f"{name}@{locale}"

    def gender(self, voice_id: str) -> Gender | None:
        """By its publisher's names: ``F1``, ``M1``."""
        return {"F": "female", "M": "male"}.get(voice_id[:1])  # type: ignore[return-value]

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text. Raises EngineError: ``nothing_to_say``, ``unreadable``, ``model_missing``, ``model_damaged``."""
        # Here: some 300 patterns, which a run that has nothing to say would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        name, _, locale = voice_id.partition("@")
        words = spell_out(make_speakable(text), locale)
        require_sayable(words, text, _MOST_CHARACTERS)
        files = folder.read_added().files
        spoken = language_of(locale) or ""
        indexer = folder.read_indexer(files["onnx/unicode_indexer.json"])
        pieces = [numbers for each in split_text(words, spoken) if (numbers := number_text(each, spoken, indexer))]
        if not pieces:
            raise make_unreadable("Supertonic", text, f"this in {locale}")
        rate = folder.read_settings(files["onnx/tts.json"]).rate
        pace = max(_SPEEDS[0], min(_SPEEDS[1], _OWN_PACE * speed))
        said = [_synthesise_numbers(numbers, name, pace, files) for numbers in pieces]
        pause = np.zeros(round(_PAUSE_S * rate), np.float32)
        return Speech(np.concatenate([part for sound in said for part in (sound, pause)][:-1]), rate)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """What its licence asks of whoever uses it."""
        return (f"supertonic's weights are under {folder.LICENCE}: see that your use is one that it allows.",)

    def _require_locale(self, locale: str) -> None:
        if not self.speaks(locale):
            why = f"was not taught {locale}" if folder.is_here() else "is not on this machine"
            raise NoVoice(f"Supertonic {why}.", where=locale, remedy="`polyreel voices LOCALE` lists who speaks it.")


def _synthesise_numbers(numbers: list[int], name: str, pace: float, files: dict[str, str]) -> Samples:
    settings = folder.read_settings(files["onnx/tts.json"])
    spoken, timed = folder.read_style(name, files[f"voice_styles/{name}.json"])
    nets = {each: folder.open_net(each, files[f"onnx/{each}.onnx"]) for each in folder.NETS}
    mask = np.ones((1, 1, len(numbers)), np.float32)
    text: dict[str, NDArray[Any]] = {"text_ids": np.array([numbers], np.int64), "text_mask": mask}
    seconds = float(nets["duration_predictor"].run({**text, "style_dp": timed}).ravel()[0]) / pace
    if not 0 < seconds <= _LONGEST_S:
        raise _no_sound(name)
    embedded = nets["text_encoder"].run({**text, "style_ttl": spoken})
    # Rounded up: the vocoder's surplus is cut off below, but a missing step would cut the last sound.
    steps = -(-round(seconds * settings.rate) // settings.samples_per_step)
    latent = _draw_noise(numbers, name, (1, settings.width, steps))
    given: dict[str, NDArray[Any]] = {"text_emb": embedded, "style_ttl": spoken, "text_mask": mask}
    given |= {"latent_mask": np.ones((1, 1, steps), np.float32), "total_step": np.array([_STEPS], np.float32)}
    for step in range(_STEPS):
        now: dict[str, NDArray[Any]] = {"noisy_latent": latent, "current_step": np.array([step], np.float32)}
        latent = nets["vector_estimator"].run({**given, **now})
    heard = nets["vocoder"].run({"latent": latent}).astype(np.float32).ravel()[: round(seconds * settings.rate)]
    if not len(heard) or not np.isfinite(heard).all():
        raise _no_sound(name)
    trimmed = trim_silence(np.clip(heard, -1, 1), settings.rate)
    if not len(trimmed):
        raise _no_sound(name)
    return trimmed


def _draw_noise(numbers: list[int], name: str, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    seed = hashlib.sha256(f"{name} {numbers}".encode()).digest()[:8]
    return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(shape).astype(np.float32)


def _no_sound(name: str) -> EngineError:
    return EngineError(
        "Supertonic gave no sound for a line.",
        where=name,
        remedy="Change the line's words, or name another voice for it.",
    )
