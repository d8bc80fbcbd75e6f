"""In which language is a text written? py3langid, asked only what it can know: enough text, languages it was taught."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

from polyreel import locales

# Of less py3langid guesses by single words.
ENOUGH_LETTERS = 60
CERTAIN = 0.95
# Written so much alike that a short text does not tell them apart.
_ALIKE = (
    frozenset({"no", "nb", "nn", "da", "sv"}),
    frozenset({"hr", "sr", "bs", "sl", "mk", "bg"}),
    frozenset({"id", "ms", "jv", "su"}),
    frozenset({"hi", "mr", "ne", "sa"}),
    frozenset({"gl", "pt", "es", "ca", "an", "ast", "oc", "eu"}),
    frozenset({"af", "nl", "li", "fy", "nds"}),
    frozenset({"cs", "sk"}),
    frozenset({"be", "ru", "uk", "kk", "ky", "mn", "tt"}),
    frozenset({"zh", "yue", "ja", "wuu"}),
    frozenset({"ar", "fa", "ur", "ps", "ug", "ckb", "azb", "arz"}),
    frozenset({"fr", "wa", "br", "oc"}),
    frozenset({"it", "la", "co", "scn"}),
    frozenset({"de", "lb", "gsw", "nds"}),
    frozenset({"xh", "zu"}),
    frozenset({"az", "tr", "tk"}),
    frozenset({"fi", "et", "se"}),
    frozenset({"lo", "th"}),
    frozenset({"bn", "as"}),
    frozenset({"tl", "fil"}),
)
_LETTER = re.compile(r"[^\W\d_]")
_loading = threading.Lock()


def find_contradiction(text: str, locale: str) -> str:
    """The English name of the language that a text is in, where that is surely not the locale's; else empty."""
    wanted = locales.language(locale)
    if len(_LETTER.findall(text)) < ENOUGH_LETTERS or wanted not in _list_labels():
        return ""
    # More of the same language changes nothing, and a film's script takes a second.
    found, share = _identifier().classify(text[:20_000])
    if found == wanted or share < CERTAIN or any({found, wanted} <= group for group in _ALIKE):
        return ""
    return locales.english_name(found)


def load() -> None:
    """Load the model now, and not with the first text: half a second. Blocks."""
    _identifier()


def _identifier() -> Any:
    # `cache` alone may load it twice where two languages are judged at once.
    with _loading:
        return _load_model()


@cache
def _load_model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _list_labels() -> frozenset[str]:
    return frozenset(map(str, _identifier().labels))
