"""What is written short and how it is said, by language: the rows of ``written_short.tsv``."""

from __future__ import annotations

from pathlib import Path

TABLE = Path(__file__).with_name("written_short.tsv")
_FIELDS = {
    "unit": "units",
    "number": "before_number",
    "short": "short",
    "name": "before_name",
    "word": "alone",
    "month": "short_months",
}
_ONE = "one_unit"


def read_rows() -> dict[str, dict[str, dict[str, str]]]:
    """By language and field of the `Lexicon`: what is written, and as what it is said."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        language, kind, written, said, *one = line.split("\t")
        fields = found.setdefault(language, {name: {} for name in (*_FIELDS.values(), _ONE)})
        fields[_FIELDS[kind]][written] = said
        if one:
            fields[_ONE][written] = one[0]
    return found
