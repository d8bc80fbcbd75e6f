"""The W3C's file-parsing tests, from its own files and, for what those leave open, from the specification's steps."""

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import plain_text, read_bytes


@pytest.mark.parametrize(
    "first",
    ["", "webvtt", "WEBVTTX", "WEBVTT-", " WEBVTT", "\ufeffWEBVTT", "WEB", "WEBVTT\x0b", "WEBSRT"],
    ids=repr,
)
def test_a_file_that_does_not_begin_as_webvtt_must_is_refused_with_its_line(first: str) -> None:
    data = b"\xef\xbb\xbf" + f"{first}\n\n00:00.000 --> 00:01.000\ntext\n".encode()
    with pytest.raises(SubtitleError, match="not WebVTT") as refusal:
        read_bytes(data, name="test.vtt")
    assert (refusal.value.code, refusal.value.line) == ("invalid_subtitles", 1)


@pytest.mark.parametrize(
    ("timing", "times"),
    [
        ("00:00.000 --> 00:01.000", (0, 1000)),
        ("0:00:00.000 --> 1:00:01.000", (0, 3_601_000)),
        ("000:00:00.000 --> 123:00:01.000", (0, 442_801_000)),
        ("00:00:00.000-->00:00:01.000", (0, 1000)),
        ("\t00:00.000\f--> \t00:01.000align:start", (0, 1000)),
        ("60:00.000 --> 61:00.000", None),
        ("00:60.000 --> 00:61.000", None),
        ("0:00.000 --> 0:01.000", None),
        ("00:00.00 --> 00:01.00", None),
        ("00:00.0000 --> 00:01.0000", None),
        ("00:00.000 -> 00:01.000", None),
        ("-00:00.000 --> 00:01.000", None),
        ("00:00.000 --> ", None),
        ("٠٠:٠٠.٠٠٠ --> 00:01.000", None),
    ],
)
def test_times_are_collected_as_the_specification_collects_them(vtt, timing: str, times: tuple | None) -> None:
    cues = vtt(f"WEBVTT\n\n{timing}\ntext").track.cues
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == ([times] if times else [])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("line:0", {"line": "0"}),
        ("line:-1,end", {"line": "-1,end"}),
        ("line:1.5", {"line": "1.5"}),
        ("line:100%", {"line": "100%"}),
        ("line:101%", {}),
        ("line:1-", {}),
        ("line:.5", {}),
        ("line:5.", {}),
        ("line:0,middle", {}),
        ("line:0,", {}),
        ("position:50%,line-left", {"position": "50%,line-left"}),
        ("position:50", {}),
        ("position:10%,start", {}),
        ("size:0.5%", {"size": "0.5%"}),
        ("size:100.1%", {}),
        ("align:middle", {}),
        ("align:center align:left", {"align": "left"}),
        ("vertical:rl", {"vertical": "rl"}),
        ("vertical:tb", {}),
        ("Align:start", {}),
        (":x line: foo", {}),
        ("region:fred", {"region": "fred"}),
        ("region:nobody", {}),
        ("region:fred line:1", {"line": "1"}),
        ("region:fred size:50%", {"size": "50%"}),
        ("region:fred vertical:lr", {"vertical": "lr"}),
        ("region:fred size:100%", {"region": "fred", "size": "100%"}),
    ],
)
def test_settings_hold_or_do_not_as_the_specification_says(vtt, written: str, kept: dict) -> None:
    reading = vtt(f"WEBVTT\n\nREGION\nid:fred\n\n00:00.000 --> 00:01.000 {written}\ntext")
    assert dict(reading.track.cues[0].settings) == kept
    assert all((note.kind, note.code, note.line) == ("lost", "bad_setting", 6) for note in reading.notes)


def test_a_setting_that_does_not_hold_is_reported(vtt) -> None:
    notes = vtt("WEBVTT\n\n00:00.000 --> 00:01.000 align:middle\ntext").notes
    assert [(note.kind, note.code, note.line) for note in notes] == [("lost", "bad_setting", 3)]
    assert "align:middle" in notes[0].message


def test_region_settings_hold_or_do_not_as_the_specification_says(vtt) -> None:
    track = vtt(
        "WEBVTT\n\nREGION\nid:a width:40% lines:3 regionanchor:0%,100%\nviewportanchor:10%,101% scroll:down\n"
        "width:50%\n\n00:00.000 --> 00:01.000\ntext"
    ).track
    assert track.regions == ("id:a width:50% lines:3 regionanchor:0%,100%",)


def test_style_and_region_after_a_cue_are_dropped_and_listed(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:00.000 --> 00:01.000\ntext\n\nSTYLE\n::cue {}\n\nREGION\nid:a\n")
    assert (reading.track.styles, reading.track.regions) == ((), ())
    assert [(note.kind, note.line) for note in reading.notes] == [("dropped", 6), ("dropped", 9)]


def test_style_needs_its_own_line_and_a_second_one(vtt) -> None:
    track = vtt("WEBVTT\n\nSTYLE \t\n::cue {}\n::cue(b) {}\n\nSTYLEX\nfoo\n\nSTYLE\n\n00:00.000 --> 00:01.000\nx").track
    assert track.styles == ("::cue {}\n::cue(b) {}",)


def test_a_note_block_with_a_timing_as_second_line_is_a_cue_called_note(vtt) -> None:
    assert vtt("WEBVTT\n\nNOTE\n00:00.000 --> 00:01.000\ntext").track.cues[0].identifier == "NOTE"


def test_the_first_line_can_hold_no_cue_and_says_so(vtt) -> None:
    reading = vtt("WEBVTT 00:00.000 --> 00:01.000\ntext\n")
    assert reading.track.cues == ()
    assert [(note.code, note.line) for note in reading.notes] == [("timing_in_header", 1), ("header_text", 2)]


def test_nul_is_read_as_the_specification_reads_it(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:00.000 --> 00:01.000\na\0b")
    assert reading.track.cues[0].text == "a\ufffdb"
    assert [(note.code, note.line) for note in reading.notes] == [("nul", 4)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a<b>b</b>c", "abc"),
        ("&amp;&lt;&gt;&nbsp;&lrm;&rlm;&copy;", "&<>\xa0\u200e\u200f©"),
        ("&amp &unknown; &#x41;", "& &unknown; A"),
        ("a < b", "a "),
        ("<", ""),
        ("<>x</>", "x"),
        ("<foo>x</foo>", "x"),
        ("<.class>x", "x"),
        ("<v Ana &amp; Bob>x", "x"),
        ("<00:00:01.000>x", "x"),
        ("<ruby>a<rt>b</ruby>c", "abc"),
        ("<i\nfoo>x", "x"),
        ("a > b", "a > b"),
        ("<c.a.b annotation>x</c >y", "xy"),
    ],
)
def test_the_plain_text_of_a_cue_is_what_its_dom_holds(text: str, plain: str) -> None:
    assert plain_text(text) == plain


def test_a_tag_that_hides_words_is_reported(vtt) -> None:
    notes = vtt("WEBVTT\n\n00:00.000 --> 00:01.000\n5 < 6 apples").notes
    assert [(note.kind, note.code, note.line) for note in notes] == [("dropped", "unclosed_tag", 3)]


def test_a_cue_that_ends_before_it_starts_is_turned_and_reported(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:03.000 --> 00:01.000\ntext")
    assert (reading.track.cues[0].start_ms, reading.track.cues[0].end_ms) == (1000, 3000)
    assert [(note.kind, note.code) for note in reading.notes] == [("repaired", "end_before_start")]
