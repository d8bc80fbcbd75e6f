"""A picture that gives way: where it does, and where everything timed goes with it."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from pydantic import ValidationError

from polyreel.dubbing.picture import describe_pressed, describe_yields
from polyreel.engine.speech.fit import Spoken, fit
from polyreel.engine.speech.yielding import LIMITS, find_pressed, plan_yields
from polyreel.job import EmbeddedDubbing, Job
from polyreel.outcome import PictureYield, Reel, StoredFile
from polyreel.plans import VERSIONS, LanguagePlan, Plan, Way
from polyreel.retiming import MOST_STRETCHED, picture_at, sound_at, sound_points, sum_added_ms
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.reel_times import cut_to_reel

SLOWED = PictureYield(start_ms=1000, end_ms=3000, slow_ms=500, hold_at_ms=3000, line_ms=1000)
HELD = PictureYield(start_ms=5000, end_ms=7000, slow_ms=500, hold_ms=600, hold_at_ms=6500, line_ms=5000)


def fitted(lines: list[Spoken], reel_ms: int, yields: tuple[PictureYield, ...]) -> list[tuple[float, bool]]:
    """How the lines sit once they have moved with the picture."""
    at = sound_at(yields)
    moved = [Spoken(at(each.start_ms), at(each.end_ms), each.natural_ms, each.speaker) for each in lines]
    return [(round(place.ratio, 2), place.too_long) for place in fit(moved, reel_ms + sum_added_ms(yields))]


def test_pictures_are_shown_later_and_a_held_one_until_the_next_is_due() -> None:
    at = picture_at((SLOWED, HELD))
    assert [at(ms) for ms in (0, 1000, 2000, 3000, 4000)] == [0, 1000, 2250, 3500, 4500]
    assert [at(ms) for ms in (5000, 6499, 6500, 7000, 9000)] == [5500, 7374, 7975, 8600, 10600]


def test_sound_goes_with_the_picture_but_where_it_is_held_and_meets_it_again() -> None:
    picture, sound = picture_at((SLOWED, HELD)), sound_at((SLOWED, HELD))
    together = [*range(0, 5001, 250), 6500, 7000, 8000]
    assert [sound(ms) for ms in together] == [picture(ms) for ms in together]
    assert sound(6499) > picture(6499)


def test_sound_lasts_no_longer_than_twice_and_never_goes_back() -> None:
    for (start, to), (end, until) in pairwise(sound_points((SLOWED, HELD))):
        assert end - start <= until - to <= MOST_STRETCHED * (end - start) + 1


def test_cues_and_the_times_inside_them_move_and_a_trim_stays_a_trim() -> None:
    """The reel begins at 10 s of the source; its 8 s have become 9.6."""
    file = StoredFile(uri="file:///x", sha256="0" * 64, bytes=1)
    reel = Reel(file=file, duration="9.6", start="10", yields=(SLOWED, HELD))
    track = Track(
        (Cue(11_000, 13_000, "one <00:00:12.000>two"), Cue(17_900, 19_000, "cut"), Cue(18_500, 19_000, "out"))
    )
    cut = cut_to_reel(track, reel)
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in cut.cues] == [
        (1000, 3500, "one <00:00:02.250>two"),
        (9500, 9600, "cut"),
    ]


def test_lines_that_fit_ask_nothing_of_the_picture() -> None:
    lines = [Spoken(1000, 3000, 2200), Spoken(5000, 6000, 1100)]
    assert plan_yields(lines, 8000) == ()


def test_a_line_that_is_too_long_gets_the_time_that_it_lacks_and_no_more() -> None:
    lines = [Spoken(1000, 4000, 4140), Spoken(4000, 5000, 900)]
    assert [ratio for ratio, _ in fitted(lines, 8000, ())] == [1.3, 1.0]
    (found,) = plan_yields(lines, 8000)
    assert (found.start_ms, found.end_ms, found.slow_ms, found.hold_ms) == (1000, 4000, 600, 0)
    assert fitted(lines, 8000, (found,)) == [(1.15, False), (1.0, False)]


def test_what_slowing_does_not_give_is_held_on_the_last_picture_of_the_shot() -> None:
    lines = [Spoken(0, 4000, 6000), Spoken(4000, 5000, 900)]
    (found,) = plan_yields(lines, 8000, shots_ms=(2500, 3600))
    assert (found.start_ms, found.end_ms, found.slow_ms) == (0, 3600, 900)
    assert found.hold_at_ms == 3595
    assert found.hold_ms == -(-6000 * 1000 // 1150) - 4000 - 900
    assert fitted(lines, 8000, (found,))[0] == (1.15, False)


def test_the_pace_changes_at_a_cut_that_is_near() -> None:
    lines = [Spoken(1000, 4000, 4140), Spoken(4000, 5000, 900)]
    (found,) = plan_yields(lines, 8000, shots_ms=(1300, 3700))
    assert (found.start_ms, found.end_ms) == (1300, 3700)


def test_the_picture_gives_way_only_so_far_and_the_rest_is_left_to_fitting() -> None:
    lines = [Spoken(0, 4000, 20_000), Spoken(4000, 5000, 900)]
    (found,) = plan_yields(lines, 60_000)
    assert found.slow_ms == 1000
    assert found.hold_ms == LIMITS.longest_hold_ms
    assert fitted(lines, 60_000, (found,))[0][1]
    short = plan_yields([Spoken(0, 400, 20_000), Spoken(400, 5000, 900)], 60_000)[0]
    assert short.hold_ms <= 400 * (MOST_STRETCHED - 1)


def test_a_line_at_the_reels_end_holds_a_picture_that_is_there() -> None:
    (found,) = plan_yields([Spoken(6000, 8000, 4000)], 8000, frame_ms=40)
    assert found.hold_at_ms == 8000 - 405
    assert fitted([Spoken(6000, 8000, 4000)], 8000, (found,)) == [(1.15, False)]


def test_lines_over_each_other_share_one_place_and_no_two_overlap() -> None:
    lines = [Spoken(0, 3000, 5000, "Ana"), Spoken(1000, 3000, 4000, "Ben"), Spoken(3000, 6000, 5000, "Ana")]
    found = plan_yields(lines, 20_000)
    assert found
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(found))


def test_the_last_line_has_the_gap_to_the_reels_end_that_fitting_keeps() -> None:
    """A short line of which 120 ms are a good part: it was left at 1.30, and the picture was not used."""
    lines = [Spoken(6000, 6600, 780)]
    assert fitted(lines, 6720, ()) == [(1.3, False)]
    assert fitted(lines, 6720, plan_yields(lines, 6720)) == [(1.15, False)]


def test_a_cut_right_behind_a_lines_beginning_does_not_keep_the_picture_from_being_held() -> None:
    lines = [Spoken(0, 3000, 5000), Spoken(3000, 5000, 900)]
    (found,) = plan_yields(lines, 8000, shots_ms=(450,))
    assert found.hold_at_ms == 3000
    assert fitted(lines, 8000, (found,))[0] == (1.15, False)


def test_a_cue_that_ends_before_the_picture_is_held_gets_its_time_all_the_same() -> None:
    lines = [Spoken(1000, 3290, 3433), Spoken(3340, 5000, 900)]
    assert fitted(lines, 8000, plan_yields(lines, 8000))[0] == (1.15, False)


def test_whatever_the_lines_and_cuts_nobody_is_hurried_while_the_picture_could_still_give() -> None:
    for seed in range(120):
        dice = random.Random(seed)
        at, lines = dice.randrange(2000), []
        for _ in range(6):
            length = dice.randrange(800, 6000)
            lines.append(Spoken(at, at + length, int(length * dice.choice((0.8, 1.0, 1.1, 1.2, 1.3, 1.5)))))
            at += length + dice.choice((0, 50, 120, 300, 800, 2000))
        reel_ms = at + dice.choice((0, 500, 3000))
        shots = sorted(dice.randrange(reel_ms) for _ in range(dice.choice((0, 3, 8))))
        pressed = find_pressed(lines, reel_ms, plan_yields(lines, reel_ms, shots_ms=shots))
        assert all(each.is_at_bounds for each in pressed), (seed, pressed)


def test_a_line_that_stays_hurried_is_told_with_the_bound_that_stopped_the_picture() -> None:
    lines = [Spoken(0, 4000, 20_000), Spoken(4000, 5000, 900)]
    (note,) = describe_pressed(find_pressed(lines, 60_000, plan_yields(lines, 60_000)))
    assert "the line at 0.0 s (1.30), for which the picture is held 2 s, the most" in note
    alone = [Spoken(4000, 4030, 200)]
    (note,) = describe_pressed(find_pressed(alone, 4030, plan_yields(alone, 4030)))
    assert "no part of the picture was left to slow" in note
    assert describe_pressed(find_pressed(lines[1:], 60_000, ())) == ()


def test_a_report_says_where_and_how_much() -> None:
    (note,) = describe_yields((SLOWED, HELD))
    assert "2 places and is 1.6 s longer" in note
    assert "5.0 to 7.0 s 1.25 times slower, held 0.6 s at 6.5 s" in note
    assert describe_yields(()) == ()


def job(**changes: object) -> Job:
    source = {"media": "reel.mp4", "locale": "en-US"}
    return Job.model_validate({"name": "reel", "source": source, "targets": ["es-ES"], **changes})


WAITING = {"provider": "embedded", "fit": {"picture": True}}


@pytest.mark.parametrize("fit", [True, {"picture": "yes"}, {"frames": 3}])
def test_anything_but_yes_or_no_is_refused(fit: object) -> None:
    with pytest.raises(ValidationError):
        job(dubbing={"provider": "embedded", "fit": fit})


def test_a_languages_own_files_may_be_had_of_its_own_picture() -> None:
    assert job(dubbing=WAITING, masters=["wav", "stems", "otio", "burned"]).masters


def test_it_is_never_on_by_itself_and_its_stage_has_a_key_only_where_it_is() -> None:
    def keys(asked: Job, gives_way: bool) -> dict[str, str]:
        language = LanguagePlan(job=asked, locale="es-ES", ways=(Way(gives_way=gives_way),))
        file = StoredFile(uri="file:///x", sha256="0" * 64, bytes=1)
        return Plan(job=asked, languages=(language,)).with_source(file).languages[0].stage_keys

    assert not EmbeddedDubbing().fit.picture
    usual, waiting = keys(job(), False), keys(job(dubbing=WAITING), True)
    assert "picture" not in usual
    assert set(waiting) == {*usual, "picture"}
    assert not set(waiting.values()) & {usual[each] for each in ("submit", "dub", "mux", "check")}
    assert VERSIONS["picture"]
