"""An MP4's own text track shows one text at a time: cues that meet are put into it together."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from polyreel.media.binaries import ffmpeg
from polyreel.subtitles import write
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.simultaneous import merge_simultaneous

_TOP = (("line", "0"),)


def _spans(track: Track) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.text) for cue in merge_simultaneous(track).cues]


@pytest.mark.parametrize(
    ("cues", "spans"),
    [
        (
            [Cue(0, 3000, "a"), Cue(2000, 5000, "b")],
            [(0, 2000, "a"), (2000, 3000, "a\nb"), (3000, 5000, "b")],
        ),
        ([Cue(0, 1000, "below"), Cue(0, 1000, "above", settings=_TOP)], [(0, 1000, "above\nbelow")]),
        (
            [Cue(0, 9000, "long"), Cue(1000, 2000, "x"), Cue(4000, 5000, "y")],
            [
                (0, 1000, "long"),
                (1000, 2000, "long\nx"),
                (2000, 4000, "long"),
                (4000, 5000, "long\ny"),
                (5000, 9000, "long"),
            ],
        ),
        ([Cue(3000, 4000, "late"), Cue(0, 1000, "early")], [(0, 1000, "early"), (3000, 4000, "late")]),
        (
            [Cue(0, 1000, "a", "Ana"), Cue(500, 1000, "b", "Ben")],
            [(0, 500, "<v Ana>a</v>"), (500, 1000, "<v Ana>a</v>\n<v Ben>b</v>")],
        ),
    ],
)
def test_what_is_shown_at_one_time_is_in_one_cue(cues: list[Cue], spans: list) -> None:
    assert _spans(Track(tuple(cues))) == spans


def test_cues_that_only_touch_stay_as_they_are() -> None:
    track = Track((Cue(0, 1000, "a", "Ana", settings=_TOP), Cue(1000, 2000, "b")))
    assert merge_simultaneous(track) == track


def test_an_mp4_shows_both_at_once(tmp_path: Path) -> None:
    """Through the real encoder and back: nothing is cut, nothing lasts no time."""
    track = Track((Cue(500, 3000, "First"), Cue(2000, 5000, "Second"), Cue(6000, 7000, "x"), Cue(6000, 7000, "y")))
    (tmp_path / "in.vtt").write_text(write(merge_simultaneous(track), "vtt").text)
    run = [ffmpeg(), "-v", "error", "-y", "-i", "in.vtt"]
    subprocess.run([*run, "-c:s", "mov_text", "t.mp4"], cwd=tmp_path, check=True)
    run[-1] = "t.mp4"
    shown = subprocess.run([*run, "-f", "srt", "-"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "00:00:02,000 --> 00:00:03,000\nFirst\nSecond\n" in shown
    assert "00:00:06,000 --> 00:00:07,000\nx\ny\n" in shown
    assert shown.count("-->") == 4


def test_a_file_of_nothing_but_simultaneous_cues_does_not_grow_with_its_square() -> None:
    track = Track(tuple(Cue(n, 100_000 + n, "x") for n in range(20_000)))
    assert sum(len(cue.text) for cue in merge_simultaneous(track).cues) < 20 * 40_000
