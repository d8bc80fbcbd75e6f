"""Character references (``&quot;``, ``&#39;``) in text that should have none: translators leave them in answers."""

from __future__ import annotations

import html
import re

# Translators put spaces into what they take for words: "& #39;", "& quot;".
_REFERENCE = re.compile(r"&\s?(#\s?\d{1,7}|#\s?[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30})\s?;")


def decode_entities(text: str, source: str = "") -> str:
    """The text with its references read (twice encoded ones too), unless ``source``, which it was made of, has such."""
    if "&" not in text or _REFERENCE.search(source):
        return text
    return _decode_entity(_decode_entity(text))


def _decode_entity(text: str) -> str:
    return _REFERENCE.sub(lambda found: html.unescape(f"&{found[1].replace(' ', '')};"), text)
