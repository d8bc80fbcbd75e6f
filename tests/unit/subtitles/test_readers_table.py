"""The table of formats that are only read in docs/subtitles.md is what their readers keep and tell."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.subtitles import read_bytes
from polyreel.subtitles.formats.registry import FORMATS

_PAGE = Path(__file__).parents[3] / "docs" / "subtitles.md"


def _ass(text: str, style: str = "", name: str = "", effect: str = "") -> bytes:
    # Without a style of its own, an event says all that is asked of it in its text.
    return (
        "[V4+ Styles]\nFormat: Name, PrimaryColour, Italic, Alignment, Fontname\n"
        "Style: Sign,&H0000FFFF,-1,8,Times\n[Events]\nFormat: Start, End, Style, Name, Effect, Text\n"
        f"Dialogue: 0:00:01.00,0:00:03.00,{style},{name},{effect},{text}\n"
    ).encode()


def _sami(text: str, sheet: str = "", tag: str = "") -> bytes:
    head = f"<STYLE><!-- .EN {{ Name: English; lang: en-US; }} .ES {{ lang: es-ES; }} {sheet} --></STYLE>"
    return (
        f"<SAMI><HEAD>{head}</HEAD><BODY><SYNC Start=1000><P Class=EN{tag}>{text}<P Class=ES>Hola"
        "<SYNC Start=3000><P Class=EN>&nbsp;<P Class=ES>&nbsp;</BODY></SAMI>"
    ).encode()


def _sub(text: str) -> bytes:
    return f"{{1}}{{1}}25\n{{25}}{{75}}{text}\n".encode()


def _sbv(text: str) -> bytes:
    return f"0:00:01.000,0:00:03.000\n{text}\n".encode()


def _stl(text: bytes, *, row: int = 20, side: int = 2, is_comment: bool = False) -> bytes:
    head = bytearray(b" " * 1024)
    head[:14] = b"850STL25.01100"
    head[14:16] = b"09"
    head[238:251] = b"0000100001001"
    head[251:256] = b"40231"
    head[256:264] = b"00000000"
    times = (0, 0, 1, 0, 0, 0, 3, 0)
    body = text.ljust(112, b"\x8f")
    return bytes(head) + struct.pack("<BHBB8BBBB112s", 0, 0, 0xFF, 0, *times, row, side, is_comment, body)


# What is read, and what its cue has then; None: the format has no word for it.
_Sample = tuple[bytes, Callable[..., bool]] | None
_ITALIC: Callable[..., bool] = lambda cue: cue.text == "<i>Hello</i>"  # noqa: E731
_YELLOW: Callable[..., bool] = lambda cue: cue.text == "<c.yellow>Hello</c>"  # noqa: E731
_TAGGED: Callable[..., bool] = lambda cue: "<" in cue.text  # noqa: E731
_PLACED: Callable[..., bool] = lambda cue: bool(cue.settings)  # noqa: E731
_SAMPLES: dict[str, dict[str, _Sample]] = {
    "italics": {
        "ass": (_ass(r"{\i1}Hello"), _ITALIC),
        "sub": (_sub("{y:i}Hello"), _ITALIC),
        "sami": (_sami("<i>Hello</i>"), _ITALIC),
        "stl": (_stl(b"\x80Hello\x81"), _ITALIC),
    },
    "bold": {
        "ass": (_ass(r"{\b1}Hello"), _TAGGED),
        "sub": (_sub("{y:b}Hello"), _TAGGED),
        "sami": (_sami("<b>Hello</b>"), _TAGGED),
    },
    "underline": {
        "ass": (_ass(r"{\u1}Hello"), _TAGGED),
        "sub": (_sub("{y:u}Hello"), _TAGGED),
        "sami": (_sami("<u>Hello</u>"), _TAGGED),
        "stl": (_stl(b"\x82Hello\x83"), _TAGGED),
    },
    "strike-out": {"ass": (_ass(r"{\s1}Hello"), _TAGGED), "sami": (_sami("<s>Hello</s>"), _TAGGED)},
    "colour": {
        "ass": (_ass(r"{\c&H00FFFF&}Hello"), _YELLOW),
        "sub": (_sub("{c:$00ffff}Hello"), _YELLOW),
        "sami": (_sami('<font color="yellow">Hello</font>'), _YELLOW),
        "stl": (_stl(b"\x03\x0b\x0bHello\x0a\x0a"), _YELLOW),
    },
    "look of a style": {
        "ass": (_ass("Hello", style="Sign"), _TAGGED),
        "sami": (_sami("Hello", sheet="P { color: yellow; }"), _YELLOW),
    },
    "font": {
        "ass": (_ass(r"{\fnTimes}Hello"), _TAGGED),
        "sub": (_sub("{f:Times}Hello"), _TAGGED),
        "sami": (_sami('<font face="Times">Hello</font>'), _TAGGED),
    },
    "place": {
        "ass": (_ass(r"{\an8}Hello"), _PLACED),
        "sub": (_sub("{P:0}Hello"), _PLACED),
        "sami": (_sami("Hello", tag=" align=left"), _PLACED),
        "stl": (_stl(b"Hello", row=2, side=1), _PLACED),
    },
    "exact place": {"ass": (_ass(r"{\pos(10,20)}Hello"), _PLACED), "sub": (_sub("{o:10,20}Hello"), _PLACED)},
    "ruby": {"sami": (_sami("<ruby>base<rt>gloss</rt></ruby>"), _TAGGED)},
    "speaker": {"ass": (_ass("Hello", name="Ana"), lambda cue: cue.speaker == "Ana")},
    "languages": {"sami": (_sami("Hello"), lambda cue: cue.text == "Hello")},
    "effects": {"ass": (_ass(r"{\fad(1,2)}Hello", effect="Banner;1"), lambda cue: False)},
    "two lines": {
        "ass": (_ass(r"Hello\Nyou"), lambda cue: cue.text == "Hello\nyou"),
        "sbv": (_sbv("Hello[br]you"), lambda cue: cue.text == "Hello\nyou"),
        "sub": (_sub("Hello|you"), lambda cue: cue.text == "Hello\nyou"),
        "sami": (_sami("Hello<br>you"), lambda cue: cue.text == "Hello\nyou"),
        "stl": (_stl(b"Hello\x8ayou"), lambda cue: cue.text == "Hello\nyou"),
    },
    "comments": {
        "ass": (_ass("Hello") + b"Comment: 0:00:01.00,0:00:03.00,,,,not shown\n", lambda cue: False),
        "stl": (_stl(b"Hello") + _stl(b"not shown", is_comment=True)[1024:], lambda cue: False),
    },
}


def _outcome(name: str, sample: _Sample) -> str:
    if sample is None:
        return ""
    content, is_kept = sample
    reading = read_bytes(content, name)
    told = any(note.kind == "lost" for note in reading.notes)
    assert len(reading.track.cues) == 1
    kept = is_kept(reading.track.cues[0])
    assert kept or told, f"{name} loses it without a word"
    return "kept, rest reported" if kept and told else "kept" if kept else "reported"


def _documented() -> dict[str, dict[str, str]]:
    section = _PAGE.read_text("utf-8").split("Formats that are only read:")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    names = [re.sub(r"\W", "", name) for name in rows[0][1:]]
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows[2:]}


def test_every_format_that_is_only_read_stands_in_the_table() -> None:
    only_read = {name for name, known in FORMATS.items() if not (known.write or known.write_bytes)}
    documented = _documented()
    assert documented.keys() == _SAMPLES.keys()
    assert all(row.keys() == only_read for row in documented.values())


@pytest.mark.parametrize("feature", _SAMPLES)
def test_what_the_table_says_of_a_reader_is_so(feature: str) -> None:
    documented = _documented()[feature]
    assert {name: _outcome(name, _SAMPLES[feature].get(name)) for name in documented} == documented
