"""Text as Pocket TTS was taught it: whole sentences with an end, of so many pieces at most."""

from __future__ import annotations

import re
from collections.abc import Callable

# What is absent from what the voices were taught (Kyutai's own settings, by language).
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'"})
_MARKS = str.maketrans(dict.fromkeys('"\u201c\u201d\u201e\u00ab\u00bb()[]', "") | {"\u2013": ",", "\u2014": ","})
_STRAY = re.compile(r"([.!?\u2026])\s*[,;:]")
_BEFORE_MARK = re.compile(r"\s+([,.;:!?\u2026])")
_ENDS, _WEAK, _CLOSERS = ".!?\u2026", ",;:-\u2013\u2014", "\"'\u201d\u2019)]\u00bb"
_SENTENCE = re.compile(r"(?<=[.!?\u2026])\s+")
_CLAUSE = re.compile(r"(?<=[,;:])\s+")
# Kyutai's own numbers for short lines.
_FEW_WORDS, _PAD = 5, " " * 8


def prepare_text(text: str, language: str, *, keeps_semicolons: bool) -> str:
    """A text with a capital first, an end, and without marks that the voice was not taught; empty without letters."""
    text = text.translate(_APOSTROPHES)
    if language != "en":
        text = text.translate(_MARKS)
        # The French voice was taught no colon.
        text = text.replace(":", ",") if language == "fr" else text
    text = _BEFORE_MARK.sub(r"\1", _STRAY.sub(r"\1", " ".join(text.split()))).strip(" ,;:")
    if not keeps_semicolons:
        text = text.replace(";", ",")
    if not any(sign.isalnum() for sign in text):
        return ""
    return _with_end(text[0].upper() + text[1:])


def _with_end(text: str) -> str:
    core = text.rstrip(_CLOSERS + " ")
    if core[-1:] in _ENDS:
        return text
    closers = text[len(core) :].strip()
    return (core.rstrip(_WEAK + " ") if core[-1:] in _WEAK else core + closers) + "."


def pad_text(text: str, *, pads_short: bool) -> str:
    """A short text with spaces before it, for voices that say so few pieces badly."""
    return _PAD + text if pads_short and len(text.split()) < _FEW_WORDS else text


def frames_after_end(text: str, recommended: int | None) -> int:
    """How many frames still come after the voice says that it has ended."""
    return recommended if recommended is not None else 2 + (3 if len(text.split()) < _FEW_WORDS else 1)


def split_text(text: str, most: int, count: Callable[[str], int]) -> list[str]:
    """Sentences together, as many pieces (``count``) as the voice takes at once; else clauses, else words."""
    if not text or count(text) <= most:
        return [text] if text else []
    for rule in (_SENTENCE, _CLAUSE, None):
        parts = rule.split(text) if rule else text.split()
        if len(parts) > 1:
            return [piece for each in _pack_parts(parts, most, count) for piece in split_text(each, most, count)]
    # One word of more pieces than are taken at once: cut where it must be.
    half = len(text) // 2
    return [text] if half < 1 else split_text(text[:half], most, count) + split_text(text[half:], most, count)


def _pack_parts(parts: list[str], most: int, count: Callable[[str], int]) -> list[str]:
    packed = [parts[0]]
    for part in parts[1:]:
        joined = f"{packed[-1]} {part}"
        if count(joined) <= most:
            packed[-1] = joined
        else:
            packed.append(part)
    return packed
