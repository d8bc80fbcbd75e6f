"""Drawings and figures of the report: where a bar lies, how a length, a size and a number read."""

import pytest

from polyreel.report import drawings, figures
from tests.unit.report.pages import line


def test_a_bar_lies_where_its_line_lies():
    assert drawings.draw_strip([line()], 10_000) == {"slot": "M100 0h200v4H100z", "easy": "M100 1h150v2H100z"}
    assert drawings.draw_fit(line()) == ("M0 0h100v4H0z", "M0 1h75v2H0z")


def test_bars_that_touch_are_one():
    lines = [line(cue_start_ms=at, cue_end_ms=at + 10, start_ms=at, end_ms=at + 10) for at in range(0, 1000, 10)]
    assert drawings.draw_strip(lines, 1_000_000)["slot"] == "M0 0h2v4H0z"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (83.4, "1:23.4"), (3723.9, "1:02:03")])
def test_a_length_reads_as_a_clock(seconds, text):
    assert figures.format_clock(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (12_345_678, "12.3 MB"), (5 * 10**12, "5000.0 GB")]
)
def test_a_size_reads_as_one(count, text):
    assert figures.format_size(count) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (1.0, "1"), (-1.456, "−1.46"), (7, "7"), ("a-b", "a-b")])
def test_a_number_reads_as_one(value, text):
    assert figures.format_number(value) == text
