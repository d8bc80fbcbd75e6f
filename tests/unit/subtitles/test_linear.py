"""Reading and writing cost in proportion to the size: counted in steps of the interpreter, not in seconds."""

import sys
from collections.abc import Callable

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import read_bytes, speakers_from_prefixes, spoken_text, trim, voices, write
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.model import Track
from polyreel.subtitles.spoken import part_speech

_SRT = "1\n00:00:01,000 --> 00:00:02,000\n"
_VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
_UNITS = [
    *("\n", "-->\n", "-->", "<", "<i>", "<ruby>a<rt>b", "<v a>b", "</i>", "</c>", "&", "&amp", " ", "\t", "\r", "\0"),
    *("[(", "(", "{\\", '<font color="', '<font color="red">', "</font>", "1\n", "1\n\n", "1\n-->\n\n", "9", ":", "a:"),
    *(
        "00:00:01,000 --> 00:00:02,000\n",
        "00:00:01.000 --> 00:00:02.000\n\n",
        " #",
        "♪ ",
        "- ",
        "*",
        "*a*",
        "(a) ",
        "< ",
        "a|b",
        "\\N",
        "color = ",
        "NOTE\n\n",
        "[br]",
        "<!--",
        "_a_ ",
        "{a} ",
        "¶ ",
        "&gt;",
        "Ã©",
        "ï»¿1\n",
        "(a)(b) ",
        "00:00:01,000 - 00:00:02,000\n",
        "[1]\n",
        "one two three\n",
    ),
]


def _everything(text: str, name: str) -> None:
    try:
        track = read_bytes(text.encode(), name).track
    except SubtitleError:
        return
    for target in ("srt", "vtt", "txt"):
        write(track, target)
    _use(track)


def _use(track: Track) -> None:
    trim(speakers_from_prefixes(track), 0, 1500)
    for cue in track.cues:
        spoken_text(cue)
        part_speech(plain_text(cue.text))
        voices(cue)


def _lines_run(work: Callable[[], None]) -> int:
    """How many lines of Python were run."""
    count = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize("unit", _UNITS, ids=repr)
def test_four_times_the_size_takes_about_four_times_the_steps(unit: str, name: str) -> None:
    start = _SRT if name == "srt" else _VTT
    few = _lines_run(lambda: _everything(start + unit * 150, name))
    many = _lines_run(lambda: _everything(start + unit * 600, name))
    assert many <= 5 * few + 2000


@pytest.mark.parametrize(
    "unit", ["\n", "-->", "<", "<i", " ", "&", "[", "00:", "-", "<!-", "_a", "{a", "a ", "Ð"], ids=repr
)
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_one_huge_line_of_anything_is_no_matter(unit: str, name: str) -> None:
    """An expression that backtracks would take minutes here, and run into the suite's time limit."""
    start = _SRT if name == "srt" else _VTT
    track = read_bytes((start + unit * (400_000 // len(unit))).encode(), name).track
    assert len(track.cues) == 1
    _use(track)
