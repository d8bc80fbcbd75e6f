"""The table of formats and features in docs/subtitles.md is what writing and reading back really does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyreel.subtitles import read_bytes, write_bytes
from polyreel.subtitles.formats.registry import FORMATS
from polyreel.subtitles.model import Track

_PAGE = Path(__file__).parents[3] / "docs" / "subtitles.md"
_REGION = "id:low width:40% lines:3 regionanchor:0%,100% viewportanchor:10%,90%"
_FEATURES = {
    "italics": "00:01.001 --> 00:03.003\n<i>Hello</i>",
    "bold": "00:01.001 --> 00:03.003\n<b>Hello</b>",
    "underline": "00:01.001 --> 00:03.003\n<u>Hello</u>",
    "colour": "00:01.001 --> 00:03.003\n<c.yellow>Hello</c>",
    "place": "00:01.001 --> 00:03.003 line:0\nHello",
    "region or exact place": "00:01.001 --> 00:03.003 line:22%,start position:20%,line-left size:40% align:left\nHello",
    "columns": "00:01.001 --> 00:03.003 vertical:rl line:90%,end position:10%,line-left size:80% align:start\nHello",
    "ruby": "00:01.001 --> 00:03.003\n<ruby>base<rt>gloss</rt></ruby>",
    "speaker": "00:01.001 --> 00:03.003\n<v Ana>Hello",
    "two speakers": "00:01.001 --> 00:03.003\n<v Ana>Hello</v> <v Bo>Hi</v>",
    "language": "00:01.001 --> 00:03.003\n<lang fr>Bonjour</lang>",
    "forced": "00:01.001 --> 00:03.003\n<c.forced>EXIT</c>",
    "two at once": "00:01.001 --> 00:03.003\nHello\n\n00:02.002 --> 00:04.004\nHi",
    "time inside a cue": "00:01.001 --> 00:03.003\nHello <00:02.002>there",
    "strike-out": "00:01.001 --> 00:03.003\n<c.strike>Hello</c>",
    "background": "00:01.001 --> 00:03.003\n<c.bg_blue>Hello</c>",
    "right to left": "00:01.001 --> 00:03.003\nمرحبا",
    "time between frames": "00:01.017 --> 00:03.020\nHello",
    "name of a cue": "abc\n00:01.001 --> 00:03.003\nHello",
    "style sheet": "STYLE\n::cue { color: lime }\n\n00:01.001 --> 00:03.003\nHello",
    "region that rolls": f"REGION\n{_REGION} scroll:up\n\n00:01.001 --> 00:03.003 region:low\nHello",
    "comments": "NOTE A note\n\n00:01.001 --> 00:03.003\nHello",
}


def _documented() -> dict[str, dict[str, str]]:
    section = _PAGE.read_text("utf-8").split("## What each format carries")[1].split("Formats that are only")[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
    names = [name.strip("`") for name in rows[0][1:]]
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows[2:]}


def _outcome(track: Track, name: str) -> str:
    content, lost = write_bytes(track, name)
    again = read_bytes(content, name)
    told = [note for note in (*lost, *again.notes) if note.kind in {"lost", "dropped"}]
    if told:
        return "reported"
    before, after = (
        [(c.start_ms, c.end_ms, c.text, c.speaker, c.settings) for c in t.cues] for t in (track, again.track)
    )
    return "carried" if before == after and track.comments == again.track.comments else "mapped"


def test_every_format_that_is_read_and_written_stands_in_the_table() -> None:
    both = {name for name, known in FORMATS.items() if known.read and known.write}
    documented = _documented()
    assert documented.keys() == _FEATURES.keys()
    assert all(row.keys() == both for row in documented.values())


@pytest.mark.parametrize("feature", _FEATURES)
def test_what_the_table_says_of_a_feature_is_so(feature: str) -> None:
    track = read_bytes(f"WEBVTT\n\n{_FEATURES[feature]}\n".encode(), "vtt").track
    documented = _documented()[feature]
    assert {name: _outcome(track, name) for name in documented} == documented
