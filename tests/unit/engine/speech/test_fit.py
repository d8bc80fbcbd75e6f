"""Fit: what holds for every script, and the order in which time is found."""

from hypothesis import given, settings
from hypothesis import strategies as st

from polyreel.engine.speech.fit import USUAL, Place, Spoken, fit, shortest_ms, talk_over, voice_speed

REEL_MS = 120_000


def alone(*spans: tuple[int, int, int]) -> list[Spoken]:
    return [Spoken(start, end, natural) for start, end, natural in spans]


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[Spoken], int]:
    reel = draw(st.integers(2_000, REEL_MS))
    count = draw(st.integers(1, 14))
    lines = [
        Spoken(
            start := draw(st.integers(0, reel - 1)),
            start + draw(st.integers(1, 8_000)),
            draw(st.integers(1, 12_000)),
            draw(st.sampled_from([None, "Ana", "Ben"])),
        )
        for _ in range(count)
    ]
    return sorted(lines, key=lambda line: line.start_ms), reel


@settings(max_examples=100, deadline=None)
@given(scripts(), st.sampled_from([0, 400]))
def test_speech_is_never_cut_slowed_or_hurried_beyond_the_limit(script: tuple[list[Spoken], int], beat: int) -> None:
    lines, reel = script
    for line, place in zip(lines, fit(lines, reel, beat_ms=beat), strict=True):
        assert place.natural_ms == line.natural_ms
        assert 1.0 <= place.ratio <= USUAL.fastest
        assert place.length_ms >= shortest_ms(line.natural_ms)


@settings(max_examples=100, deadline=None)
@given(scripts(), st.sampled_from([0, 400]))
def test_two_lines_sound_at_once_only_where_the_script_has_it(script: tuple[list[Spoken], int], beat: int) -> None:
    lines, reel = script
    places = fit(lines, reel, beat_ms=beat)
    for at, (line, place) in enumerate(zip(lines, places, strict=True)):
        for other, later in zip(lines[at + 1 :], places[at + 1 :], strict=True):
            assert talk_over(line, other) or place.end_ms <= later.start_ms


@settings(max_examples=100, deadline=None)
@given(scripts())
def test_no_line_leaves_the_reel_or_strays_from_its_cue_unflagged(script: tuple[list[Spoken], int]) -> None:
    lines, reel = script
    for line, place in zip(lines, fit(lines, reel), strict=True):
        assert place.start_ms >= 0
        if not place.too_long:
            assert place.end_ms <= reel
            assert abs(place.start_ms - line.start_ms) <= USUAL.late_ms


def test_a_short_line_keeps_its_pace() -> None:
    assert fit(alone((1000, 3000, 1500)), REEL_MS) == (Place(1000, 1500, 1500, too_long=False),)


def test_silence_is_borrowed_up_to_a_gap_before_the_next_line() -> None:
    first, _ = fit(alone((0, 1000, 1500), (2000, 3000, 500)), REEL_MS)
    assert (first.length_ms, first.too_long) == (1500, False)
    first, _ = fit(alone((0, 1000, 1950), (2000, 3000, 500)), REEL_MS)
    assert first.end_ms == 2000 - USUAL.gap_ms
    assert first.ratio > 1


def test_a_line_that_can_not_fit_is_flagged_and_the_next_one_waits() -> None:
    first, second = fit(alone((0, 1000, 2600), (1000, 3000, 500)), REEL_MS)
    assert first.too_long
    assert first.ratio == 1.3
    assert second.start_ms == first.end_ms + USUAL.gap_ms


def test_the_last_line_begins_earlier_rather_than_running_out_of_the_reel() -> None:
    (only,) = fit(alone((9_000, 10_000, 2_600)), 10_000)
    assert (only.start_ms, only.end_ms) == (8_000, 10_000)


def test_what_no_pace_can_fit_into_the_reel_is_flagged() -> None:
    (only,) = fit(alone((0, 1_000, 5_000)), 2_000)
    assert only.too_long
    assert only.end_ms > 2_000


def test_two_people_may_talk_over_each_other_where_the_script_has_it() -> None:
    both = [Spoken(0, 4_000, 3_900, "Ana"), Spoken(1_000, 2_000, 900, "Ben")]
    assert [place.start_ms for place in fit(both, REEL_MS)] == [0, 1_000]


def test_a_beat_delays_a_line_only_into_time_that_is_free() -> None:
    (free,) = fit(alone((1000, 3000, 1500)), REEL_MS, beat_ms=400)
    assert free.start_ms == 1400
    full, _ = fit(alone((0, 2000, 1800), (2000, 3000, 500)), REEL_MS, beat_ms=400)
    assert full.end_ms <= 2000


def test_the_voice_hurries_first_and_stretching_takes_the_rest() -> None:
    assert voice_speed(1.10) == 1.10
    assert voice_speed(1.25) == 1.15


def test_a_long_script_is_fitted_in_linear_time() -> None:
    lines = [Spoken(at * 1000, at * 1000 + 900, 950) for at in range(5_000)]
    assert len(fit(lines, 5_000_000)) == 5_000
