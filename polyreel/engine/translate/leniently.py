"""JSON as language models write it: single and curly quotes, names without quotes, stray or missing commas, raw line
breaks, quotation marks inside of strings, an end that never came."""

from __future__ import annotations

import json
import re
from typing import Any

# Lists of lines are three deep; Python's own stack would end at a thousand.
_DEEPEST = 12
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[\w$.+-]+")
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
# A quotation mark ends a string only where the document could go on; elsewhere it belongs to the text.
_GOES_ON = re.compile(r"""\s*(?:[:：}\]]|$|[,，]\s*(?:["'“‘`{\[}\]]|-?\d|$|[A-Za-z_]\w*\s*:))""")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": ""}
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}


def read_leniently(text: str, at: int) -> tuple[Any, int]:
    """The document that begins at ``at``, and where it ends. Raises ValueError where there is none."""
    return _Reader(text).value(at, 0)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        first = self.text[at : at + 1]
        if first == "{":
            return self._object(at + 1, depth)
        if first == "[":
            return self._list(at + 1, depth)
        return self._string(at) if first in _CLOSING and first else self._word(at)

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while (at := self._next(at)) < len(self.text) and self.text[at] != "}":
            key, at = self.value(at, depth + 1)
            at = self._after(at)
            if self.text[at : at + 1] not in {":", "："}:
                raise ValueError("a name without a value")
            at = self._after(at + 1)
            if at >= len(self.text):
                break
            value, at = self.value(at, depth + 1)
            # One of the two is wrong, and nobody knows which: the lines are asked for again.
            if str(key) in found:
                raise ValueError("one name twice")
            found[str(key)] = value
        return found, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while (at := self._next(at)) < len(self.text) and self.text[at] != "]":
            value, at = self.value(at, depth + 1)
            found.append(value)
        return found, at + 1

    def _string(self, at: int) -> tuple[str, int]:
        closing, begin = _CLOSING[self.text[at]], at + 1
        end = begin
        while (end := self.text.find(closing, end)) >= 0:
            if not self._is_escaped(begin, end) and _GOES_ON.match(self.text, end + 1):
                return _unescape(self.text[begin:end]), end + 1
            end += 1
        # An answer that was cut off has lost words: half a line would be spoken as a whole one.
        raise ValueError("a string without an end")

    def _is_escaped(self, begin: int, at: int) -> bool:
        slashes = at
        while slashes > begin and self.text[slashes - 1] == "\\":
            slashes -= 1
        return (at - slashes) % 2 == 1

    def _word(self, at: int) -> tuple[Any, int]:
        found = _WORD.match(self.text, at)
        if found is None:
            raise ValueError("neither a value nor a name")
        word = found[0]
        if word in _WORDS:
            return _WORDS[word], found.end()
        try:
            return json.loads(word), found.end()
        except ValueError:
            return word, found.end()

    def _after(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _next(self, at: int) -> int:
        """Where the next entry begins: behind spaces and whatever commas there are, or none."""
        at = self._after(at)
        while self.text[at : at + 1] in {",", "，", ";"}:
            at = self._after(at + 1)
        return at


def _unescape(text: str) -> str:
    """A string's text; an escape that JSON has not (``\\'``) is the character behind it."""
    pieces = _ESCAPE.sub(_character, text)
    # Halves of one character (surrogates) were escaped one by one.
    return pieces.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(found: re.Match[str]) -> str:
    written = found[1]
    return (
        chr(int(written[1:], 16))
        if len(written) == 5
        else _PLAIN.get(written, f"\\{written}" if written.isalpha() else written)
    )
