"""A language model's answer into numbered lines, also where it is only nearly the JSON that was asked for.

Local models leave commas behind, break lines inside of strings, name their fields as they like, count from 1, or give
a list or a map in place of numbered entries. All of that has one reading, so it is read. What has two (a number that
nobody asked for, one number twice, a list of another length) counts as nothing, and is asked for again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from polyreel.engine.translate.leniently import read_leniently

_BEGINNING = re.compile(r"[\[{]")
# Each is read to its end: a page full of brackets must not cost that twice for every one of them.
_MOST_BEGINNINGS = 20
_WRITTEN_NUMBER = re.compile(r"(?:#|(?:line|id|cue)?[ _-]?)([0-9]{1,9})[.:)]?", re.IGNORECASE)
_NUMBERED_LINE = re.compile(
    r"\s*(?:#|\*\*|\[|\(|(?:line|id|cue)[ _-]?)?([0-9]{1,9})(?:(?:\*\*)?[.:)\]]+(?:\*\*)?\s+|\t\s*)(\S.*?)\s*",
    re.IGNORECASE,
)
# A batch of 24 lines has a few thousand characters; a model that repeats itself has no end.
_LONGEST_ANSWER = 1 << 18
_NUMBERS = dict.fromkeys(("id", "number", "index", "line", "n", "no", "key")).keys()
_TEXTS = ("text", "translation", "translated", "translated_text", "target", "draft", "content", "value", "output")
# What an entry may repeat of what it was given; never its answer.
_GIVEN = frozenset({"source", "original", "before", "after", "speaker", "note", "notes", "comment", "most", "draft"})

Pair = tuple[int, Any]


def read_lines(answer: str, asked: Sequence[int]) -> dict[int, str]:
    """Texts by the numbers that were asked; none of them where the answer has no one reading."""
    # Some models think aloud first.
    said = answer.rpartition("</think>")[2][:_LONGEST_ANSWER]
    best: dict[int, str] = {}
    # As JSON first; leniently only what that leaves unread.
    for read in (json.JSONDecoder(strict=False).raw_decode, read_leniently):
        for document in _list_candidates(list(_find_documents(said, read))):
            found = _take_pairs(_read_pairs(document, asked), asked)
            if len(found) == len(asked):
                return found
            best = max(best, found, key=len)
    # Some lines of an answer are better than none: only what is missing is asked for again.
    return best or _read_otherwise(said.strip(), asked)


def _read_otherwise(said: str, asked: Sequence[int]) -> dict[int, str]:
    """An answer that is no document: one that was quoted as a whole, or lines with their numbers before them."""
    if said.startswith('"'):
        with suppress(ValueError):
            inner = json.loads(said)
            return read_lines(inner, asked) if isinstance(inner, str) and inner != said else {}
    lines = [line for line in said.split("\n") if line.strip()]
    numbered = [_NUMBERED_LINE.fullmatch(line) for line in lines]
    # One line alone may begin with a number of its own ("1. Januar").
    if len(lines) < 2 or len(lines) != len(asked) or not all(numbered):
        return {}
    return _take_pairs([(int(found[1]), found[2]) for found in numbered if found], asked)


def _list_candidates(documents: list[Any]) -> list[Any]:
    # A document per line is one answer, too; so are several lists.
    if len(documents) < 2:
        return documents
    entries = [entry for document in documents for entry in _list_entries(document)]
    # The whole first: of two lists with the same numbers neither is the answer.
    return [documents, entries, *documents]


def _list_entries(document: Any) -> list[Any]:
    lines = document.get("lines") if isinstance(document, Mapping) else document
    return lines if isinstance(lines, list) else [document]


def _take_pairs(pairs: Sequence[Pair], asked: Sequence[int]) -> dict[int, str]:
    numbers = [number for number, _ in pairs]
    # Which of two texts is meant can't be told.
    if len(set(numbers)) < len(numbers):
        return {}
    if not set(numbers) <= set(asked):
        # Counted anew, from 1 or 0: all of them, in their order.
        if numbers not in (list(range(1, len(asked) + 1)), list(range(len(asked)))):
            return {}
        pairs = [(number, text) for number, (_, text) in zip(asked, pairs, strict=True)]
    return {number: text for number, text in pairs if isinstance(text, str)}


def _read_pairs(document: Any, asked: Sequence[int]) -> list[Pair]:
    """The numbers and texts of a document; nothing where it is no list of lines in any shape."""
    if isinstance(document, Mapping):
        return _pairs_of_map(document, asked)
    if not isinstance(document, list) or not document:
        return []
    if all(isinstance(line, str) for line in document):
        return list(zip(asked, _drop_numbers(document, asked), strict=True)) if len(document) == len(asked) else []
    if all(isinstance(line, list) and len(line) == 1 for line in document):
        return _read_pairs([line[0] for line in document], asked)
    pairs = [pair for pair in map(_read_pair, document) if pair]
    if len(pairs) == len(document):
        return pairs
    texts = [_text_in(line) for line in document if isinstance(line, Mapping) and not _NUMBERS & line.keys()]
    unnumbered = not pairs and len(texts) == len(document) == len(asked) and all(isinstance(t, str) for t in texts)
    return list(zip(asked, texts, strict=True)) if unnumbered else []


def _drop_numbers(lines: list[str], asked: Sequence[int]) -> list[str]:
    """Lines without the numbers that stand before all of them, where these are the ones that were asked, or a count."""
    numbered = [_NUMBERED_LINE.fullmatch(line) for line in lines]
    numbers = [int(found[1]) for found in numbered if found]
    if len(lines) < 2 or numbers not in (list(asked), list(range(1, len(asked) + 1))):
        return lines
    return [found[2] for found in numbered if found]


def _pairs_of_map(document: Mapping[str, Any], asked: Sequence[int]) -> list[Pair]:
    by_number = [(_read_number(key), value) for key, value in document.items()]
    if by_number and all(number >= 0 for number, _ in by_number):
        return [(number, _text_in(value)) for number, value in by_number]
    # "lines" before any other name; else whatever holds lines.
    for name in sorted(document, key=lambda name: name != "lines"):
        if name not in _GIVEN and isinstance(document[name], (Mapping, list)):
            pairs = _read_pairs(document[name], asked)
            if pairs:
                return pairs
    alone = _read_pair(document)
    return [alone] if alone else []


def _read_pair(entry: Any) -> Pair | None:
    if isinstance(entry, list) and len(entry) == 2:
        return (_read_number(entry[0]), entry[1]) if _read_number(entry[0]) >= 0 else None
    if not isinstance(entry, Mapping):
        return None
    if len(entry) == 1:
        ((key, value),) = entry.items()
        return (_read_number(key), value) if _read_number(key) >= 0 else None
    name = next((name for name in _NUMBERS if _read_number(entry.get(name)) >= 0), None)
    if name is None:
        return None
    return _read_number(entry[name]), _text_in({key: value for key, value in entry.items() if key != name})


def _text_in(value: Any) -> Any:
    """The text of an entry: under the name that was asked for, or a usual one, or the only one that there is."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return value
    usual = next((value[name] for name in _TEXTS if isinstance(value.get(name), str)), None)
    if usual is not None:
        return usual
    others = [text for name, text in value.items() if isinstance(text, str) and name not in _GIVEN]
    if not others:  # a text by its language: {"text": {"es": "..."}}
        inner = [_text_in(text) for name, text in value.items() if isinstance(text, (Mapping, list)) and name in _TEXTS]
        return inner[0] if len(inner) == 1 else None
    return others[0] if len(others) == 1 else None


def _read_number(written: Any) -> int:
    """The number of an entry, also as ``"7"``, ``"#7"`` or ``"line_7"``; -1 where it is none."""
    if isinstance(written, str):
        found = _WRITTEN_NUMBER.fullmatch(written.strip())
        return int(found[1]) if found else -1
    if isinstance(written, float) and written.is_integer():
        # JavaScript's habit: 7.0.
        return int(written)
    return written if type(written) is int else -1


def _find_documents(text: str, read: Callable[[str, int], tuple[Any, int]]) -> Iterator[Any]:
    """What of a text can be read, where it begins like JSON."""
    at = 0
    for _ in range(_MOST_BEGINNINGS):
        begin = _BEGINNING.search(text, at)
        if begin is None:
            return
        try:
            document, at = read(text, begin.start())
            yield document
        # Brackets in a sentence begin like JSON, too: the next beginning is tried.
        except (ValueError, RecursionError):
            at = begin.end()
