"""A translation memory: lines that a person approved, found again by their words, and by nearly their words."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from polyreel import locales

_NEAR = 0.8
# Each is compared letter by letter with each line: with thousands of approved lines only the likeliest can be.
_CANDIDATES = 12
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Unit:
    """One line in several languages: text by locale. ``changed`` is ISO 8601; empty where it is not known."""

    texts: tuple[tuple[str, str], ...]
    changed: str = ""

    def text(self, locale: str) -> str | None:
        """The line in a locale; in another of the same language where there is none."""
        found = dict(self.texts)
        same = (text for each, text in self.texts if locales.language(each) == locales.language(locale))
        return found.get(locale) or next(same, None)


@dataclass(frozen=True, slots=True)
class Near:
    """An approved line that is much like one to be translated. ``share``: 0 to 1."""

    source: str
    target: str
    share: float


def normalise_line(text: str) -> str:
    """A line as it is looked up: spacing and the shape of quotation marks make no difference."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_QUOTES).split())


class Pair:
    """The memory of one pair of languages. A later unit of the same words counts."""

    def __init__(self, units: Iterable[tuple[str, str]]) -> None:
        self.lines = {normalise_line(source): target for source, target in units}
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for source in self.lines:
            for word in set(_split_words(source)):
                self._by_word[word].append(source)

    def exact(self, text: str) -> str | None:
        """What the line was approved as."""
        return self.lines.get(normalise_line(text))

    def near(self, text: str) -> Near | None:
        """The approved line that is most like this one, if one is."""
        wanted = normalise_line(text)
        best = max(((self._share(wanted, each), each) for each in self._find_candidates(wanted)), default=(0.0, ""))
        return Near(best[1], self.lines[best[1]], round(best[0], 2)) if best[0] >= _NEAR else None

    def _find_candidates(self, text: str) -> list[str]:
        """The few lines that share the rarest words: to compare with all would take minutes for a film."""
        shared: Counter[str] = Counter()
        for word in sorted(set(_split_words(text)), key=lambda word: len(self._by_word.get(word, ())))[:4]:
            # A common word stands in thousands of lines, and tells none of them apart.
            shared.update(self._by_word.get(word, ())[:200])
        # Where one line is so much longer, even a whole match of the other stays below `_NEAR`.
        alike = (each for each, _ in shared.most_common() if 0.6 <= len(each) / max(1, len(text)) <= 1.6)
        return list(alike)[:_CANDIDATES]

    def _share(self, text: str, other: str) -> float:
        # In lines over 200 letters long, autojunk would leave frequent letters out of the comparison.
        return SequenceMatcher(None, text.casefold(), other.casefold(), autojunk=False).ratio()


def pair_of(units: Iterable[Unit], source: str, target: str) -> list[tuple[str, str]]:
    """The lines that a memory has in both languages, oldest first."""
    both = ((unit.text(source), unit.text(target)) for unit in units)
    return [(one, other) for one, other in both if one and other]


def merge_units(held: Sequence[Unit], new: Iterable[Unit]) -> tuple[list[Unit], list[Unit]]:
    """The memory with new units, and those of them that say something new. The same source takes the new wording."""
    units = {unit.texts[0][0] + "\n" + normalise_line(unit.texts[0][1]): unit for unit in held}
    added = []
    for unit in new:
        key = unit.texts[0][0] + "\n" + normalise_line(unit.texts[0][1])
        old = units.get(key)
        texts = {**dict(old.texts), **dict(unit.texts)} if old else dict(unit.texts)
        # Learned once more: the unit keeps the date at which it was approved.
        if old and tuple(texts.items()) == old.texts:
            continue
        units[key] = Unit(tuple(texts.items()), unit.changed)
        added.append(unit)
    return list(units.values()), added


def _split_words(text: str) -> list[str]:
    # Languages without spaces have no words to look up by: pairs of letters do.
    words = text.casefold().split()
    return words if len(words) > 1 else [text[at : at + 2] for at in range(max(1, len(text) - 1))]
