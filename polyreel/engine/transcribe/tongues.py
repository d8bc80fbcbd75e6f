"""Languages as Whisper names them, and which of them are one to a listener."""

from __future__ import annotations

from collections.abc import Mapping

from polyreel import locales

SURELY_ANOTHER, SURELY_NOT = 0.8, 0.05
"""A source speaks another language where that one is at least so likely, and the expected one at most so."""
LEAST_SPEECH_MS = 2000
"""Less speech than this says nothing of its language."""

WHISPER_CODES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "  # noqa: SIM905
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)
"""Whisper's languages. faster-whisper has the same list, and takes a quarter of a second to import."""

_OTHERWISE_CALLED = {"nb": "no", "fil": "tl", "jv": "jw", "cmn": "zh", "yue": "zh", "iw": "he", "in": "id"}
# Told apart by spelling or by politics more than by ear: a listener of this size takes one for the other.
_ALIKE = (
    frozenset({"no", "nn", "da"}),
    frozenset({"hr", "sr", "bs", "sl"}),
    frozenset({"id", "ms", "jw"}),
    frozenset({"hi", "ur"}),
    frozenset({"gl", "pt", "es"}),
    frozenset({"af", "nl"}),
    frozenset({"cs", "sk"}),
    frozenset({"be", "ru", "uk"}),
    frozenset({"mk", "bg"}),
)
# What is spoken beside them by so few that hearing it means having misheard.
_MINOR = {"gl": "es", "nn": "no", "jw": "id", "be": "ru"}


def find_whisper_code(locale: str) -> str:
    """Whisper's code for a locale's language: ``nb-NO`` -> ``no``."""
    language = locales.language(locale)
    return _OTHERWISE_CALLED.get(language, language)


def locale_of(code: str) -> str:
    """The locale of one of Whisper's codes, without a region: ``no`` -> ``nb``."""
    return {"no": "nb", "jw": "jv"}.get(code, code)


def share_of(locale: str, found: Mapping[str, float]) -> float:
    """How likely the locale's language is, what a listener easily takes for it included."""
    code = find_whisper_code(locale)
    heard = found.get(code, 0.0)
    return heard + sum(share for other, share in found.items() if other != code and _passes_for(other, code))


def _passes_for(heard: str, wanted: str) -> bool:
    if heard in _MINOR or wanted in _MINOR:
        return any({heard, wanted} <= group for group in _ALIKE)
    # Portuguese is not Spanish: languages of their own pass for each other only where the ear can't tell.
    return any({heard, wanted} <= group for group in _ALIKE if not group & {"es", "pt"})


def find_likeliest_language(found: Mapping[str, float]) -> tuple[str, float]:
    """The language heard, and how likely it is; ``("", 0.0)`` where nothing was."""
    return max(found.items(), key=lambda pair: pair[1], default=("", 0.0))


def describe_hearing(locale: str, share: float, other: str, other_share: float) -> str:
    """What a sound is taken for in place of a locale's language: ``English (90% sure), not Spanish (5%)``.

    ``other`` is Whisper's code of the likeliest language; empty: nothing was heard.
    """
    if not other:
        return "nothing that was heard"
    own = _name_language(find_whisper_code(locale))
    # The likeliest language may be the right one, and still not likely.
    if share >= other_share:
        return f"no language surely ({own} by {share:.0%})"
    return f"{_name_language(other)} ({other_share:.0%} sure), not {own} ({share:.0%})"


def _name_language(code: str) -> str:
    return locales.english_name(locale_of(code))
