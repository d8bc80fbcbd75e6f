"""Names in a script that no pronunciation is given for: listed before anything is spoken, for a person to listen to.

No dictionary of names is at hand, and none would be whole. A name is known by its capital where its language writes
none otherwise, or by standing in the script of another language with the very same letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from polyreel import locales
from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.subtitles.cuetext import voices
from polyreel.subtitles.model import Track
from polyreel.subtitles.spoken import part_speech

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
# What comes before a word that may have its capital from its place alone.
_BEGINS = re.compile(r"(?:^|[.!?…:;–—¿¡\"“”«»(\[-])\s*$")
# German and Luxembourgish write every noun with a capital.
_CAPITAL_NOUNS = frozenset({"de", "lb"})
# Capitals that English puts on words that are no names; its months are in the lexicon.
_DAYS = "monday tuesday wednesday thursday friday saturday sunday mr mrs ms dr i"
_NO_NAMES = {"en": frozenset(_DAYS.split())}
# A list that is longer is read by nobody, and a film's main names come first.
_MOST = 40


def unknown_names(
    script: Track,
    locale: str,
    pronunciations: Sequence[Pronunciation] = (),
    source: Track | None = None,
    spoken: str = "",
) -> tuple[str, ...]:
    """Names that ``script`` has and ``pronunciations`` lacks, by first appearance, at most 40.

    ``source`` is the script in the language ``spoken``: what stands in both with one spelling is a name, wherever it
    stands in its sentence.
    """
    language, other = locales.language(locale), locales.language(spoken) if spoken else ""
    lines = list(_split_lines(script))
    # A word that also stands without its capital is no name.
    lower = {word for line in lines for word in _WORD.findall(line) if word[0].islower()}
    shared = (
        _find_capitalised(_split_lines(source), inside=True)
        if source and other not in {language, *_CAPITAL_NOUNS}
        else set()
    )
    known = {word.casefold() for each in pronunciations for word in each.term.split()} | _words_of(language) | lower
    by_place = set() if language in _CAPITAL_NOUNS else _find_capitalised(lines, inside=True)
    names = {
        word for word in (by_place | (shared & _find_capitalised(lines, inside=False))) if word.casefold() not in known
    }
    return tuple(dict.fromkeys(name for line in lines for name in _join_neighbours(line, names)))[:_MOST]


def _split_lines(track: Track) -> Iterator[str]:
    from polyreel.engine.voice.text.spoken import make_speakable

    for cue in track.cues:
        yield from (make_speakable(part_speech(text).said) for _, text in voices(cue))


def _find_capitalised(lines: Iterable[str], *, inside: bool) -> set[str]:
    """Words with a capital; ``inside``: only those whose place in the sentence does not give it to them."""
    return {
        found[0]
        for line in lines
        for found in _WORD.finditer(line)
        if found[0][0].isupper() and len(found[0]) > 1 and not (inside and _BEGINS.search(line[: found.start()]))
    }


def _words_of(language: str) -> set[str]:
    from polyreel.engine.voice.text.lexicon import LEXICONS, NONE

    months = LEXICONS.get(language, NONE).months.casefold().split()
    return {*months, *_NO_NAMES.get(language, ())}


def _join_neighbours(line: str, names: set[str]) -> Iterator[str]:
    """The names of a line; neighbours are one: ``Ho Chi Minh``."""
    run: list[str] = []
    for found in [*_WORD.finditer(line), None]:
        follows = bool(run) and found is not None and line[: found.start()].endswith(f"{run[-1]} ")
        if run and not (follows and found and found[0] in names):
            yield " ".join(run)
            run = []
        if found and found[0] in names:
            run.append(found[0])
