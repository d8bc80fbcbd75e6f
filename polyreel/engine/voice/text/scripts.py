"""Words in Cyrillic or Greek letters, written in Latin ones as the line's language writes them.

A voice of another language names such letters one by one, or passes over them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("scripts.tsv")
# One letter alone is a sign of mathematics, which has a name in each language.
_WORD = re.compile(r"[\u0370-\u03ff\u0400-\u045f\u0490\u0491][\u0300-\u045f\u0490\u0491]+")
_EVERY = "*"
_START = "^"
# Letters with a mark of their own, which is no stress.
_MARKED = "йїёў"


def write_in_latin(text: str, language: str) -> str:
    """A line without words in Cyrillic or Greek letters: ``Москва`` is *Moskva* in English and *Moskwa* in German."""
    if text.isascii():
        return text
    return _WORD.sub(lambda found: _spell_word(found[0], language), text)


def _spell_word(word: str, language: str) -> str:
    letters, longest = _read_letters(language)
    plain = _START + _drop_stresses(word)
    out, at = "", 0
    while at < len(plain):
        piece = next((plain[at:end] for end in range(at + longest, at, -1) if plain[at:end] in letters), "")
        out += letters.get(piece, "")
        at += len(piece) or 1
    if word.isupper():
        return out.upper()
    return out[:1].upper() + out[1:] if word[0].isupper() else out


def _drop_stresses(word: str) -> str:
    composed = unicodedata.normalize("NFC", word.lower())
    kept = (each if each in _MARKED else unicodedata.normalize("NFD", each)[0] for each in composed)
    return "".join(each for each in kept if not unicodedata.combining(each))


@cache
def _read_letters(language: str) -> tuple[Mapping[str, str], int]:
    found: dict[str, str] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        languages, letters, said = line.split("\t")
        if (languages == _EVERY and letters not in found) or language in languages.split(","):
            found[letters] = said
    return found, max(map(len, found))
