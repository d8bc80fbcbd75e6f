"""Currencies by language and sign: the rows of ``currencies.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("currencies.tsv")


@dataclass(frozen=True, slots=True)
class Currency:
    """What one of it is called, with its article, and several; and the same of its hundredths, if anyone says those."""

    one: str
    several: str
    hundredth: str = ""
    hundredths: str = ""


def read_currencies() -> dict[str, dict[str, Currency]]:
    """By language and sign."""
    found: dict[str, dict[str, Currency]] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            language, sign, *names = line.split("\t")
            found.setdefault(language, {})[sign] = Currency(*names)
    return found
