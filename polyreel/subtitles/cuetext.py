"""What is in a cue's text: the WebVTT cue text parsing rules (W3C WebVTT, section 6.4), and what follows from them.

A cue's text is a flat string with tags and entities. `tokens` is the specification's tokenizer; `spans` walks the
tree that the specification builds and says, for each piece of text, who says it and whether it is a ruby gloss.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol, TypeVar

from polyreel.subtitles.model import Cue

TokenKind = Literal["text", "start", "end", "time"]

# A "<" opens a tag that runs to the next ">", or, unclosed, to the end of the cue: everything in between is the tag's.
_TAG = re.compile(r"<([^>]*)(?:>|\Z)")
_START = re.compile(r"([^ \t\n\f.]*)((?:\.[^ \t\n\f.]*)*)(?:[ \t\n\f](.*))?", re.DOTALL)
_NESTING = frozenset({"c", "i", "b", "u", "ruby", "v", "lang"})


class Token(NamedTuple):
    """A piece of cue text. ``value`` is decoded text, a tag's name or a time; ``raw`` is how it was written."""

    kind: TokenKind
    value: str
    raw: str
    classes: tuple[str, ...] = ()
    annotation: str = ""


class Span(NamedTuple):
    """Text as shown, the voice whose it is (None: nobody named), and whether it is a gloss over other text (ruby)."""

    voice: str | None
    text: str
    is_gloss: bool


def tokens(text: str) -> Iterator[Token]:
    """The tags and texts of a cue, by the specification's tokenizer."""
    at = 0
    for tag in _TAG.finditer(text):
        if tag.start() > at:
            yield _text_token(text[at : tag.start()])
        yield _tag_token(tag[1], tag[0])
        at = tag.end()
    if at < len(text):
        yield _text_token(text[at:])


def _text_token(raw: str) -> Token:
    return Token("text", html.unescape(raw), raw)


def _tag_token(body: str, raw: str) -> Token:
    if body.startswith("/"):
        return Token("end", body[1:], raw)
    if body[:1].isdecimal() and body[:1].isascii():
        return Token("time", body, raw)
    found = _START.match(body)
    name, classes, annotation = found.groups() if found else ("", "", None)
    return Token(
        "start", name, raw, tuple(filter(None, classes.split("."))), " ".join(html.unescape(annotation or "").split())
    )


def plain_text(text: str) -> str:
    """A cue's text as the specification's DOM holds it: tags gone, entities decoded, ruby glosses kept."""
    if "<" not in text:
        return html.unescape(text) if "&" in text else text
    return "".join(token.value for token in tokens(text) if token.kind == "text")


def spans(text: str) -> Iterator[Span]:
    """Each piece of text with its voice, by the specification's tree (a tag ends only where its own end tag may)."""
    open_tags: list[_Open] = [_Open("", None, False)]
    for token in tokens(text):
        if token.kind == "text":
            yield Span(open_tags[-1].voice, token.value, open_tags[-1].is_gloss)
        elif token.kind == "start":
            _open_tag(token, open_tags)
        elif token.kind == "end":
            close_tag(token.value, open_tags)


class _Open(NamedTuple):
    """A tag that is open, and what holds inside it."""

    name: str
    voice: str | None
    is_gloss: bool


def _open_tag(token: Token, open_tags: list[_Open]) -> None:
    name, voice, is_gloss = open_tags[-1]
    if token.value == "v":
        open_tags.append(_Open("v", token.annotation or None, is_gloss))
    elif token.value in _NESTING:
        open_tags.append(_Open(token.value, voice, is_gloss))
    elif token.value == "rt" and name == "ruby":
        open_tags.append(_Open("rt", voice, True))


class _Named(Protocol):
    @property
    def name(self) -> str: ...  # a NamedTuple's field can't be written to, so the protocol's is a property


T = TypeVar("T", bound=_Named)


def close_tag(name: str, open_tags: list[T]) -> None:
    """Take what an end tag ends off the stack of open tags, whose first has no name: only the innermost, or a ruby."""
    current = open_tags[-1].name
    if current and name == current:
        open_tags.pop()
    elif name == "ruby" and current == "rt":
        del open_tags[-2:]


def has_unclosed_tag(text: str) -> bool:
    """Whether a ``<`` swallows the rest of the cue, as the parsing rules have it."""
    return text.rfind("<") > text.rfind(">")


def voices(cue: Cue) -> tuple[tuple[str | None, str], ...]:
    """Who says what in a cue: ``((speaker or None, plain text), ...)``, in order, ruby glosses left out.

    Neighbours of one voice are joined; text outside every voice is the cue's own speaker's (None: nobody's).
    """
    parts: list[tuple[str | None, list[str]]] = []
    for span in spans(cue.text):
        if span.is_gloss:
            continue
        voice = span.voice or cue.speaker
        # White space between two voices is nobody's line.
        if parts and (parts[-1][0] == voice or not span.text.strip()):
            parts[-1][1].append(span.text)
        else:
            parts.append((voice, [span.text]))
    said = ((voice, "".join(texts).strip()) for voice, texts in parts)
    return tuple((voice, text) for voice, text in said if text)


def escape_text(text: str) -> str:
    """Plain text as cue text: what would be read as markup, an entity or a timing arrow is written as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")
