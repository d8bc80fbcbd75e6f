"""Markdown for the UI of whoever runs the server: words that came from outside stay words there."""

from __future__ import annotations

import re

_MARKS = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#~&@"})
# GitHub's Markdown makes links of bare addresses too.
_ADDRESS = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)


def as_text(text: str) -> str:
    """A text on one line, none of which is Markdown, HTML or a link; for anywhere but a line's beginning."""
    return " ".join(_ADDRESS.sub(lambda found: f"\\{found[0]}", text.translate(_MARKS)).split())
