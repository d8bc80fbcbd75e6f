"""What a paragraph shows, as cue text: white space as TTML has it, looks as WebVTT's tags.

A paragraph is first taken apart into pieces, each with its look (the tags around it, outermost first). Pieces of one
look that follow each other share their tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.formats.timedtext.styles import Styles, colour_class_of

Look = tuple[tuple[str, str], ...]
"""Start and end tags, outermost first."""

Span = tuple[Any, Any]
"""When a piece is shown: begin and end in milliseconds."""


class Piece(NamedTuple):
    """Text, a line break, or a tag of ruby."""

    kind: Literal["text", "break", "tag"]
    text: str
    look: Look = ()
    span: Span | None = None
    keeps_space: bool = False


_SPACE = re.compile(r"[ \t\n\r]+")


def look_of(styles: Styles, language: str, speaker: str) -> Look:
    """The tags for a look; ``language`` and ``speaker`` are "" where they are those of the whole cue."""
    tags: list[tuple[str, str]] = []
    if speaker:
        tags.append((f"<v {escape_text(speaker)}>", "</v>"))
    if language:
        tags.append((f"<lang {language}>", "</lang>"))
    colour = colour_class_of(styles["color"]) if "color" in styles else None
    if colour:
        tags.append((f"<c.{colour}>", "</c>"))
    decoration = styles.get("textDecoration", "").split()
    if "lineThrough" in decoration:
        tags.append(("<c.strike>", "</c>"))
    if styles.get("fontWeight") == "bold":
        tags.append(("<b>", "</b>"))
    if styles.get("fontStyle") in {"italic", "oblique"}:
        tags.append(("<i>", "</i>"))
    if "underline" in decoration:
        tags.append(("<u>", "</u>"))
    return tuple(tags)


def cue_text(pieces: Sequence[Piece]) -> str:
    """Pieces as WebVTT cue text."""
    if len(pieces) == 1 and not pieces[0].look and pieces[0].kind == "text" and not pieces[0].keeps_space:
        return escape_text(_SPACE.sub(" ", pieces[0].text).strip())
    written: list[str] = []
    open_tags: Look = ()
    breaks = ""
    for piece in _collapse_spaces(pieces):
        if piece.kind == "break":
            breaks += "\n"  # written between the tags that end before it and those that begin behind it
            continue
        look = piece.look if piece.kind == "text" else ()
        text = escape_text(piece.text) if piece.kind == "text" else piece.text
        written.append(_change_tags(open_tags, look, breaks) + text)
        open_tags, breaks = look, ""
    written.append(_change_tags(open_tags, (), breaks))
    return "".join(written)


def _change_tags(before: Look, after: Look, between: str = "") -> str:
    if before == after:
        return between
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    ends = "".join(end for _, end in reversed(before[shared:]))
    return ends + between + "".join(begin for begin, _ in after[shared:])


def _collapse_spaces(pieces: Iterable[Piece]) -> list[Piece]:
    """White space as XML's default has it: one space for many, none at the ends of lines."""
    collapsed: list[Piece] = []
    at_start = True
    for piece in pieces:
        if piece.kind == "text" and not piece.keeps_space:
            text = _SPACE.sub(" ", piece.text)
            if at_start or _ends_in_space(collapsed):
                text = text.lstrip(" ")
            if text:
                collapsed.append(piece._replace(text=text))
                at_start = False
        elif piece.kind == "text":
            # A line feed that is kept is a line's end; XML has made all others into it.
            collapsed.append(piece._replace(text=piece.text.replace("\r", "\n")))
            at_start = collapsed[-1].text.endswith("\n")
        else:
            if piece.kind == "break":
                _trim_end(collapsed)
                at_start = True
            collapsed.append(piece)
    _trim_end(collapsed)
    return [piece for piece in collapsed if piece.kind != "text" or piece.text]


def _ends_in_space(kept: Sequence[Piece]) -> bool:
    last = next((piece for piece in reversed(kept) if piece.kind == "text"), None)
    return last is not None and last.text.endswith(" ") and not last.keeps_space


def _trim_end(kept: list[Piece]) -> None:
    for at in range(len(kept) - 1, -1, -1):
        piece = kept[at]
        if piece.kind == "break" or (piece.kind == "text" and piece.keeps_space):
            return
        if piece.kind == "text":
            kept[at] = piece._replace(text=piece.text.rstrip(" "))
            if kept[at].text:
                return
