"""Numbers that name what stands before them, and count nothing: ``Kapitel 1 Seite 5`` has no "eine Seite".

Which nouns those are stands in ``label_nouns.tsv``, with how surely they are meant so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("label_nouns.tsv")
_WORDS_BEFORE = re.compile(r"(?:([^\W\d_]+)\s+)?([^\W\d_]+\.?)\s$")
_NOUN_BEHIND = re.compile(r"\s?([^\W\d_]+\.?)( \d)?")
# "Pro Seite 1 Bild": so many in each, whatever it is in.
_EACH = frozenset(
    ["pro", "je", "jede", "jeder", "jedes", "jedem", "jeden", "cada", "por", "per", "ogni", "par", "chaque"]
)
# "A pagina 1 foto" may be so, too, but "a pagina 1 riga 5" is a place, and "a página" often no more than "the page".
_PERHAPS_EACH = "a"
_REACH = 60


def is_named_by(text: str, start: int, end: int, language: str) -> bool:
    """Whether the number at ``text[start:end]`` belongs to the word before it, and not to the noun behind it."""
    kinds = _read_labels().get(language)
    before = _WORDS_BEFORE.search(text, max(0, start - _REACH), start) if kinds else None
    behind = _NOUN_BEHIND.match(text, end)
    if kinds is None or before is None or behind is None or (before[1] or "").casefold() in _EACH:
        return False
    label, noun, has_number = before[2].casefold(), behind[1].casefold(), behind[2] is not None
    if (before[1] or "").casefold() == _PERHAPS_EACH and not has_number:
        return False
    if label in kinds["label"]:
        return has_number or noun not in kinds["amount"]
    return has_number and label in kinds["perhaps"]


@cache
def _read_labels() -> Mapping[str, Mapping[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, kind, words = line.split("\t")
            found.setdefault(language, {})[kind] = frozenset(words.split())
    return found
