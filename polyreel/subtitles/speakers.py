"""Who speaks a cue: WebVTT's voice spans, and names in front of the words where that is asked for."""

from __future__ import annotations

import re
from dataclasses import replace

from polyreel.subtitles.cuetext import Token, escaped, tokens
from polyreel.subtitles.model import Cue, Track

# "Ana:", "ANA MARÍA:", "Dr. O'Neil:": at most four words, the first a capital letter (or one of a script without case);
# "MAN (shouting):" is the man's. Italics may begin before.
_PREFIX = re.compile(
    r"(?P<tags>(?:<[ibu]>)*)\s*[-–—]?\s*(?P<name>[^\W\d_][\w.'’\-]*(?: [\w.'’\-]+){0,3})"
    r"(?:\s*[(（\[][^()（）\[\]]{1,40}[)）\]])?\s*[:：](?=\s|[^\x00-\x7f])\s*",
    re.UNICODE,
)


def taken_out(text: str) -> tuple[str | None, str]:
    """A voice that spans the whole cue (``<v Ana>...``), and the text without it; else None and the text as it is."""
    if not text.startswith("<v"):
        return None, text
    parts = list(tokens(text))
    marks = [token for token in parts if token.value == "v" and token.kind != "text"]
    first = parts[0]
    whole = first.value == "v" and bool(first.annotation) and (len(marks) == 1 or _is_closed_at_end(parts, marks))
    if not whole:
        return None, text
    end = len(text) - len(marks[1].raw) if len(marks) == 2 else len(text)
    return first.annotation, _with_classes(text[len(first.raw) : end], first.classes)


def _is_closed_at_end(parts: list[Token], marks: list[Token]) -> bool:
    return len(marks) == 2 and marks[1].kind == "end" and parts[-1] is marks[1] and parts[-1].raw.endswith(">")


def _with_classes(text: str, classes: tuple[str, ...]) -> str:
    return f"<c.{'.'.join(classes)}>{text}</c>" if classes else text


def put_back(cue: Cue) -> str:
    """A cue's text with its speaker as a WebVTT voice span."""
    if not cue.speaker:
        return cue.text
    name = escaped(" ".join(cue.speaker.split())).replace(">", "&gt;")
    return f"<v {name}>{cue.text}</v>"


def speakers_from_prefixes(track: Track) -> Track:
    """The same track with ``Ana: Hello`` read as Ana saying *Hello*. Only where it is asked for: a colon is no proof.

    A name is at most four words and begins with a capital letter, or with a letter of a script that has no capitals.
    A cue whose lines name several speakers gets voice spans; a cue that has a speaker already stays as it is.
    """
    return replace(track, cues=tuple(cue if cue.speaker else _named(cue) for cue in track.cues))


def _named(cue: Cue) -> Cue:
    lines = [_split(line) for line in cue.text.split("\n")]
    names = [name for name, _ in lines if name]
    if not names or not lines[0][0]:
        return cue
    if len(names) == 1:
        return replace(cue, speaker=names[0], text="\n".join(rest for _, rest in lines))
    return replace(cue, text=_voiced(lines))


def _split(line: str) -> tuple[str | None, str]:
    found = _PREFIX.match(line[:80])
    if found is None or found["name"][0].islower():
        return None, line
    return found["name"], found["tags"] + line[found.end() :]


def _voiced(lines: list[tuple[str | None, str]]) -> str:
    groups: list[tuple[str, list[str]]] = []
    for name, rest in lines:
        if name:
            groups.append((name, [rest]))
        else:
            groups[-1][1].append(rest)
    return "\n".join(f"<v {name}>{chr(10).join(rest)}</v>" for name, rest in groups)
