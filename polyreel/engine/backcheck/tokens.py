"""A text as the tokens it is compared by: words where a script has spaces, the sound of each sign where it has none.

Spelling is not what is checked. Case, punctuation and width don't count; Chinese is compared by its syllables (so that
traditional and simplified characters, and homophones, are one), Japanese by its kana, Hindi by its consonants (a
listener may write it as Urdu, in a script without short vowels), and figures by how they are said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from polyreel import locales
from polyreel.engine.voice.kokoro.katakana import write_in_katakana
from polyreel.engine.voice.text.lexicon import LEXICONS
from polyreel.errors import EngineError

Measure = Literal["WER", "CER"]

_SPACELESS = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
_EITHER_SCRIPT = frozenset({"hi", "ur"})
# Words are written together or apart as each writer likes.
_LOOSE = frozenset({"ko"})
_NUMBER = re.compile(r"\d+(?:[.,:'\u00a0\u202f]\d+)*%?")
_APOSTROPHES = re.compile(r"[’‘ʼ`´']")
_ARABIC_MARKS = re.compile(r"[\u064b-\u0652\u0670\u0640]")
_SAME_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"})
_ARABIC_LETTER = re.compile(r"[\u0620-\u06ff]")
_SWITCHED = re.compile(r"\([a-z^-]+\)")
# Retroflex and dental, breathed and plain, and the half vowels: one script tells them apart, the other does not.
_SAME_CONSONANT = {
    letter: group[0]
    for group in ("pɸ", "b", "tʈθ", "dɖð", "kqxc", "ɡɣɟg", "f", "s", "ʃʂ", "z", "m", "nɳŋɲ", "l", "rɾɽɹ", "hɦ")
    for letter in group
}
_WORD = re.compile(r"\d+(?:[.,:]\d+)*%?|[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0dff\u200c\u200d]*[^\W\d_]*)*", re.UNICODE)
# In words: a longer number is compared in pieces. A bound so that each word is tried with few that follow.
_LONGEST_NUMBER = 8
# espeak-ng says a figure and its word from two dictionaries, and doesn't mind a short vowel.
_WAVERING = str.maketrans({"ɪ": "i", "ʊ": "w", "u": "w", "ə": None, "ʏ": "y", "ɛ": "e", "ɔ": "o", "ɾ": "r", "ɹ": "r"})


def measure_of(locale: str) -> Measure:
    """What a locale's errors are counted in: words, or characters."""
    return "CER" if locales.language(locale) in _SPACELESS | _LOOSE | _EITHER_SCRIPT else "WER"


def split_tokens(text: str, locale: str) -> list[str]:
    # Full-width signs and ligatures are spelling, not sound.
    """The tokens of a text, in order. Pure, but for Chinese and Japanese readings."""
    language = locales.language(locale)
    plain = unicodedata.normalize("NFKC", text).casefold()
    if language in {"zh", "yue"}:
        return _read_syllables(plain)
    if language == "ja":
        return _read_kana(plain)
    if language in _EITHER_SCRIPT:
        return list(_read_consonants(plain))
    if language == "ar":
        plain = _ARABIC_MARKS.sub("", plain).translate(_SAME_ARABIC)
    if language in _SPACELESS | _LOOSE:
        return [char for char in plain if unicodedata.category(char)[0] in "LNM"]
    if language in LEXICONS:
        # Here: some 300 patterns, which a run that compares nothing would compile for nothing.
        from polyreel.engine.voice.text.words import spell_out

        plain = spell_out(unicodedata.normalize("NFKC", text), locale).casefold()
    return _WORD.findall(unicodedata.normalize("NFC", _APOSTROPHES.sub("", plain)))


def _read_syllables(text: str) -> list[str]:
    from pypinyin import lazy_pinyin

    from polyreel.engine.voice.kokoro.numbers_zh import in_characters

    said = in_characters(text).replace("幺", "一")  # a one on the telephone, which a listener may write as any one
    # Whatever is no Chinese comes back as it is: punctuation goes, foreign words stay.
    return [token for part in lazy_pinyin(said) for token in _WORD.findall(part)]


def _read_kana(text: str) -> list[str]:
    import pyopenjtalk

    from polyreel.engine.voice.kokoro.numbers_ja import in_words

    # Kanji have several readings and listeners choose freely between kanji and kana: only the reading can be compared.
    read = str(pyopenjtalk.g2p(write_in_katakana(in_words(text)), kana=True)) if text.strip() else ""
    return [char for char in read if unicodedata.category(char)[0] == "L" and char not in "ー’"]


@lru_cache(maxsize=20_000)
def _read_consonants(text: str) -> str:
    """The consonants of Hindi or Urdu, by how espeak-ng says its script; what one of them leaves out is left out."""
    from polyreel.engine.voice.espeak import transcribe_clauses

    voice = "ur" if _ARABIC_LETTER.search(text) else "hi"
    said = "".join(each for each, _ in transcribe_clauses(text, voice)) if _WORD.search(text) else ""
    return "".join(_SAME_CONSONANT.get(sign, "") for sign in _SWITCHED.sub("", said))


def with_numbers_alike(script: Sequence[str], heard: Sequence[str], locale: str) -> tuple[list[str], list[str]]:
    """Both sides with figures and number words made the same: ``40`` and ``forty``, where they are said alike."""
    return _use_figures(script, heard, locale), _use_figures(heard, script, locale)


def _use_figures(words: Sequence[str], others: Sequence[str], locale: str) -> list[str]:
    """The words, where some in a row are said as a figure of the other side is: that figure instead."""
    figures = {word for word in others if word[:1].isdigit()} - set(words)
    found = list(words)
    # The longest first, so that a part of a number isn't taken for all of it.
    for figure in sorted(figures, key=len, reverse=True):
        found = _replace_by_figure(found, figure, locale)
    return found


def _replace_by_figure(words: list[str], figure: str, locale: str) -> list[str]:
    wanted = _list_readings(figure, locale)
    at = 0
    while wanted and at < len(words):
        for length in range(min(_LONGEST_NUMBER, len(words) - at), 0, -1):
            if _pronounce(" ".join(words[at : at + length]), locale) in wanted:
                words = [*words[:at], figure, *words[at + length :]]
                break
        at += 1
    return words


def _list_readings(figure: str, locale: str) -> set[str]:
    """How a figure may be said: as a number, and, with four digits, as a year in two halves."""
    # 1984 is said "nineteen eighty-four" as a year, and espeak-ng reads every figure as a number.
    halves = f"{figure[:2]} {figure[2:]}" if len(figure) == 4 and figure.isdigit() else figure
    return {_pronounce(figure, locale), _pronounce(halves, locale)} - {""}


@lru_cache(maxsize=20_000)
def _pronounce(text: str, locale: str) -> str:
    """How espeak-ng says a text, without stress, length and pauses, and with the vowels it wavers on made one.

    Empty where it does not speak the language.
    """
    from polyreel.engine.voice.espeak import transcribe_clauses

    try:
        clauses = transcribe_clauses(text, locale)
    except EngineError:
        return ""
    plain = re.sub(r"[\sˈˌ^ː\-|]|\([a-z-]+\)", "", "".join(said for said, _ in clauses))
    return plain.translate(_WAVERING)
