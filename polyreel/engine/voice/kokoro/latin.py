"""English, Spanish, French, Hindi, Italian and Portuguese: espeak-ng's IPA, in the notation that Kokoro was taught.

The notation is published with the model (its ``config.json``) and with its own front end, misaki (Apache-2.0): one
capital letter per diphthong, one letter per affricate.
"""

from __future__ import annotations

import re

from polyreel.engine.voice.espeak import transcribe_clauses
from polyreel.engine.voice.text.words import spell_out
from polyreel.locales import is_british

_SWITCHED = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9]+)*\)")  # "(en)": espeak-ng says a foreign word in its own language
_MARKS = re.compile(r"[.,!?;:…—।、。]")
_SAME = {"।": ".", "、": ",", "。": "."}
# Further back lie marks of the clause before.
_REACH = 5  # espeak-ng reads a letter or two ahead of the clause that it gives back

_DIPHTHONGS = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "ɔ^ɪ": "Y",
    "o^ʊ": "O",
    "ə^ʊ": "Q",
    "t^ʃ": "ʧ",
    "d^ʒ": "ʤ",
    "t^s": "ʦ",
    "d^z": "ʣ",
}
_ENGLISH = {
    "e^ə": "ɛː",
    "ə^l": "ᵊl",
    "n\u0329": "ᵊn",
    "l\u0329": "ᵊl",
    "m\u0329": "ᵊm",
    "e": "A",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɐ": "ə",
    "ɬ": "l",
    "ɚ": "əɹ",
    "ʲ": "",
    "\u0303": "",
}
_AMERICAN = {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": "", "ɾ": "T", "ʔ": "t", "o": "ɔ"}
_BRITISH = {"iə": "ɪə", "ɾ": "T", "ʔ": "t", "o": "ɔ"}


def spell_phonemes(text: str, locale: str) -> str:
    """A line in Kokoro's notation. Raises NoVoice where espeak-ng does not know the language."""
    clauses = [_clause(said, ending, locale) for said, ending in transcribe_clauses(spell_out(text, locale), locale)]
    return " ".join(clause for clause in clauses if clause)


def _clause(said: str, ending: str, locale: str) -> str:
    # Read as text, these marks would be said as phonemes.
    plain = _SWITCHED.sub("", said).strip()
    if not plain:
        return ""
    return _spell(plain, locale).replace("^", "").replace("-", "") + _mark(ending)


def _mark(ending: str) -> str:
    """The punctuation that a clause ended with; nothing where it ended for its length."""
    # The last mark of them: earlier ones belong to the clause before, or to an abbreviation in this one.
    found = _MARKS.findall(ending[-_REACH:])
    return _SAME.get(found[-1], found[-1]) if found else ""


def _spell(ipa: str, locale: str) -> str:
    ipa = _replace(ipa, _DIPHTHONGS)
    if not locale.startswith("en"):
        return ipa
    # Only English was taught with letters of its own; the others have espeak-ng's IPA but for the diphthongs.
    return _replace(_replace(ipa, _ENGLISH), _BRITISH if is_british(locale) else _AMERICAN)


def _replace(text: str, table: dict[str, str]) -> str:
    for old, new in table.items():
        text = text.replace(old, new)
    return text
