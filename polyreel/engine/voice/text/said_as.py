"""Terms that are said otherwise than they are written: put into a line before a voice reads it.

A respelling simply takes the term's place. Sounds (IPA) stand in the line as ``⟦respelt|sounds⟧``, from which every
voice takes the half that it can read; where there is no respelling, as ``⟦written||sounds⟧``. All of it is part of the
text that a take is kept under.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from polyreel import locales

_OPEN, _BAR, _CLOSE = "⟦", "|", "⟧"
_MARKED = re.compile(rf"{_OPEN}([^{_OPEN}{_CLOSE}|]*)\|(\|?)([^{_OPEN}{_CLOSE}|]*){_CLOSE}([.,!?;:…—]*)")
_NO_MARKS = str.maketrans(dict.fromkeys(f"{_OPEN}{_CLOSE}", " "))
_OWNED = re.compile(r"['’]s$")
_WITHOUT_SPACES = "THAI", "LAO", "KHMER", "MYANMAR"
_SHOWN = 5
_HISSING, _VOICELESS = "szʃʒʧʤ", "ptkfθ"


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How one term is said: ``say`` is a respelling, or, where ``is_ipa``, the sounds themselves.

    ``locale`` (a language, or a whole tag) and ``voice`` (an engine, a voice, or ``engine:voice``) say for which it
    counts; empty: for all.
    """

    term: str
    say: str
    is_ipa: bool = False
    locale: str = ""
    voice: str = ""

    def counts_in(self, locale: str) -> bool:
        """Whether it is for this locale."""
        return self.locale in {"", locale, locales.language(locale)}

    def counts_for(self, voice_id: str) -> bool:
        """Whether it is for this voice (an id such as ``kokoro:ef_dora@es-ES``), by any name that a job may give it."""
        engine, _, whole = voice_id.rpartition(":")
        # `espeak-ng:es+f5@70` is listed so, and asked for as `f5@70` or `f5` too; others have a locale behind the @.
        own = {whole, whole.partition("@")[0]}
        own |= {each.rpartition("+")[2] for each in own}
        return self.voice in {"", engine, *own, *(f"{engine}:{each}" for each in own)}

    @property
    def rank(self) -> tuple[bool, int]:
        """The more it is made for one voice and one locale, the more it counts."""
        return bool(self.voice), len(self.locale)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: plain ``text``, or a term with its ``sounds`` and the punctuation that follows it."""

    text: str
    sounds: str = ""
    ending: str = ""


def with_shared(own: Iterable[Pronunciation], shared: Iterable[Pronunciation]) -> tuple[Pronunciation, ...]:
    """``own``, and of ``shared`` what ``own`` doesn't say for all voices or for the same one. Both of one locale."""
    own = tuple(own)
    said = {(_fold_term(each.term), each.voice) for each in own}
    left = (each for each in shared if not {(_fold_term(each.term), ""), (_fold_term(each.term), each.voice)} & said)
    return (*own, *left)


def are_same_term(one: Pronunciation, other: Pronunciation) -> bool:
    """Whether both say how one term is said: in any case, unless it is an acronym."""
    return _fold_term(one.term) == _fold_term(other.term)


def find_contradictions(pronunciations: Sequence[Pronunciation]) -> list[tuple[int, int]]:
    """The places of those that say a term otherwise than the first for the same voices and locale, after its place.

    A respelling and sounds stand beside each other: each voice takes what it can read.
    """
    first: dict[tuple[str, str, str, bool], int] = {}
    found: list[tuple[int, int]] = []
    for place, each in enumerate(pronunciations):
        before = first.setdefault((_fold_term(each.term), each.locale, each.voice, each.is_ipa), place)
        if pronunciations[before].say != each.say:
            found.append((before, place))
    return found


def respell(text: str, pronunciations: tuple[Pronunciation, ...], voice_id: str) -> str:
    """A line as this voice is to be given it. ``pronunciations`` are those of the line's locale."""
    text = text.translate(_NO_MARKS)
    if not pronunciations:
        return text
    terms = _list_terms(pronunciations, voice_id)
    return terms.pattern.sub(lambda match: _say_term(match, terms.ways[(match.lastindex or 1) - 1]), text)


@dataclass(frozen=True, slots=True)
class _Terms:
    """One pattern with a group per term, and by group how that term is said, the best first."""

    pattern: re.Pattern[str]
    ways: tuple[tuple[Pronunciation, ...], ...]


@lru_cache(maxsize=64)
def _list_terms(pronunciations: tuple[Pronunciation, ...], voice_id: str) -> _Terms:
    found: dict[str, list[Pronunciation]] = {}
    for each in sorted(pronunciations, key=lambda each: each.rank, reverse=True):
        if each.counts_for(voice_id):
            found.setdefault(_fold_term(each.term), []).append(each)
    # Where one term begins another, the longer one is meant.
    ways = sorted(map(tuple, found.values()), key=lambda each: len(each[0].term), reverse=True)
    either = "|".join(f"({_make_pattern(each[0].term)})" for each in ways)
    return _Terms(re.compile(either or r"(?!)"), tuple(ways))


def _say_term(match: re.Match[str], ways: Sequence[Pronunciation]) -> str:
    owned = match[0][-2:] if _OWNED.search(match[0]) and not _OWNED.search(ways[0].term) else ""
    respelt = next((each.say for each in ways if not each.is_ipa), "")
    spelt = (respelt or match[0].removesuffix(owned)) + owned
    if not ways[0].is_ipa:
        return spelt
    bar = _BAR if respelt else 2 * _BAR
    return f"{_OPEN}{spelt}{bar}{ways[0].say}{_say_possessive(ways[0].say) if owned else ''}{_CLOSE}"


def _say_possessive(sounds: str) -> str:
    """English ``'s`` after these sounds."""
    return "ɪz" if sounds[-1] in _HISSING else "s" if sounds[-1] in _VOICELESS else "z"


def _fold_term(term: str) -> str:
    return term if _is_acronym(term) else term.casefold()


def _is_acronym(term: str) -> bool:
    """Written in capitals, a term is not the word of the same letters: ``US`` is not ``us``."""
    return term.isupper() and term.casefold() != term


def _make_pattern(term: str) -> str:
    """A whole word or several, however they are spaced, in any case unless it is an acronym."""
    words = r"\s+".join(map(re.escape, term.split()))
    inside = words if _is_acronym(term) else f"(?i:{words})"
    before = r"(?<!\w)" if _is_spaced(term[0]) else ""
    return f"{before}{inside}" + (r"(?:['’]s)?(?!\w)" if _is_spaced(term[-1]) else "")


def _is_spaced(letter: str) -> bool:
    """Whether words of this letter's script stand apart."""
    wide = unicodedata.east_asian_width(letter) in "WF"
    return letter.isalnum() and not wide and not unicodedata.name(letter, "").startswith(_WITHOUT_SPACES)


def pieces(text: str) -> list[Piece]:
    """A line, its terms with sounds apart."""
    found: list[Piece] = []
    at = 0
    for match in _MARKED.finditer(text):
        found += [Piece(before)] if (before := text[at : match.start()].strip()) else []
        found.append(Piece(match[1], match[3], match[4]))
        at = match.end()
    return found + ([Piece(rest)] if (rest := text[at:].strip()) else [])


def as_written(text: str) -> str:
    """A line for a voice that can't be given sounds: the terms as they are written, or respelt."""
    return _MARKED.sub(lambda match: match[1] + match[4], text)


def as_shown(text: str) -> str:
    """A line for people: terms with the sounds that stand beside them, ``Nguyen /wɪn/``."""
    return _MARKED.sub(lambda match: f"{match[1]} /{match[3]}/{match[4]}", text)


def describe_unread(engine: str, texts: Iterable[str]) -> tuple[str, ...]:
    """What is to be known where an engine can't be given sounds: which terms it reads by its own rules."""
    terms = list(dict.fromkeys(match[1] for text in texts for match in _MARKED.finditer(text) if match[2]))
    if not terms:
        return ()
    shown = ", ".join(terms[:_SHOWN]) + (f" and {len(terms) - _SHOWN} more" if len(terms) > _SHOWN else "")
    return (f"{engine} takes no IPA: it reads {shown} as written. Add a respelling to `pronunciations`.",)
