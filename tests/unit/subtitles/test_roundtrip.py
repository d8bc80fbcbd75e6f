"""From one format to the other and back: nothing that both can carry changes; what one can't carry is said."""

from pathlib import Path

import pysrt
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from polyreel.subtitles import read_bytes, read_file, write
from polyreel.subtitles.model import Cue, Track

_WORDS = [
    "ab",  # "a" between the signs below is a link's tag
    "Zoë",
    " ",
    "é",
    "ك",
    "日本",
    "42",
    "♪",
    "[x]",
    "NOTE",
    "STYLE",
    "WEBVTT",
    "\xa0",
    "\u200e",
    "\u2028",
    "\x0b",
]
# No entities and no tags of WebVTT: those are leftovers, read as what they stood for.
_SIGNS = ["&", "&x", "<", ">", "<3", "-->", "--", "{", "}", ":", "/", "<video>"]
_TAGS = [
    "<i>",
    "</i>",
    "<b>",
    "</b>",
    "<u>x</u>",
    "<s>x</s>",
    '<font color="red">r</font>',
    '<font color="#a0b0c0">r</font>',
]
_PIECES = st.sampled_from([*_WORDS, *_SIGNS, *_TAGS])
_LINE = st.lists(_PIECES, min_size=1, max_size=8).map("".join).filter(str.strip)
_TEXT = st.lists(_LINE, max_size=3).map("\n".join)
_PLACE = st.sampled_from(["", *(f"{{\\an{number}}}" for number in range(1, 10))])
_TIMES = st.tuples(st.integers(0, 359_999_998), st.integers(0, 60_000)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], 359_999_999))
)
_ITEMS = st.lists(st.tuples(_TIMES, _PLACE, _TEXT), min_size=1, max_size=6)


def _as_srt(items: list) -> str:
    """A SubRip file as pysrt writes it."""
    written = [
        pysrt.SubRipItem(number, start, end, place + text)
        for number, ((start, end), place, text) in enumerate(items, 1)
    ]
    return "".join(f"{item}\n" for item in written)


@settings(max_examples=300, deadline=None)
@given(_ITEMS)
def test_srt_to_vtt_to_srt_is_the_identity(items: list) -> None:
    original = _as_srt(items)
    first = read_bytes(original.encode(), "srt")
    second = read_bytes(write(first.track, "vtt").text.encode(), "vtt")
    assert write(second.track, "srt").text == original
    assert (first.notes, second.notes) == ((), ())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read_or_refused_and_what_is_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    data = f"1\n00:00:01,000 --> 00:00:02,000\n{text}".encode("utf-8", "ignore")
    track = read_bytes(data, "srt").track
    again = read_bytes(write(track, "vtt").text.encode(), "vtt").track
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in again.cues] == [
        (cue.start_ms, cue.end_ms, cue.text) for cue in track.cues
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["\n", "\r", "\0", "-->", "1", "00:00:01,000 --> 00:00:02,000", "x", " ", "<", "WEBVTT"]))
)
def test_words_are_in_the_cues_or_in_the_notes(pieces: list) -> None:
    text = "".join(pieces) + "\n\n9\n00:01:00,000 --> 00:01:01,000\nend"
    reading = read_bytes(text.encode(), "srt")
    kept = "".join(cue.text for cue in reading.track.cues) + "".join(note.message for note in reading.notes)
    # A note cites the beginning of what it drops; more than it cites is not compared.
    if "…" not in kept and not text.startswith("WEBVTT"):
        assert kept.count("x") >= text.count("x")


def test_scripts_of_ten_languages_come_back_byte_for_byte(data: Path) -> None:
    for file in sorted((data / "narrated").glob("*.srt")):
        original = file.read_text(encoding="utf-8-sig")
        vtt = write(read_file(file).track, "vtt").text
        back = write(read_bytes(vtt.encode(), "vtt").track, "srt").text
        assert back.rstrip("\n") == original.rstrip("\n"), file.name


def test_numbers_that_are_not_in_order_come_back() -> None:
    original = "5\n00:00:01,000 --> 00:00:02,000\nOne\n\n7\n00:00:03,000 --> 00:00:04,000\nTwo\n\n"
    vtt = write(read_bytes(original.encode(), "srt").track, "vtt").text
    assert write(read_bytes(vtt.encode(), "vtt").track, "srt").text == original


_RICH = """WEBVTT A title
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0

NOTE first

REGION
id:fred
width:40%

STYLE
::cue(b) { color: red }

intro
00:00:01.000 --> 00:00:02.000 region:fred align:left
<v Ana>Hello <c.loud>you</c> <00:00:01.500><lang es>hola</lang>

NOTE before the second

00:00:03.000 --> 00:00:04.000 line:0
<ruby>漢字<rt>かんじ</rt></ruby> &lt;i&gt; <c.yellow>sun</c>

NOTE the end
"""


def test_webvtt_keeps_everything_it_can_say() -> None:
    reading = read_bytes(_RICH.encode(), "vtt")
    writing = write(reading.track, "vtt")
    again = read_bytes(writing.text.encode(), "vtt").track
    without_lines = [(c.start_ms, c.end_ms, c.text, c.speaker, c.identifier, c.settings) for c in reading.track.cues]
    assert [(c.start_ms, c.end_ms, c.text, c.speaker, c.identifier, c.settings) for c in again.cues] == without_lines
    for part in ("header", "styles", "regions", "comments", "comments_before"):
        assert getattr(again, part) == getattr(reading.track, part)
    assert (reading.notes, writing.notes) == ((), ())


def test_srt_says_what_it_can_not_carry_and_keeps_what_it_can() -> None:
    writing = write(read_bytes(_RICH.encode(), "vtt").track, "srt")
    assert writing.text == (
        "1\n00:00:01,000 --> 00:00:02,000\n{\\an1}Hello you hola\n\n"
        '2\n00:00:03,000 --> 00:00:04,000\n{\\an8}漢字(かんじ) <i> <font color="yellow">sun</font>\n\n'
    )
    assert {note.kind for note in writing.notes} == {"lost"}
    assert {note.code for note in writing.notes} == {
        *("header", "styles", "regions", "comments", "identifier", "speaker", "class", "timestamp", "language"),
        *("settings", "ruby", "literal_tag"),
    }


def test_what_vtt_can_not_carry_is_said() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:3 Y2:4\nOne\n"
    writing = write(read_bytes(text.encode(), "srt").track, "vtt")
    assert [(note.kind, note.code, note.line) for note in writing.notes] == [("lost", "coordinates", 2)]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_a_text_that_would_break_the_file_is_made_harmless(name: str) -> None:
    hostile = "a\n\n\n2\n00:00:09.000 --> 00:00:10.000\nb\n\n"
    track = Track((Cue(1000, 2000, hostile), Cue(3000, 4000, "next", identifier="x --> y")))
    again = read_bytes(write(track, name).text.encode(), name).track
    assert [(cue.start_ms, cue.text.split("\n")[0]) for cue in again.cues] == [(1000, "a"), (3000, "next")]


def test_hostile_styles_comments_and_headers_stay_in_their_blocks() -> None:
    evil = "a\n\n00:00:09.000 --> 00:00:10.000\nb"
    track = Track(
        (Cue(1000, 2000, "x"),), header=evil, styles=(evil,), comments=(evil, "", evil), comments_before=(0, 1)
    )
    assert len(read_bytes(write(track, "vtt").text.encode(), "vtt").track.cues) == 1


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_a_track_from_elsewhere_is_written_so_that_it_can_be_read(name: str) -> None:
    """Carriage returns, times before zero, empty regions and styles: a translation may bring any of them."""
    cues = (Cue(-500, 1000, "a\rb\r\n\rc"), Cue(2000, 3000, "d", identifier="x\ry"), Cue(4000, 5000, "\n"))
    track = Track(cues, header="h\r\rWEBVTT", styles=("",), regions=("", "id:a --> b"), comments=("c\r\rd",))
    reading = read_bytes(write(track, name).text.encode(), name)
    assert [(cue.start_ms, cue.text) for cue in reading.track.cues] == [(0, "a\nb\nc"), (2000, "d"), (4000, "")]


def test_other_readers_find_what_was_meant() -> None:
    track = Track((Cue(0, 1500, "<i>One</i>\ntwo"), Cue(2000, 3000, "")))
    items = pysrt.from_string(write(track, "srt").text)
    captions = webvtt.from_string(write(track, "vtt").text)
    assert [(item.start.ordinal, item.end.ordinal, item.text) for item in items] == [
        (0, 1500, "<i>One</i>\ntwo"),
        (2000, 3000, ""),
    ]
    assert [(caption.start, caption.end, caption.raw_text) for caption in captions] == [
        ("00:00:00.000", "00:00:01.500", "<i>One</i>\ntwo"),
        ("00:00:02.000", "00:00:03.000", ""),
    ]
