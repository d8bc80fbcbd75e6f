"""Timecodes and frame rates: as the `timecode` library counts them, and exact at the end of a film."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from timecode import Timecode

from deployments.commands.subtitles import subtitles
from polyreel.errors import InvalidJob
from polyreel.subtitles import read_file
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.retime import Retiming, parse_offset, retime
from polyreel.subtitles.timecodes import (
    RATES,
    FrameRate,
    format_timecode,
    frame_at,
    parse_rate,
    parse_timecode,
    time_of,
)

_DAY = 20 * 3600 * 24


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([each for each in RATES if each != "48"]), st.booleans(), st.integers(0, _DAY))
def test_frames_are_numbered_as_the_timecode_library_numbers_them(rate: str, is_drop: bool, frame: int) -> None:
    is_drop = is_drop and rate in {"29.97", "59.94"}
    theirs = Timecode(rate, frames=frame + 1, force_non_drop_frame=not is_drop)
    ours = parse_rate(rate, is_drop=is_drop)
    assert format_timecode(frame, ours) == str(theirs)
    assert parse_timecode(str(theirs), ours) == frame


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(RATES), st.sampled_from(RATES), st.integers(0, 24 * 3600 * 24))
def test_a_cue_keeps_its_frame_from_one_rate_to_another(before: str, after: str, frame: int) -> None:
    first, second = parse_rate(before), parse_rate(after)
    cue = Cue(time_of(frame, first.rate), time_of(frame + 20, first.rate), "x")
    done, _ = retime(Track((cue,)), Retiming(first, second))
    assert frame_at(done.cues[0].start_ms, second.rate) == frame
    assert frame_at(done.cues[0].end_ms, second.rate) == frame + 20


def test_times_that_count_from_the_pictures_timecode_come_to_zero_and_others_stay() -> None:
    asked = Retiming(parse_rate("25"), start_frame=parse_timecode("10:00:00:00", parse_rate("25")))
    late = Track((Cue(36_001_000, 36_002_000, "a"),))
    assert retime(late, asked)[0].cues[0].start_ms == 1000
    early = Track((Cue(1000, 2000, "a"),))
    assert retime(early, asked) == (early, ())


def test_what_would_begin_before_zero_is_told() -> None:
    track, notes = retime(Track((Cue(1000, 2000, "a"), Cue(5000, 9000, "b"))), Retiming(offset_ms=-6000))
    assert [(cue.start_ms, cue.end_ms) for cue in track.cues] == [(0, 3000)]
    assert [(note.kind, note.code) for note in notes] == [("dropped", "before_zero")]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: parse_rate("29.79"), "frame_rate_impossible"),
        (lambda: parse_rate("1/0"), "frame_rate_impossible"),
        (lambda: parse_rate("25", is_drop=True), "drop_frame"),
        (lambda: parse_timecode("00:01:00;00", parse_rate("29.97")), "timecode"),
        (lambda: parse_timecode("00:00:00:25", parse_rate("25")), "timecode"),
        (lambda: parse_timecode("an hour", parse_rate("25")), "timecode"),
        (lambda: parse_offset("-01:00:00:00", None), "frame_rate_needed"),
        (lambda: parse_offset("soon", FrameRate(Fraction(25))), "timecode"),
        (lambda: retime(Track(), Retiming(to_rate=parse_rate("25"))), "frame_rate_needed"),
    ],
)
def test_rates_and_timecodes_that_can_not_be_are_named(make: object, code: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        make()  # type: ignore[operator]
    assert refused.value.code == code


def _convert(tmp_path: Path, *asked: str) -> tuple[int, list[tuple[int, int]]]:
    source, target = tmp_path / "a.srt", tmp_path / "b.vtt"
    source.write_text("1\n01:00:01:00 --> 01:00:02:12\nHello\n\n2\n02:00:00:00 --> 02:00:01:00\nBye\n", "utf-8")
    done = CliRunner().invoke(subtitles, ["convert", str(source), str(target), *asked, "--json"])
    if done.exit_code:
        return done.exit_code, [json.loads(done.output)["error"]["code"]]
    return 0, [(cue.start_ms, cue.end_ms) for cue in read_file(target).track.cues]


def test_the_command_moves_a_script_between_rates_and_timecodes(tmp_path: Path) -> None:
    asked = ("--from-rate", "25", "--to-rate", "23.976", "--start-timecode", "01:00:00:00")
    # Frames 25, 62, 90,000 and 90,025 of the programme, at 24000/1001.
    assert _convert(tmp_path, *asked) == (0, [(1043, 2586), (3_753_750, 3_754_793)])
    assert _convert(tmp_path, "--frame-rate", "25", "--offset", "-01:00:00:00") == (
        0,
        [(1000, 2480), (3_600_000, 3_601_000)],
    )
    assert _convert(tmp_path, "--to-rate", "25") == (2, ["frame_rate_needed"])
    assert _convert(tmp_path, "--from-rate", "25") == (2, ["frame_rate_needed"])
    assert _convert(tmp_path, "--frame-rate", "29.79") == (2, ["frame_rate_impossible"])


@pytest.mark.parametrize("offset", ["1e400", "-1e999999999", "99999999999999999", "nan", "inf", "360001"])
def test_an_offset_of_years_is_none(tmp_path: Path, offset: str) -> None:
    """Times of four hundred digits were written, which nobody reads back."""
    assert _convert(tmp_path, "--frame-rate", "25", "--offset", offset) == (2, ["timecode"])
    assert not (tmp_path / "b.vtt").exists()


def test_an_offset_that_leaves_nothing_writes_no_file(tmp_path: Path) -> None:
    assert _convert(tmp_path, "--frame-rate", "25", "--offset", "-36000") == (2, ["empty_transcript"])
    assert not (tmp_path / "b.vtt").exists()


@pytest.mark.parametrize("rate", ["nan", "inf", "0", "-25", "1/0", "1e999999999", "abc", ""])
def test_a_check_takes_any_rate_of_a_video_and_nothing_else(tmp_path: Path, rate: str) -> None:
    file = tmp_path / "a.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:03,000\nHello\n", "utf-8")
    done = CliRunner().invoke(subtitles, ["check", str(file), "--frame-rate", rate, "--json"])
    assert (done.exit_code, json.loads(done.output)["error"]["code"]) == (2, "frame_rate_impossible")
    for good in ("12.5", "30000/1001", "29.97"):
        assert CliRunner().invoke(subtitles, ["check", str(file), "--frame-rate", good]).exit_code == 0


def test_captions_begin_at_the_pictures_timecode(tmp_path: Path) -> None:
    source, captions, back = tmp_path / "a.srt", tmp_path / "a.scc", tmp_path / "b.srt"
    source.write_text("1\n00:00:05,005 --> 00:00:07,007\nHello\n", "utf-8")
    asked = ["--start-timecode", "01:00:00;00"]
    CliRunner().invoke(subtitles, ["convert", str(source), str(captions), *asked], catch_exceptions=False)
    assert "\n01:00:04;" in captions.read_text("utf-8")
    CliRunner().invoke(subtitles, ["convert", str(captions), str(back), *asked], catch_exceptions=False)
    (cue,) = read_file(back).track.cues
    assert (cue.start_ms, cue.end_ms, cue.text) == (5005, 7007, "Hello")
