"""A long line in pieces that Kokoro takes at once: cut after a sentence, else after a clause, else between words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyreel.engine.voice.kokoro.vocabulary import MOST_TOKENS

MOST_AT_ONCE = min(160, MOST_TOKENS)
"""Phonemes of one piece. The model takes 510, and a gigabyte for them, once per core; a cue of two lines has 90.

A line of half a minute in such pieces is understood as well as in one (`python -m benchmarks long-lines`).
"""

_AFTER_SENTENCE_S, _AFTER_CLAUSE_S, _AFTER_WORD_S = 0.28, 0.12, 0.0
_CUTS = ((r"(?<=[.!?…])\s+", _AFTER_SENTENCE_S), (r"(?<=[,;:—)”])\s+", _AFTER_CLAUSE_S), (r"\s+", _AFTER_WORD_S))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece, and the silence that belongs after it where another follows."""

    phonemes: str
    pause_s: float = _AFTER_SENTENCE_S


def split_phrases(phonemes: str, most: int = MOST_AT_ONCE) -> list[Phrase]:
    """Phonemes in as few pieces of at most ``most`` letters as their boundaries allow."""
    return _cut_phrases(phonemes.strip(), most, _CUTS, _AFTER_SENTENCE_S)


def _cut_phrases(text: str, most: int, cuts: tuple[tuple[str, float], ...], pause_s: float) -> list[Phrase]:
    if len(text) <= most:
        return [Phrase(text, pause_s)] if text else []
    # A word of more than that many phonemes: a line of Chinese has no spaces.
    if not cuts:
        return [Phrase(text[at : at + most], _AFTER_WORD_S) for at in range(0, len(text), most)]
    pattern, pause = cuts[0]
    # Cut only as finely as needed: each cut is a breath that the speaker did not take.
    packed = _pack_pieces(re.split(pattern, text), most)
    found = [phrase for piece in packed for phrase in _cut_phrases(piece, most, cuts[1:], pause)]
    # The last piece ends where the whole did, so it keeps that cut's longer pause.
    return [*found[:-1], Phrase(found[-1].phonemes, pause_s)] if found else []


def _pack_pieces(pieces: list[str], most: int) -> list[str]:
    """Neighbours together, as long as they fit: fewer joins, better prosody."""
    packed: list[str] = []
    for piece in pieces:
        if packed and len(packed[-1]) + 1 + len(piece) <= most:
            packed[-1] += f" {piece}"
        else:
            packed.append(piece)
    return packed
