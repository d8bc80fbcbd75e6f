"""Reading and writing cost in proportion to the size: counted in steps of the interpreter, not in seconds."""

import sys
from collections.abc import Callable

import pytest

from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.words import Word
from polyreel.errors import SubtitleError
from polyreel.subtitles import extract_spoken_text, read_bytes, speakers_from_prefixes, trim, voices, write
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.mend import mend
from polyreel.subtitles.model import Cue, Track
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
        extract_spoken_text(cue)
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
    few = _lines_run(lambda: _everything(start + unit * 100, name))
    many = _lines_run(lambda: _everything(start + unit * 400, name))
    assert many <= 5 * few + 2000


@pytest.mark.parametrize(
    "unit", ["\n", "-->", "<", "<i", " ", "&", "[", "00:", "-", "<!-", "_a", "{a", "a ", "Ð"], ids=repr
)
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_one_huge_line_of_anything_is_no_matter(unit: str, name: str) -> None:
    """An expression that backtracks would take minutes here, and run into the suite's time limit."""
    start = _SRT if name == "srt" else _VTT
    track = read_bytes((start + unit * (200_000 // len(unit))).encode(), name).track
    assert len(track.cues) == 1
    _use(track)


_HUGE = {
    "words": ("en-US", "words of some length, and then more. "),
    "no space": ("en-US", "x"),
    "stops": ("en-US", "."),
    "Japanese": ("ja-JP", "字幕を読む人がいる。"),
    "Japanese without stops": ("ja-JP", "字"),
    "Chinese with words": ("zh-CN", "字幕 subtitle "),
    "marks": ("ja-JP", "か\u3099"),
}


def _huge(kind: str, size: int) -> tuple[str, str]:
    locale, unit = _HUGE[kind]
    return locale, (unit * (size // len(unit) + 1))[:size].strip()


@pytest.mark.parametrize("kind", _HUGE)
def test_a_cue_of_any_size_is_divided_and_laid_out_in_steps_that_grow_as_it_does(kind: str) -> None:
    """A whole chapter pasted into one cue: each place where it may be cut costs the same, however far into it."""

    def work(size: int) -> None:
        locale, text = _huge(kind, size)
        for end_ms in (3000, size * 60):
            mend(Track((Cue(0, end_ms, text),)), "netflix", locale)

    few, many = _lines_run(lambda: work(500)), _lines_run(lambda: work(2000))
    assert many <= 7 * few + 2000


@pytest.mark.parametrize("kind", _HUGE)
def test_a_cue_of_thirty_thousand_characters_is_laid_out_and_told_shortly(kind: str) -> None:
    locale, text = _huge(kind, 30_000)
    done, mends = mend(Track((Cue(0, 5000, text),)), "netflix", locale)
    assert "".join("".join(cue.text.split()) for cue in done.cues) == "".join(text.split())
    assert all(len(str(each)) < 120 for each in mends)
    assert mends


@pytest.mark.parametrize("count", [60, 240])
def test_what_is_heard_without_a_stop_is_divided_in_steps_that_grow_as_it_does(count: int) -> None:
    words = [Word(start_ms=n * 300, end_ms=n * 300 + 300, text=f" word{n}") for n in range(count * 4)]
    few = _lines_run(lambda: into_cues(words[:count], "netflix", "en-US", count * 2000))
    many = _lines_run(lambda: into_cues(words, "netflix", "en-US", count * 2000))
    assert many <= 7 * few + 2000
