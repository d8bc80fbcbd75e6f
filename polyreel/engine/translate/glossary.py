"""Glossaries: tab-separated terms, as Dubformer takes them. Read strictly, enforced on drafts, and checked.

Two columns are a term and its translation, for every language. A first row of locales (``en  es-ES  fr``) gives each
language its own column; an empty cell leaves that language free. ``#`` begins a comment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from polyreel import locales
from polyreel.engine.translate.port import Term
from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.machine.files import TooManyBytes, read_whole

# Some ten thousand terms; read into memory as a whole. A bound so that a film named by mistake is not read as one.
_MOST_BYTES = 1 << 20
# Each is searched for in every line.
_MOST_TERMS = 5000
_LONGEST = 200
# "AI" or "art" stand inside many words.
_SHORT = 4
_TITLES = frozenset({"source", "term", "original"})


def read_glossary(path: Path, source: str, target: str) -> tuple[Term, ...]:
    """The terms of a glossary for a pair of locales. Raises InvalidJob with the line that is wrong."""
    rows = [(number, row) for number, row in enumerate(_text(path).splitlines(), 1) if row.strip() and row[0] != "#"]
    split = [(number, [cell.strip() for cell in row.split("\t")]) for number, row in rows]
    if not split:
        raise _wrong(path, 1, "there is no term in it")
    columns = _columns(split[0][1], source, target)
    if columns is None:
        split, columns = split[1:], (0, -1)
    elif _is_head(split[0][1]):
        split = split[1:]
    numbered = [(number, term) for number, row in split if (term := _term(path, number, row, columns)) is not None]
    if len(numbered) > _MOST_TERMS:
        raise _wrong(path, 0, f"{spell_count(len(numbered), 'term')}; at most {_MOST_TERMS}")
    _refuse_contradictions(path, numbered)
    return tuple(dict.fromkeys(term for _, term in numbered))


def _refuse_contradictions(path: Path, numbered: Sequence[tuple[int, Term]]) -> None:
    """A draft would have to say a term in both ways at once, and be told of a lost one in every line."""
    first: dict[str, tuple[int, str]] = {}
    for number, term in numbered:
        before, said = first.setdefault(_plain(term.source), (number, term.target))
        if said != term.target:
            raise _wrong(path, number, f"'{term.source}' is '{term.target}' here and '{said}' in line {before}")


def has_column(path: Path, source: str, target: str) -> bool:
    """Whether a glossary has terms for a pair of locales. Raises InvalidJob as `read_glossary` does."""
    rows = [row.split("\t") for row in _text(path).splitlines() if row.strip() and row[0] != "#"]
    return not rows or _columns([cell.strip() for cell in rows[0]], source, target) is not None


def terms_in(text: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that occur in a line, plurals in -s included."""
    plain = _plain(text)
    return tuple(term for term in terms if pattern_of(term.source).search(plain) or _plurals(term.source).search(plain))


def find_lost_terms(text: str, draft: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that occur in a line and are not in its translation. Of a plural, the beginning is enough."""
    plain, said = _plain(text), _plain(draft).casefold()
    return tuple(
        term
        for term in terms_in(text, terms)
        if not _make_target_pattern(_plain(term.target).casefold(), bool(pattern_of(term.source).search(plain))).search(
            said
        )
    )


@lru_cache(maxsize=8192)
def _make_target_pattern(target: str, whole: bool) -> re.Pattern[str]:
    """A short term as a word of its own, since its letters stand in many others; a longer one also inside a word."""
    if len(target) < _SHORT and target.isascii():
        ending = "" if whole else r"\w{0,2}"
        return re.compile(rf"(?<!\w){re.escape(target)}{ending}(?!\w)", re.IGNORECASE)
    return re.compile(re.escape(target if whole else target[: max(_SHORT - 1, len(target) - 2)]), re.IGNORECASE)


@lru_cache(maxsize=8192)
def _plurals(term: str) -> re.Pattern[str]:
    """A term with the plural that English and most Romance languages have in common; one that matches nothing else."""
    is_word = term.isalpha() and not term.isupper() and len(term) >= _SHORT
    return re.compile(rf"(?<!\w){re.escape(_plain(term))}(?:s|es)(?!\w)" if is_word else r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=8192)
def pattern_of(term: str) -> re.Pattern[str]:
    """Where a term stands in a text: as whole words, in any case, however it is spaced."""
    words = r"\s+".join(map(re.escape, _plain(term).split()))
    before = r"(?<!\w)" if term[:1].isalnum() and term[:1].isascii() else ""
    after = r"(?!\w)" if term[-1:].isalnum() and term[-1:].isascii() else ""
    return re.compile(before + words + after, re.IGNORECASE)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("’", "'")


def _columns(head: Sequence[str], source: str, target: str) -> tuple[int, int] | None:
    """Which columns hold the pair; None where the first row names locales and the target is not among them."""
    if not _is_head(head):
        return 0, 1
    if head[0].casefold() in _TITLES:
        return 0, 1
    by_language = {_locale_of_cell(cell): place for place, cell in reversed(list(enumerate(head)))}
    exact = {cell.replace("_", "-").casefold(): place for place, cell in enumerate(head)}
    place = exact.get(target.casefold(), by_language.get(locales.language(target)))
    origin = exact.get(source.casefold(), by_language.get(locales.language(source), 0))
    return None if place is None else (origin, place)


def _is_head(row: Sequence[str]) -> bool:
    if row[0].casefold() in _TITLES:
        return True
    return len(row) > 1 and all(_locale_of_cell(cell) for cell in row)


@lru_cache(maxsize=64)
def _locale_of_cell(cell: str) -> str:
    """The language of a cell that is a locale; empty where it is a word."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", cell):
        return ""
    try:
        return locales.language(cell)
    except InvalidJob:
        return ""


def _term(path: Path, number: int, row: Sequence[str], columns: tuple[int, int]) -> Term | None:
    if columns[1] < 0:
        return None
    # Spaces instead of a tab look alike in an editor: told, and not taken for one long term.
    if len(row) < 2:
        raise _wrong(path, number, "a term and its translation are divided by a tab")
    source = row[columns[0]] if columns[0] < len(row) else ""
    target = row[columns[1]] if columns[1] < len(row) else ""
    if not source:
        raise _wrong(path, number, "the term is empty")
    if max(len(source), len(target)) > _LONGEST:
        raise _wrong(path, number, f"a term of more than {_LONGEST} characters")
    # An empty cell leaves this language free.
    return Term(source, target) if target else None


def _text(path: Path) -> str:
    try:
        return read_whole(path, _MOST_BYTES).decode("utf-8-sig")
    except TooManyBytes:
        raise _wrong(path, 0, f"larger than {_MOST_BYTES >> 20} MiB") from None
    except OSError as error:
        raise InvalidJob(
            f"can't be read: {error.strerror}", where=str(path), remedy="Check `translation.glossary`."
        ) from None
    except UnicodeDecodeError:
        raise _wrong(path, 0, "it is not UTF-8 text") from None


def _wrong(path: Path, line: int, what: str) -> InvalidJob:
    return InvalidJob(
        what,
        code="invalid_glossary",
        where=f"{path}, line {line}" if line else str(path),
        remedy="A glossary is UTF-8 text: a term, a tab, its translation; one term per line, and each term once.",
    )
