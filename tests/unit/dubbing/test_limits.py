"""Limits of checks: the profile's, and those that a job sets itself."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.sound_checks import check_range
from polyreel.job import CheckLimits, Limit, LoudnessTarget

ASKED = {
    "loudness": (1.5, 3.0),
    "background_speech": (-18.0, -9.0),
    "speech_window": (200.0, 400.0),
    "silent_lines": (0.1, 0.2),
    "clipped_speech": (0.2, 0.4),
    "line_timing": (200.0, 600.0),
    "line_loudness": (3.0, 6.0),
    "speech_over_background": (10.0, 5.0),
    "line_noise": (30.0, 25.0),
    "line_clipping": (0.1, 0.3),
    "back_transcription": (0.1, 0.2),
    "language": (0.6, 0.3),
    "accent": (0.7, 0.4),
    "one_voice": (0.8, 0.7),
    "speech_quality": (3.0, 2.5),
}


def test_every_limit_that_a_job_sets_is_the_one_that_counts() -> None:
    asked = {name: {"warn": warn, "fail": fail} for name, (warn, fail) in ASKED.items()}
    asked["loudness_range"] = {"warn": 9, "fail": 12}
    found = DubLimits.of("netflix", "ebu", CheckLimits.model_validate(asked))
    sound, lines, words, voices = found.sound, found.lines, found.words, found.voices
    assert (sound.loudness_lu, sound.speech_left_db, sound.stray_ms) == tuple(
        ASKED[name] for name in ("loudness", "background_speech", "speech_window")
    )
    assert (sound.range_lu, sound.range_fail_lu) == (9, 12)
    assert (lines.silent, lines.clipped, lines.timing_ms, lines.loudness_db) == tuple(
        ASKED[name] for name in ("silent_lines", "clipped_speech", "line_timing", "line_loudness")
    )
    assert (lines.over_background_db, lines.noise_db, lines.flattened) == tuple(
        ASKED[name] for name in ("speech_over_background", "line_noise", "line_clipping")
    )
    assert (words.errors, words.language) == (ASKED["back_transcription"], ASKED["language"])
    assert (voices.accent, voices.own_voice, voices.least_vote) == tuple(
        ASKED[name] for name in ("accent", "one_voice", "speech_quality")
    )
    assert voices.below_original is None, "a vote that is enough is enough, whatever the original's is"
    assert {*ASKED, "loudness_range"} == set(CheckLimits.model_fields)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Limit(warn=150), (150, 1000)),
        (Limit(fail=400), (300, 400)),
        (Limit(fail=200), (200, 200)),
        (Limit(warn=2000), (2000, 2000)),
        (Limit(), (300, 1000)),
    ],
)
def test_what_a_limit_leaves_out_is_the_profiles_where_that_lies_beyond(
    asked: Limit, expected: tuple[float, float]
) -> None:
    assert DubLimits.of("netflix", "source", CheckLimits(line_timing=asked)).lines.timing_ms == expected


def test_of_a_least_figure_the_worse_is_below() -> None:
    def over(asked: Limit) -> tuple[float, float]:
        return DubLimits.of("netflix", "source", CheckLimits(speech_over_background=asked)).lines.over_background_db

    assert (over(Limit(warn=12)), over(Limit(warn=1)), over(Limit(fail=9))) == ((12, 2), (1, 1), (9, 9))


@pytest.mark.parametrize(
    ("name", "asked", "told"),
    [
        ("line_timing", {"warn": -5}, "line_timing: `warn` is -5, and has to be 0 or more: Milliseconds"),
        ("line_clipping", {"fail": 20}, "line_clipping: `fail` is 20, and has to be 0 to 1"),
        ("language", {"warn": 50}, "language: `warn` is 50, and has to be 0 to 1"),
        ("speech_quality", {"warn": 9}, "speech_quality: `warn` is 9, and has to be 1 to 5"),
    ],
)
def test_a_limit_that_no_dub_can_reach_is_refused_with_its_unit(name: str, asked: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CheckLimits.model_validate({name: asked})


@pytest.mark.parametrize("target", ["ebu", "source"])
def test_a_loudness_range_fails_where_the_job_says_and_warns_no_later(target: LoudnessTarget) -> None:
    sound = DubLimits.of("netflix", target, CheckLimits(loudness_range=Limit(fail=12))).sound
    found = [check_range(lu, 11.0, 120_000, sound) for lu in (11.9, 12.1)]
    assert [(check.status, check.limit) for check in found] == [("pass", 12), ("fail", 12)]


def test_a_loudness_range_that_fails_late_still_warns_as_the_profile_does() -> None:
    sound = DubLimits.of("netflix", "ebu", CheckLimits(loudness_range=Limit(fail=30))).sound
    assert [check_range(lu, None, 120_000, sound).status for lu in (19, 21, 29, 31)] == ["pass", "warn", "warn", "fail"]


def test_a_limit_that_says_nothing_changes_nothing() -> None:
    """Nor does the key of what was checked know of it."""
    empty = CheckLimits.model_validate({name: {} for name in CheckLimits.model_fields})
    assert DubLimits.of("netflix", "ebu", empty) == DubLimits.of("netflix", "ebu")


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_what_is_no_number_is_no_limit(figure: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Limit(fail=figure)


@pytest.mark.parametrize(
    ("name", "warn", "fail"), [("line_timing", 500, 300), ("speech_quality", 2.0, 3.0), ("line_noise", 20, 28)]
)
def test_a_failure_that_lies_before_its_warning_is_refused(name: str, warn: float, fail: float) -> None:
    with pytest.raises(ValidationError, match="`fail` is the worse of both"):
        CheckLimits.model_validate({name: {"warn": warn, "fail": fail}})
