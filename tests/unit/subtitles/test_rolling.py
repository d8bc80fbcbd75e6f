"""Captions that roll in other ways than YouTube's: without spaces, by words, with pauses, in a part of the file."""

from __future__ import annotations

import pytest

from polyreel.subtitles.convert import read_bytes


def _srt(*rows: tuple[float, float, str]) -> bytes:
    def clock(seconds: float) -> str:
        return f"00:00:{int(seconds):02d},{round(seconds * 1000) % 1000:03d}"

    return "".join(
        f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n\n" for n, (start, end, text) in enumerate(rows, 1)
    ).encode()


def _every_second(*lines: str) -> bytes:
    return _srt(*((at, at + 1, line) for at, line in enumerate(lines)))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (
            _every_second("我们", "我们今天", "我们今天来看", "我们今天来看一个视频", "这个", "这个视频"),
            ["我们今天来看一个视频", "这个视频"],
        ),
        (_every_second("Hello", "Hello, you", "Hello, you there. Come", "Well", "Well; now"), 2),
        (
            _every_second(
                "welcome to the show", "to the show where we learn", "where we learn about", "learn about bees"
            ),
            ["welcome to the show", "where we learn", "about", "bees"],
        ),
        (
            _srt(
                (0, 2, "the first line"),
                (4, 6, "the first line\nthe second line"),
                (8, 10, "the second line\nthe third line"),
            ),
            ["the first line", "the second line", "the third line"],
        ),
        (
            _srt(
                *((at, at + 1, f"Somebody says sentence {at}.") for at in range(10)),
                (10, 11, "here it rolls"),
                (11, 12, "here it rolls\nand goes on"),
                (12, 13, "and goes on\nfor a while"),
                (13, 14, "for a while\nto its end"),
            ),
            [f"Somebody says sentence {at}." for at in range(10)]
            + ["here it rolls", "and goes on", "for a while", "to its end"],
        ),
        (
            _every_second(
                "So here we are",
                "so here we are,\nin the kitchen",
                "in the kitchen.\nWith soup",
                "with soup\nand bread",
            ),
            ["So here we are", "in the kitchen", "With soup", "and bread"],
        ),
        (_srt(*((at / 4, (at + 1) / 4, "Hello my friend"[: at + 1]) for at in range(15))), ["Hello my friend"]),
        (
            _srt(*((at // 2, at // 2 + 1, f"Somebody says sentence {at // 2}.") for at in range(8))),
            [f"Somebody says sentence {at}." for at in range(4)],
        ),
    ],
    ids=["without-spaces", "punctuation", "last-words", "with-pauses", "in-a-part", "capitals", "typed", "twins"],
)
def test_every_word_is_said_once(data: bytes, lines: list[str] | int) -> None:
    reading = read_bytes(data, "srt")
    found = [cue.text for cue in reading.track.cues]
    assert found == lines or len(found) == lines
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "rolling")]


@pytest.mark.parametrize(
    "lines",
    [
        ["Who is it?", "Who is it?\nIt's me.", "Come in.", "Sit down.", "Thank you.", "Some tea?"],
        ["No, no.", "no, no.", "Well, well.", "well, well.", "I see.", "So be it."],
        ["well now", "well nowadays", "we say", "we saying", "they go", "they going"],
    ],
    ids=["one-that-stays", "echo", "longer-words"],
)
def test_what_only_looks_so_stays(lines: list[str]) -> None:
    assert [cue.text for cue in read_bytes(_every_second(*lines), "srt").track.cues] == lines


def test_an_empty_line_before_the_words_is_no_repair() -> None:
    """Programs that fetch YouTube's captions write one into nearly every cue."""
    reading = read_bytes(_srt((0, 1, "\nso here we are"), (2, 3, "elsewhere")), "srt")
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "blank_before_text")]
