"""Scripts as vendors take them (SRT, WebVTT, plain text) and lines as they give them back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})")
_CUE = re.compile(r"^\s*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})\s*-->\s*((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})", re.MULTILINE)


class BadScript(Exception):
    """Not a script in the format that was asked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One spoken line; times in milliseconds from the start of the media."""

    start_ms: int
    end_ms: int
    text: str
    speaker: int = 1


def _to_milliseconds(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise BadScript(f"not a time: {text[:20]}")
    hours, minutes, seconds, millis = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis


def parse_lines(content: str) -> list[Line]:
    """The lines of an SRT or WebVTT script; `BadScript` if there is none in it."""
    marks = list(_CUE.finditer(content.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")))
    lines = [
        Line(_to_milliseconds(mark[1]), _to_milliseconds(mark[2]), text)
        for mark, following in zip_longest(marks, marks[1:])
        if (text := _read_payload(mark.string[mark.end() : following.start() if following else None])) is not None
    ]
    if not lines or any(line.end_ms <= line.start_ms for line in lines):
        raise BadScript("not a valid subtitle file")
    return lines


def _read_payload(rest: str) -> str | None:
    """What stands between a timing line and the next blank one. ``rest`` ends where the next cue's times begin."""
    block = re.split(r"\n\s*\n", rest.partition("\n")[2], maxsplit=1)[0]
    text = " ".join(part.strip() for part in block.splitlines())
    return re.sub(r"<[^>]+>", "", text).strip() or None


def script_lines(content: str, seconds: float) -> list[Line]:
    """The lines of a script in any of the three formats; plain text is spread evenly over the media."""
    if "-->" in content:
        return parse_lines(content)
    texts = [text.strip() for text in content.splitlines() if text.strip()]
    if not texts:
        raise BadScript("the script is empty")
    step = seconds * 1000 / len(texts)
    return [Line(int(index * step), max(1, int((index + 1) * step) - 1), text) for index, text in enumerate(texts)]


def is_webvtt(content: str) -> bool:
    """Whether a file begins as the WebVTT standard says it must."""
    return re.match(r"\ufeff?WEBVTT(?:[ \t\n\r]|$)", content) is not None


def format_clock(ms: int, separator: str) -> str:
    """``01:02:03,004`` (SRT) or ``01:02:03.004`` (WebVTT)."""
    seconds, millis = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{millis:03}"


def write_srt(lines: Iterable[Line]) -> str:
    """Lines as SRT."""
    return "\n".join(
        f"{number}\n{format_clock(line.start_ms, ',')} --> {format_clock(line.end_ms, ',')}\n{line.text}\n"
        for number, line in enumerate(lines, 1)
    )


def write_vtt(lines: Iterable[Line]) -> str:
    """Lines as WebVTT."""
    cues = (
        f"{format_clock(line.start_ms, '.')} --> {format_clock(line.end_ms, '.')}\n{_escape_text(line.text)}\n"
        for line in lines
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def _escape_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")


def cut_lines(lines: Sequence[Line], start_ms: int, end_ms: int) -> list[Line]:
    """The lines inside a part of the media, with times from the part's start."""
    return [
        Line(max(0, line.start_ms - start_ms), min(line.end_ms, end_ms) - start_ms, line.text, line.speaker)
        for line in lines
        if line.end_ms > start_ms and line.start_ms < end_ms
    ]
