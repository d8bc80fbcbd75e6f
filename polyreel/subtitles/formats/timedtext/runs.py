"""Cue text as runs of one look each: what formats without nested markup are written from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from polyreel.subtitles.cuetext import Token, close_tag, tokens
from polyreel.subtitles.formats.ass_overrides import Report
from polyreel.subtitles.formats.srt_markup import colour_of

Role = Literal["text", "base", "gloss"]


class Look(NamedTuple):
    """How a run looks, in which language it is, and who says it ("" where that is the whole cue's)."""

    italic: bool = False
    bold: bool = False
    underline: bool = False
    strike: bool = False
    colour: str = ""
    language: str = ""
    speaker: str = ""


PLAIN = Look()


class Run(NamedTuple):
    """Text of one look. ``role`` says whether it is ruby's base or its gloss; ``ruby`` counts the pairs from 1."""

    text: str
    look: Look = PLAIN
    role: Role = "text"
    ruby: int = 0


class _Open(NamedTuple):
    name: str
    look: Look
    role: Role


def runs_of(text: str, report: Report) -> list[Run]:
    """A cue's text as runs; ``report(code, message)`` is told what no run can say (classes, times inside the cue)."""
    if "<" not in text and "&" not in text:
        return [Run(text)] if text else []
    found: list[Run] = []
    open_tags = [_Open("", PLAIN, "text")]
    pair = 0
    for token in tokens(text):
        current = open_tags[-1]
        if token.kind == "text":
            found.append(Run(token.value, current.look, current.role, pair if current.role != "text" else 0))
        elif token.kind == "start":
            pair += token.value == "ruby"
            opened = _open(token, current, report)
            if opened:
                open_tags.append(opened)
        elif token.kind == "end":
            pair += token.value == "rt" and current.name == "rt"
            close_tag(token.value, open_tags)
        else:
            report("timestamp", f"the time <{token.value}> inside the cue can't be carried")
    return list(_join_alike(found))


def _open(token: Token, current: _Open, report: Report) -> _Open | None:
    name, look = token.value, current.look
    kept = tuple(each for each in token.classes if each not in {"strike", "forced"} and not colour_of(each))
    if kept:
        report("class", f"the class {'.'.join(kept)} can't be carried")
    look = _with_classes(look, token.classes)
    if name == "i":
        return _Open(name, look._replace(italic=True), current.role)
    if name == "b":
        return _Open(name, look._replace(bold=True), current.role)
    if name == "u":
        return _Open(name, look._replace(underline=True), current.role)
    if name == "v":
        return _Open(name, look._replace(speaker=token.annotation), current.role)
    if name == "lang":
        return _Open(name, look._replace(language=token.annotation), current.role)
    if name == "ruby":
        return _Open(name, look, "base")
    if name == "rt":
        return _Open(name, look, "gloss") if current.name == "ruby" else None
    if name == "c":
        return _Open(name, look, current.role)
    report("tag", f"{token.raw} can't be carried")
    return None


def _with_classes(look: Look, classes: tuple[str, ...]) -> Look:
    colour = next((colour for each in classes if (colour := colour_of(each))), look.colour)
    return look._replace(colour=colour, strike=look.strike or "strike" in classes)


def _join_alike(runs: list[Run]) -> Iterator[Run]:
    held: Run | None = None
    for run in runs:
        if held is not None and held[1:] == run[1:]:
            held = held._replace(text=held.text + run.text)
            continue
        if held is not None:
            yield held
        held = run
    if held is not None:
        yield held
