"""Broken SubRip is repaired with a note, or refused with a line; nothing disappears."""

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import plain_text, write

_FIRST = "1\n00:00:01,000 --> 00:00:02,000\nOne\n"
_SECOND = "2\n00:00:03,000 --> 00:00:04,000\nTwo\n"


def _cues(reading) -> list:
    return [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.track.cues]


def _notes(reading) -> list:
    return [(note.kind, note.code, note.line) for note in reading.notes]


_BOTH = [(1000, 2000, "One"), (3000, 4000, "Two")]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (f"{_FIRST}\n{_SECOND}", []),
        (f"{_FIRST}{_SECOND}", [("repaired", "no_blank_line", 4)]),
        (
            f"{_FIRST}\n{_SECOND[2:]}",
            [("repaired", "no_index", 5)],
        ),
        (
            f"{_FIRST[2:]}{_SECOND[2:]}",
            [("repaired", "no_index", 1), ("repaired", "no_index", 3), ("repaired", "no_blank_line", 3)],
        ),
        (f"{_FIRST}\n{_SECOND}".replace(",", "."), [("repaired", "timing", 2), ("repaired", "timing", 6)]),
        (f"{_FIRST}\n{_SECOND}".replace("00:00:03,000 --> ", "0:03,0->"), [("repaired", "timing", 6)]),
        (f"{_FIRST}\n{_SECOND}".replace("\n", "\r\n"), []),
        (f"{_FIRST}\n{_SECOND}".replace("\n", "\r"), [("repaired", "lone_cr", 1)]),
        (f"\ufeff{_FIRST}\n{_SECOND}", []),
        (f"{_FIRST}\n{_SECOND}".replace("One", "O\0ne"), [("repaired", "nul", 3)]),
        (
            f"{_FIRST}\n{_SECOND}".replace("2\n00:00:03", "2\n\n00:00:03"),
            [("repaired", "blank_after_index", 5)],
        ),
        (f"\n\n{_FIRST}\n\n\n{_SECOND}\n\n", []),
        (f"Made by me\n\n{_FIRST}\n{_SECOND}", [("dropped", "stray_text", 1)]),
        (f"{_FIRST}\nfoo\n\n{_SECOND}".replace("One\n\nfoo", "One"), []),
        (
            f"{_FIRST}\n{_SECOND}".replace("00:00:03,000 --> 00:00:04,000", "00:00:04,000 --> 00:00:03,000"),
            [("repaired", "end_before_start", 6)],
        ),
    ],
)
def test_what_is_broken_is_repaired_and_said(srt, text: str, notes: list) -> None:
    reading = srt(text)
    assert _cues(reading) == _BOTH
    assert _notes(reading) == notes


@pytest.mark.parametrize(
    ("timing", "times", "code"),
    [
        ("-00:00:01,000 --> 00:00:02,000", (0, 2000), "negative_time"),
        ("100:00:00,000 --> 100:00:01,000", (360_000_000, 360_001_000), "long_time"),
        ("00:00:01,5 --> 00:00:02", (1500, 2000), "timing"),
        ("00:01 --> 00:02", (1000, 2000), "timing"),
        ("00:00:01:500 --> 00:00:02:000", (1500, 2000), "timing"),
        ("00:00:01,000 → 00:00:02,000", (1000, 2000), "timing"),
        ("00:00:01,000 --> 00:00:02,000 Hello", (1000, 2000), "text_on_timing_line"),
    ],
)
def test_odd_times_are_read_and_noted(srt, timing: str, times: tuple, code: str) -> None:
    reading = srt(f"1\n{timing}\nOne\n")
    assert [(cue.start_ms, cue.end_ms) for cue in reading.track.cues] == [times]
    assert _notes(reading) == [("repaired", code, 2)]


def test_words_on_the_timing_line_are_the_cue_s_first_line(srt) -> None:
    assert srt("1\n00:00:01,000 --> 00:00:02,000 Hello\nyou\n").track.cues[0].text == "Hello\nyou"


def test_an_empty_line_inside_a_text_loses_no_words(srt) -> None:
    reading = srt(f"{_FIRST}\nmore\n\n{_SECOND}")
    assert [cue.text for cue in reading.track.cues] == ["One\nmore", "Two"]
    assert _notes(reading) == [("repaired", "blank_in_text", 4)]


@pytest.mark.parametrize("timing", ["foo --> bar", "00:00:03,000 -->", "--> 00:00:04,000", "00:xx:03,000 --> 1"])
def test_a_timing_that_is_none_is_listed_with_its_words(srt, timing: str) -> None:
    reading = srt(f"{_FIRST}\n2\n{timing}\nLost words\n\n3\n00:00:05,000 --> 00:00:06,000\nThree\n")
    assert [cue.text for cue in reading.track.cues] == ["One", "Three"]
    assert _notes(reading) == [("dropped", "bad_timing", 6)]
    assert "Lost words" in reading.notes[0].message


def test_an_arrow_in_the_text_is_text(srt) -> None:
    reading = srt("1\n00:00:01,000 --> 00:00:02,000\nA --> B\n5\n--> C\n")
    assert [plain_text(cue.text) for cue in reading.track.cues] == ["A --> B\n5\n--> C"]
    assert reading.notes == ()


def test_a_number_may_be_the_whole_text(srt) -> None:
    reading = srt(f"{_FIRST.replace('One', '42')}\n{_SECOND.replace('Two', '1984')}")
    assert [cue.text for cue in reading.track.cues] == ["42", "1984"]


def test_a_number_before_a_timing_is_text_where_it_can_not_be_the_next_index(srt) -> None:
    reading = srt("1\n00:00:01,000 --> 00:00:02,000\n42\n00:00:03,000 --> 00:00:04,000\nTwo\n")
    assert [cue.text for cue in reading.track.cues] == ["42", "Two"]


@pytest.mark.parametrize(
    "garbage", ["hello\nworld\n", "\x01\x02\x03\n", "1\nfoo --> bar\nx\n", "{\\rtf1}", "<html></html>"]
)
def test_garbage_is_refused_with_its_line(srt, garbage: str) -> None:
    with pytest.raises(SubtitleError) as refusal:
        srt(f"\n{garbage}")
    assert (refusal.value.code, refusal.value.line) == ("invalid_subtitles", 2)
    assert refusal.value.where == "test.srt, line 2"
    assert refusal.value.remedy


@pytest.mark.parametrize("nothing", ["", "\n\n\n", " \t\r\n", "\ufeff"])
def test_an_empty_file_is_a_track_without_cues_and_a_note(srt, nothing: str) -> None:
    reading = srt(nothing)
    assert reading.track.cues == ()
    assert _notes(reading) == [("repaired", "empty_file", 0)]


def test_markup_is_kept_and_the_rest_reported(srt) -> None:
    font = '<font color="#ff8800" face="Arial">c</font>'
    text = f"{{\\an8}}<I>A</I> <b>b</b> {font} {{\\i1}}d{{\\i0}} {{\\pos(1,2)}}<sighs> x < y & z"
    reading = srt(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    cue = reading.track.cues[0]
    assert cue.text == "<i>A</i> <b>b</b> <c.color-hex-ff8800>c</c> <i>d</i> &lt;sighs> x &lt; y &amp; z"
    assert cue.settings == (("line", "0"),)
    assert _notes(reading) == [("lost", "font", 2), ("lost", "override", 2)]


def test_coordinates_behind_the_times_are_kept(srt) -> None:
    cue = srt("1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:3 Y2:4\nOne\n").track.cues[0]
    assert cue.settings == (("X1", "1"), ("X2", "2"), ("Y1", "3"), ("Y2", "4"))


def test_webvtt_settings_behind_the_times_are_settings_and_not_words(srt) -> None:
    reading = srt("1\n00:00:01,000 --> 00:00:02,000 align:middle line:84%\nOne\n")
    assert (reading.track.cues[0].text, reading.track.cues[0].settings) == ("One", (("line", "84%"),))
    assert _notes(reading) == [("lost", "bad_setting", 2)]


def test_numbers_out_of_order_are_kept(srt) -> None:
    cues = srt(f"7\n{_FIRST[2:]}\n{_SECOND}").track.cues
    assert [cue.identifier for cue in cues] == ["7", None]


@pytest.mark.slow
def test_a_file_with_no_end_of_oddities_gives_an_end_of_notes(srt) -> None:
    reading = srt("00:00:01,000-->00:00:02,000\n\n" * 60_000)
    assert len(reading.track.cues) == 60_000
    assert len(reading.notes) < 1000
    assert any("59800 more like these" in note.message for note in reading.notes)


def test_a_file_of_nothing_but_what_would_be_left_out_is_refused(srt) -> None:
    with pytest.raises(SubtitleError, match="more than 1000 pieces of it would be left out"):
        srt("1\n00:00:01,000 --> 00:00:02,000\nx\n\n" + "2\nfoo --> bar\nwords\n\n" * 1100)


def test_a_value_of_a_megabyte_is_quoted_short(srt, vtt) -> None:
    """Whatever it is: an identifier, a setting, a tag, a font, an override, a line before the first cue."""
    huge = "x" * 1_000_000
    for text in (f"{huge}\n\n{_FIRST}", f'{_FIRST[:-4]}<font face="{huge}">a</font>\n', f"{_FIRST}\n2\n{huge} --> 1\n"):
        assert sum(len(note.message) for note in srt(text).notes) < 2000
    for text in (f"<c.{huge}>a</c>", f"<lang {huge}>a</lang>", f"<v {huge}>a", f"a <00:00:01.{huge}> b"):
        track = vtt(f"WEBVTT {huge}\n\n{huge}\n00:01.000 --> 00:02.000 align:{huge}\n{text}\n").track
        assert sum(len(note.message) for note in write(track, "srt").notes) < 2000
