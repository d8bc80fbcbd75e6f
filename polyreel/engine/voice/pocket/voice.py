"""Pocket TTS behind the voice port: Kyutai's speakers, and voices cloned with their owner's consent.

A clone is known only to the voice that was made with it: its id (``clone-1a2b...@de-DE``) means nothing elsewhere, is
in no cast, and can't be asked for by name, so that nobody is cloned but by a job that states the consent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.engine.sound.edges import trim_silence
from polyreel.engine.sound.stretch import stretch
from polyreel.engine.voice.pocket import files
from polyreel.engine.voice.pocket.bundle import Arrays
from polyreel.engine.voice.pocket.files import Placed, find_placed, list_languages
from polyreel.engine.voice.pocket.speaking import hear_voice, synthesise
from polyreel.engine.voice.pocket.text import frames_after_end, pad_text, prepare_text, split_text
from polyreel.engine.voice.port import Gender, Speech
from polyreel.engine.voice.text.fingerprint import fingerprint_readings
from polyreel.engine.voice.text.spoken import make_speakable, make_unreadable, require_sayable
from polyreel.errors import EngineError, NoVoice
from polyreel.locales import language as language_of

_VERSION = 1
_PAUSE_S = 0.2
# A bound so that a book in one cue is refused, and not spoken for an hour; nothing depends on its exact value.
_MOST_CHARACTERS = 5000
_CLONE = "clone-"
# fmt: off
_WOMEN = frozenset({
    "alba", "anna", "azelma", "caro_davy", "cosette", "eponine", "estelle", "eve", "fantine", "jane", "lola", "mary",
    "vera",
})
_MEN = frozenset({
    "bill_boerst", "charles", "daan", "george", "giovanni", "javert", "jean", "juergen", "marius", "michael", "paul",
    "peter_yearsley", "rafael", "stuart_bell",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Clone:
    """A person's sample (WAV, 48 kHz) for whose use there is consent, and the hash that it is known by."""

    sample: Path
    sha256: str

    @property
    def name(self) -> str:
        """What the voice is called: ``clone-`` and the hash's beginning."""
        return clone_name(self.sha256)


def clone_name(sha256: str) -> str:
    """What the voice of a sample is called."""
    return f"{_CLONE}{sha256[:16]}"


class PocketVoice:
    """The speakers of the Pocket TTS bundles on this machine, and the clones that a job states."""

    name = files.NAME

    def __init__(self, clones: Collection[Clone] = ()) -> None:
        self._clones = {each.name: each for each in clones}

    @property
    def version(self) -> str:
        """Changes with its files and the rules by which lines are read; 0 where none are here.

        Clones are known by their ids.
        """
        here = [f"{each}-{find_placed(each).fingerprint}" for each in list_languages()]
        return f"{_VERSION}-{fingerprint_readings()}-{'-'.join(here)}" if here else "0"

    def speaks(self, locale: str) -> bool:
        """Whether a bundle of the language is here, and somebody to speak with."""
        spoken = language_of(locale)
        return spoken in list_languages() and bool(self._clones or find_placed(spoken).speakers)

    def cast(self, locale: str) -> tuple[str, ...]:
        """Women and men in turn; never a clone, unless there is nobody else. Raises NoVoice."""
        names = find_placed(language_of(locale)).speakers
        women = [each for each in names if self.gender(each) == "female"]
        men = [each for each in names if self.gender(each) == "male"]
        # Two speakers of a dialogue are told apart at once when they alternate.
        turns = [each for pair in zip(women, men, strict=False) for each in pair]
        rest = [each for each in names if each not in turns]
        found = tuple(f"{each}@{locale}" for each in (*turns, *rest)) or tuple(
            f"{each}@{locale}" for each in self._clones
        )
        if not found:
            raise NoVoice(
                f"the Pocket TTS bundle for {locale} has no speakers.",
                where=locale,
                remedy="Put Kyutai's NAME.safetensors of that language into its `embeddings`, and add it again.",
            )
        return found

    def resolve(self, locale: str, asked: str) -> str:
        """A speaker by name. Raises NoVoice."""
        name = asked.removesuffix(f"@{locale}")
        placed = find_placed(language_of(locale))
        if name in self._clones or name in placed.speakers:
            return f"{name}@{locale}"
        # Told apart from a misspelt name: the way out is a consent, not a list of speakers.
        if name.startswith(_CLONE):
            raise NoVoice(
                "a cloned voice is used by a job that states the consent, and can't be asked for by its name.",
                where=locale,
                remedy="Give `dubbing: {clones: [{sample: FILE, consent: {by: NAME, file: FILE}}]}`.",
            )
        raise NoVoice(
            f"there is no Pocket TTS voice '{name[:40]}'.",
            where=locale,
            remedy=f"It has {', '.join(placed.speakers) or 'no speakers'}.",
        )

    def gender(self, voice_id: str) -> Gender | None:
        """As Kyutai tells of its speakers; of a clone nobody knows."""
        name = voice_id.partition("@")[0]
        return "female" if name in _WOMEN else "male" if name in _MEN else None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        """Say a text. Raises EngineError: ``nothing_to_say``, ``unreadable``, ``model_damaged``, ``cannot_clone``."""
        # Here: some 300 patterns, which a run that has nothing to say would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        name, _, locale = voice_id.partition("@")
        words = spell_out(make_speakable(text), locale)
        require_sayable(words, text, _MOST_CHARACTERS)
        placed = find_placed(language_of(locale))
        bundle = placed.read_bundle()
        prepared = prepare_text(words, placed.language, keeps_semicolons=bundle.keeps_semicolons)
        # All of its languages are written in Latin; other scripts it was never taught, and it would not refuse them.
        if not any(map(_is_latin, prepared)):
            raise make_unreadable("Pocket TTS", text, f"this in {locale}")
        states = self._prepare_voice(placed, name)
        parts = split_text(prepared, bundle.most_tokens, lambda part: len(placed.encode(part)))
        said = [_say_part(placed, part, states, name) for part in parts]
        pause = np.zeros(round(_PAUSE_S * bundle.rate), np.float32)
        joined = np.concatenate([part for sound in said for part in (sound, pause)][:-1])
        # It has no pace of its own to set: what is to be faster is shortened, at the same pitch.
        return Speech(stretch(joined, bundle.rate, max(1, round(len(joined) / speed))), bundle.rate)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Whom its licence asks to name."""
        return (f"pocket's weights are under {files.LICENCE}: name Kyutai where the dub is published.",)

    def _prepare_voice(self, placed: Placed, name: str) -> Arrays:
        clone = self._clones.get(name)
        return hear_voice(placed, clone.sample, clone.sha256) if clone else placed.read_speaker(name)


def _say_part(
    placed: Placed, part: str, states: Arrays, name: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    bundle = placed.read_bundle()
    # A part cut at a clause has no end of its own, and the voice was taught whole sentences.
    ended = prepare_text(part, placed.language, keeps_semicolons=bundle.keeps_semicolons) or part
    pieces = placed.encode(pad_text(ended, pads_short=bundle.pads_short))
    after = frames_after_end(ended, bundle.frames_after_end)
    trimmed = trim_silence(synthesise(placed, pieces, states, after, f"{name} {pieces}"), bundle.rate)
    if not len(trimmed):
        raise EngineError("Pocket TTS gave no sound for a line.", where=repr(part[:40]), remedy="Change its words.")
    return trimmed


def _is_latin(sign: str) -> bool:
    return sign.isalpha() and unicodedata.name(sign, "").startswith("LATIN")
