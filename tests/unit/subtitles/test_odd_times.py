"""Times and numbers that are not quite SubRip's: read with a note, and never taken for somebody's words."""

from __future__ import annotations

import pytest

from polyreel.subtitles.convert import write


@pytest.mark.parametrize("arrow", ["-", "–", "--", " ", "\t", "--&gt;", "/", "->", "=>"])
def test_times_with_another_sign_between_them_are_no_words(srt, arrow: str) -> None:
    reading = srt(f"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:03,000 {arrow} 00:00:04,000\nTwo\n")
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.track.cues][1] == (3000, 4000, "Two")
    assert [(note.kind, note.code, note.line) for note in reading.notes] == [("repaired", "timing", 6)]


@pytest.mark.parametrize("number", ["[2]", "2.", "#2", "(2)", "2:"])
def test_a_number_with_signs_around_it_is_no_word(srt, number: str) -> None:
    reading = srt(f"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n{number}\n00:00:03,000 --> 00:00:04,000\nTwo\n")
    assert [(cue.text, cue.identifier) for cue in reading.track.cues] == [("One", None), ("Two", None)]
    assert [(note.kind, note.code, note.line) for note in reading.notes] == [("repaired", "number", 5)]


@pytest.mark.parametrize("text", ["At 10:30-11:30 we go", "From 00:00:03,000 - to the end", "3."])
def test_words_with_times_in_them_stay_words(srt, text: str) -> None:
    reading = srt(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n")
    assert [cue.text for cue in reading.track.cues] == [text, "Two"]


def test_words_that_would_be_times_are_written_so_that_they_stay_words(srt) -> None:
    reading = srt("1\n00:00:01,000 --> 00:00:02,000\nx\n00:00:09,000 ⟶ 00:00:10,000\n")
    cue = reading.track.cues[0]
    assert cue.text.endswith("10,000")
    again = srt(write(reading.track, "srt").text)
    assert [each.text for each in again.track.cues] == [cue.text]


def test_two_webvtt_files_in_one_are_one(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\na\n\nWEBVTT\n\n00:03.000 --> 00:04.000\nb\n")
    assert [cue.text for cue in reading.track.cues] == ["a", "b"]
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "glued")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Tom &amp; Jerry&nbsp;&#39;s", "Tom &amp; Jerry\xa0's"),
        ("&lt;i&gt;", "&lt;i>"),
        ("<c.yellow>Hi</c>", "<c.yellow>Hi</c>"),
        ("a<00:00:01.500> b", "a<00:00:01.500> b"),
        ("One[br]Two", "One\nTwo"),
        ("<!-- new --> Hi", "Hi"),
    ],
)
def test_what_webvtt_and_html_left_in_subrip_is_read_as_meant(srt, text: str, kept: str) -> None:
    reading = srt(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert [cue.text for cue in reading.track.cues] == [kept]


def test_a_voice_of_webvtt_in_subrip_is_a_speaker(srt) -> None:
    reading = srt("1\n00:00:01,000 --> 00:00:02,000\n<v Ana>Hi</v>\n")
    assert [(cue.speaker, cue.text) for cue in reading.track.cues] == [("Ana", "Hi")]


def test_two_voices_that_meet_are_not_joined(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>Hi</v><v Ben>Yes\n")
    assert "Hi\nYes" in write(reading.track, "srt").text
