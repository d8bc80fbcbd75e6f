"""The text front end of Supertonic 3: letters themselves, cleaned as they were for its training, in a language's marks.

After its publisher's package (``supertonic`` 1.3.1 on PyPI, MIT): decomposed characters, plain quotes and dashes, a
full stop at the end, and the language around it: ``<de>Guten Tag.</de>``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from polyreel.locales import language

LANGUAGES = frozenset(
    {
        "en",
        "ko",
        "ja",
        "ar",
        "bg",
        "cs",
        "da",
        "de",
        "el",
        "es",
        "et",
        "fi",
        "fr",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "lt",
        "lv",
        "nl",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sv",
        "tr",
        "uk",
        "vi",
    }
)
# Its publisher's limits; a Korean letter is a whole syllable, so fewer of them.
_LONGEST, _LONGEST_BY_LANGUAGE = 300, {"ko": 120}
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u00b4`", "'"),
        **dict.fromkeys("_[]|/#\u00af\u2190\u2192<>", " "),
    }
)
_BEFORE_MARK = re.compile(r"\s+([,.!?;:'])")
_SAME_QUOTES = re.compile(r"(['\"])\1+")
_HAS_END = re.compile(r"[.!?;:,'\")\]}…。」』】〉》]$")
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+")


def language_of(locale: str) -> str | None:
    """What a locale is called among the voice's marks; None where it was not taught that language."""
    found = language(locale).lower()
    return found if found in LANGUAGES else None


def split_text(text: str, spoken: str) -> list[str]:
    """Whole sentences together, as long as the voice takes at once; a longer sentence between its words."""
    most = _LONGEST_BY_LANGUAGE.get(spoken, _LONGEST)
    pieces: list[str] = []
    for sentence in _SENTENCE.split(" ".join(text.split())):
        for part in _cut_long(sentence, most):
            if pieces and len(pieces[-1]) + 1 + len(part) <= most:
                pieces[-1] += f" {part}"
            else:
                pieces.append(part)
    return [piece for piece in pieces if piece]


def number_text(text: str, spoken: str, indexer: Sequence[int]) -> list[int]:
    """What the nets are given for a piece of text; empty where they were taught none of its letters.

    ``indexer`` has a number for every code point that they were taught, and -1 for the others, which are left out.
    """
    clean = unicodedata.normalize("NFKD", text).translate(_PLAIN)
    known = "".join(sign for sign in clean if _number_sign(sign, indexer) >= 0 or sign.isspace())
    if not any(sign.isalnum() for sign in known):
        return []
    known = _SAME_QUOTES.sub(r"\1", _BEFORE_MARK.sub(r"\1", " ".join(known.split())))
    ended = known if _HAS_END.search(known) else f"{known}."
    marked = f"<{spoken}>{ended}</{spoken}>"
    return [number for sign in marked if (number := _number_sign(sign, indexer)) >= 0]


def _number_sign(sign: str, indexer: Sequence[int]) -> int:
    # The table ends with the last code point that was taught.
    return indexer[ord(sign)] if ord(sign) < len(indexer) else -1


def _cut_long(sentence: str, most: int) -> list[str]:
    parts: list[str] = [""]
    for word in sentence.split(" "):
        for at in range(0, max(1, len(word)), most):
            piece = word[at : at + most]
            if parts[-1] and len(parts[-1]) + 1 + len(piece) > most:
                parts.append(piece)
            else:
                parts[-1] = f"{parts[-1]} {piece}".strip()
    return parts
