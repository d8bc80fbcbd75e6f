"""A script that does not fit its reel says so, with its words, both lengths, and what would mend it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from polyreel.subtitles import rescale, shift
from polyreel.subtitles.drift import Correction, find_correction, find_rate, rate_factor
from polyreel.subtitles.fit import apply_correction, judge_length, judge_timing, unwrap_midnight
from polyreel.subtitles.model import Cue, Track

_STARTS = (400, 3200, 7100, 11_900, 15_000, 21_300, 28_800, 35_500, 41_000, 52_750)
_SOURCE = Track(tuple(Cue(start, start + 1800, f"Line {n}") for n, start in enumerate(_STARTS)))
_LENGTH = 60_000
_PAIRS = ["25/23.976", "23.976/25", "25/24", "24/25"]


def _translated(track: Track) -> Track:
    """The same film in another language: most cues begin within a few frames, one is split, one is missing."""
    cues = [replace(cue, start_ms=cue.start_ms + (-40, 0, 30)[n % 3]) for n, cue in enumerate(track.cues) if n != 3]
    return Track((*cues, Cue(47_000, 48_000, "One more")))


def test_a_script_inside_its_reel_and_on_time_has_no_fault() -> None:
    track = _translated(_SOURCE)
    assert judge_length(track, _LENGTH) is None
    assert judge_timing(track, _SOURCE) is None


@pytest.mark.parametrize("offset", [36_000_000, 3_600_000, -2500, 90_000])
def test_a_constant_offset_is_named_against_the_sources_script(offset: int) -> None:
    track = apply_correction(_translated(_SOURCE), Correction(offset_ms=offset))
    misfit = judge_length(track, _LENGTH, reference=_SOURCE) or judge_timing(track, _SOURCE)
    assert misfit is not None
    assert misfit.correction is not None
    assert (misfit.correction.rate, abs(misfit.correction.offset_ms + offset) <= 60) == ("", True)
    assert "constant offset" in misfit.message
    assert judge_timing(apply_correction(track, misfit.correction), _SOURCE) is None


@pytest.mark.parametrize("rate", _PAIRS)
def test_a_drift_is_named_against_the_sources_script_and_mended_by_its_rate(rate: str) -> None:
    runs, made = rate.split("/")
    track = rescale(_SOURCE, 1 / Correction(rate=rate).factor)
    misfit = judge_timing(track, _SOURCE)
    assert misfit is not None
    assert misfit.correction == Correction(rate=rate)
    assert f"timed at {runs} frames per second for a film that runs at {made}" in misfit.message
    mended = apply_correction(track, misfit.correction)
    assert [cue.start_ms for cue in mended.cues] == pytest.approx([*_STARTS], abs=1)


@pytest.mark.parametrize(("rate", "reel"), [("24/23.976", "24000/1001"), ("30/29.97", "30000/1001")])
@pytest.mark.slow
def test_a_drift_of_a_thousandth_shows_in_a_long_film_and_is_named_by_the_reels_rate(rate: str, reel: str) -> None:
    film = Track(tuple(Cue(n * 9000 + n % 7 * 311, n * 9000 + 4000, f"Line {n}") for n in range(400)))
    late = rescale(film, 1 / Correction(rate=rate).factor)
    assert find_correction(late, film, Fraction(reel)) == Correction(rate=rate)


def test_ten_oclock_and_midnight_are_named_without_any_other_script() -> None:
    ten = judge_length(shift(_SOURCE, 36_000_000), _LENGTH)
    assert ten is not None
    assert ten.correction == Correction(offset_ms=-36_000_000)
    assert "“Line 0” at 10:00:00.400" in ten.message
    assert "60.0 s (00:01:00.000)" in ten.message
    assert "runs from 10:00:00.400 to 10:00:54.550" in ten.message
    wrapped = Track((Cue(86_398_000, 86_399_500, "Before"), Cue(1000, 3000, "After")))
    midnight = judge_length(wrapped, 11_000)
    assert midnight is not None
    assert "passes midnight" in midnight.message
    assert midnight.correction == Correction(offset_ms=-86_398_000)
    mended = apply_correction(wrapped, midnight.correction)
    assert [(cue.start_ms, cue.end_ms) for cue in mended.cues] == [(0, 1500), (3000, 5000)]


@pytest.mark.parametrize("hour", [1, 2, 10, 23])
def test_a_script_that_begins_at_a_whole_hour_is_called_that_and_moved_by_just_that(hour: int) -> None:
    """A translation is a few frames off the source's; the hour that its tape began at is not."""
    track = shift(_translated(_SOURCE), hour * 3_600_000 - 40)
    for reference in (_SOURCE, None):
        misfit = judge_length(track, _LENGTH, reference=reference)
        assert misfit is not None
        assert misfit.correction is not None
        assert (misfit.correction.as_option(), hour) == (f"offset: {-hour * 3600}", hour)
        assert f"begins at {hour:02d}:00:00.000" in misfit.message
        assert "constant offset" in misfit.message


def test_an_hour_is_named_though_the_script_is_of_a_longer_version_too() -> None:
    longer = shift(Track((*_SOURCE.cues, Cue(70_000, 71_000, "Further on"))), 36_000_000)
    misfit = judge_length(longer, _LENGTH)
    assert misfit is not None
    assert misfit.correction == Correction(offset_ms=-36_000_000)
    assert "10:00:00.000: a constant offset of 36000 s; and what is then still outside" in misfit.message
    left = judge_length(apply_correction(longer, misfit.correction), _LENGTH)
    assert left is not None
    assert left.message.startswith("1 of 11 cues lies outside the reel and would be lost: “Further on”")


def test_a_script_late_by_hours_within_a_long_film_is_named_against_the_sources() -> None:
    """Every cue lies inside, so that only the other script tells."""
    film = Track(tuple(Cue(n * 9000 + n % 7 * 311, n * 9000 + 4000, f"Line {n}") for n in range(300)))
    misfit = judge_timing(shift(film, 3_600_020), film)
    assert misfit is not None
    assert misfit.correction == Correction(offset_ms=-3_600_000)
    assert "a constant offset: 3600 s late, as it begins at 01:00:00.000" in misfit.message
    early = judge_timing(shift(film, -1_200_000 + 3_600_000), shift(film, 3_600_000))
    assert early is not None
    assert "1200 s early" in early.message
    assert early.correction == Correction(offset_ms=1_200_000)


def test_a_drift_is_named_by_the_reels_length_and_rate_where_nothing_else_is_known() -> None:
    misfit = judge_length(rescale(_SOURCE, Fraction(25025, 24000)), 54_600, rate=Fraction(25))
    assert misfit is not None
    assert misfit.correction == Correction(rate="23.976/25")
    assert "“Line 9” at 00:00:55.003" in misfit.message


def test_a_script_of_a_longer_version_is_called_that_and_quoted() -> None:
    misfit = judge_length(_SOURCE, 30_000)
    assert misfit is not None
    assert misfit.correction is None
    assert misfit.message.startswith("3 of 10 cues lie outside the reel and would be lost: “Line 7” at 00:00:35.500")
    assert "longer version" in misfit.message


def test_what_ends_before_the_reel_begins_is_outside_too() -> None:
    misfit = judge_length(apply_correction(_SOURCE, Correction(offset_ms=-10_000)), _LENGTH)
    assert misfit is not None
    assert "3 of 10 cues" in misfit.message


def test_only_a_jump_of_half_a_day_is_midnight() -> None:
    out_of_order = Track((Cue(50_000, 51_000, "b"), Cue(1000, 2000, "a")))
    assert unwrap_midnight(out_of_order) is out_of_order


def test_scripts_that_are_cut_otherwise_are_not_called_late() -> None:
    """A translation that begins its cues at other moments has no drift and no offset."""
    own = Track(tuple(Cue(700 + n * 4000 + n * n * 130, 3000 + n * 4000 + n * n * 130, "x") for n in range(9)))
    assert judge_timing(own, _SOURCE) is None


def test_one_cue_behind_the_end_moves_no_script_that_agrees_with_the_sources() -> None:
    """The whole would fit into the reel two seconds earlier; but then every other cue would come too early."""
    length = max(cue.end_ms for cue in _SOURCE.cues) + 1000
    longer = Track((*_SOURCE.cues, Cue(length + 100, length + 900, "One more")))
    misfit = judge_length(longer, length, reference=_SOURCE)
    assert misfit is not None
    assert misfit.correction is None
    assert "these belong to a longer version" in misfit.message


def test_a_script_that_ends_a_little_late_is_never_called_a_fifth_too_late() -> None:
    """Of the drifts that would bring it inside, the smallest: 25/30 did so too, and first for a reel of 30 a second."""
    found = find_rate(44_000, 42_400, Fraction(30))
    assert found is not None
    assert rate_factor(found.rate) > Fraction(95, 100)
