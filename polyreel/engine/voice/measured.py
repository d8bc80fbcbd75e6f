"""How well voices were understood: a table made by ``python -m benchmarks voices``, and the words that stand for it.

Each voice said our own script at the pace that fits its time, and Whisper base wrote down what it heard. That says how
far a voice is understood, not how beautiful it is; where the listener knows a language badly, it says too little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from polyreel import locales

Grade = Literal["good", "fair", "robotic", "not understood", "not measured"]
GRADES: tuple[Grade, ...] = ("good", "fair", "robotic", "not understood", "not measured")
# Up to which share of words (or signs) heard otherwise a voice has the grade.
LIMITS: dict[Grade, float] = {"good": 0.15, "fair": 0.30, "robotic": 0.60}

TABLE = Path(__file__).with_name("measured.tsv")
_HEAD = "locale\tengine\tvoice\tmeasure\terrors\tfastest\trtf\tband_hz"


@dataclass(frozen=True, slots=True)
class Measured:
    """One voice in one locale. ``errors`` is the WER or CER; ``fastest`` the pace that its tightest line needed;
    ``rtf`` seconds of work per second of speech on one machine; ``band_hz`` up to where its sound reaches."""

    locale: str
    engine: str
    voice: str
    measure: str
    errors: float
    fastest: float
    rtf: float
    band_hz: int

    @property
    def grade(self) -> Grade:
        """The errors in a word."""
        return next((grade for grade, most in LIMITS.items() if self.errors <= most), "not understood")


@cache
def read_table() -> tuple[Measured, ...]:
    """All that was measured."""
    lines = (line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if line and line != _HEAD)
    return tuple(Measured(a, b, c, d, float(e), float(f), float(g), int(h)) for a, b, c, d, e, f, g, h in lines)


def write_table(rows: Iterable[Measured]) -> str:
    """Rows as the table's text, in order."""
    ordered = sorted(rows, key=lambda row: (row.locale, row.engine, row.errors, row.voice))
    return "\n".join([_HEAD, *("\t".join(map(str, astuple(row))) for row in ordered), ""])


def find_measured(locale: str, engine: str, voice: str = "") -> Measured | None:
    """What is known of a voice (``ef_dora``, ``high``; an id's ``@...`` does not matter) in a locale.

    Of the very voice in the very locale, else in its language; else the engine's best in that language; else None.
    """
    language, name = locales.language(locale), voice.partition("@")[0]
    fitting = [row for row in read_table() if row.engine == engine and locales.language(row.locale) == language]
    # The voice before the locale: how a voice sounds depends more on itself than on which Spanish it reads.
    fitting.sort(key=lambda row: (row.voice != name, row.locale != locale, row.errors))
    return fitting[0] if fitting else None


def grade_of(locale: str, engine: str, voice: str = "") -> Grade:
    """The grade of a voice in a locale; ``not measured`` where nobody has listened yet."""
    found = find_measured(locale, engine, voice)
    return found.grade if found else "not measured"


def why_not_measured(locale: str) -> str:
    """Why a voice of this locale has no grade, for a person: nobody has written a script, or nobody has listened."""
    language = locales.language(locale)
    if any(locales.language(row.locale) == language for row in read_table()):
        return "this voice has not been heard yet; `python -m benchmarks voices` measures it"
    return f"there is no test script in {locales.english_name(language)} to hear it with"


def is_below(grade: Grade, least: Grade) -> bool:
    """Whether a voice is surely worse than what is asked for. One that was not measured is not known to be."""
    # Most languages have no script to be measured by: refusing those would refuse nearly all voices.
    return grade != "not measured" and GRADES.index(grade) > GRADES.index(least)


@cache
def ranks_key() -> str:
    """Changes when another voice would be taken for a locale: when any grade has changed."""
    graded = "\n".join(f"{row.locale} {row.engine} {row.voice} {row.grade}" for row in read_table())
    return hashlib.sha256(graded.encode()).hexdigest()[:8]
