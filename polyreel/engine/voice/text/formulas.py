"""Chemical formulas, letter by letter: ``Fe2O3``, ``H₂SO₄``, ``Ca²⁺``. A voice would read some of them as words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce W Pt Au Hg Tl Pb Bi Po Rn Ra U Pu"
)
_SYMBOL = f"(?:{'|'.join(sorted(_ELEMENTS.split(), key=len, reverse=True))})"
# Two symbols at least, with a figure; or one with a figure below it; or a charge.
_FORMULA = re.compile(
    rf"(?<![\w.-])(?=[A-Za-z()]*[\d₀-₉⁺⁻²³])((?:{_SYMBOL}[\d₀-₉]{{0,2}}){{1,8}})([²³]?[⁺⁻])?(?![\w⁺⁻²³°/])(?!-\w)"
)
_SYMBOLS = re.compile(rf"({_SYMBOL})([\d₀-₉]*)")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = str.maketrans("²³", "23")
_CHARGES: Mapping[str, tuple[str, str]] = {
    **{"en": ("plus", "minus"), "es": ("más", "menos"), "fr": ("plus", "moins"), "it": ("più", "meno")},
    **{"pt": ("mais", "menos"), "de": ("plus", "minus"), "hi": ("प्लस", "माइनस")},
}
# Letters of English, as formulas are read in Hindi, have figures of English.
_COUNTS: Mapping[str, Mapping[str, str]] = {
    "hi": {
        **{"2": "टू", "3": "थ्री", "4": "फ़ोर", "5": "फ़ाइव", "6": "सिक्स", "7": "सेवन"},
        **{"8": "एट", "9": "नाइन", "10": "टेन", "11": "इलेवन", "12": "ट्वेल्व"},
    }
}
# B12 is a vitamin and F16 an aeroplane: one symbol with a plain figure is seldom a formula.
_FEWEST = 2


def spell_formulas(text: str, language: str) -> str:
    """Formulas as their letters and figures; what only looks like one (``B12``, ``F16``) stays."""
    charges = _CHARGES.get(language)
    if charges is None:
        return text
    counts = _COUNTS.get(language, {})
    return _FORMULA.sub(lambda found: _spell_formula(found, charges, counts), text)


def _spell_formula(found: re.Match[str], charges: tuple[str, str], counts: Mapping[str, str]) -> str:
    formula, charge = found[1], found[2] or ""
    parts = _SYMBOLS.findall(formula)
    if len(parts) < _FEWEST and not charge and formula == formula.translate(_LOWERED):
        return found[0]
    numbers = [(symbol, count.translate(_LOWERED)) for symbol, count in parts]
    said = " ".join(f"{' '.join(symbol.upper())} {counts.get(count, count)}".rstrip() for symbol, count in numbers)
    if not charge:
        return said
    return f"{said} {charge[:-1].translate(_RAISED)} ".replace("  ", " ") + charges[charge[-1] == "⁻"]
