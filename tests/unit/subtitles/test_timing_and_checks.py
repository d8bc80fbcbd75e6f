"""Moving a track, and judging it."""

from fractions import Fraction

import pytest

from polyreel.errors import InvalidJob
from polyreel.subtitles import check, read_bytes, rescale, shift, summarise_findings, trim
from polyreel.subtitles.model import Cue, Track


def _track(*times: tuple[int, int]) -> Track:
    return Track(tuple(Cue(start, end, f"cue {number}") for number, (start, end) in enumerate(times)))


def _times(track: Track) -> list:
    return [(cue.start_ms, cue.end_ms) for cue in track.cues]


def test_trim_cuts_what_straddles_and_leaves_out_what_is_outside() -> None:
    track = _track((0, 1000), (500, 2000), (2000, 3000), (2500, 9000), (5000, 6000), (1000, 1000))
    assert _times(trim(track, 1000, 5000)) == [(0, 1000), (1000, 2000), (1500, 4000), (0, 0)]


def test_trim_without_an_end_keeps_the_rest() -> None:
    assert _times(trim(_track((0, 1000), (500, 2000)), 1000)) == [(0, 1000)]


def test_trim_to_everything_changes_nothing() -> None:
    track = _track((0, 1000), (1000, 2000))
    assert trim(track, 0, 2000) == track


def test_trim_moves_times_inside_the_text_and_comments() -> None:
    text = "WEBVTT\n\nNOTE a\n\n00:01.000 --> 00:02.000\nx\n\nNOTE b\n\n00:03.000 --> 00:06.000\n"
    track = trim(read_bytes(f"{text}a<00:00:04.000>b<00:05.000>c".encode(), "vtt").track, 3500, 5000)
    assert [cue.text for cue in track.cues] == ["a<00:00:00.500>bc"]
    assert (track.comments, track.comments_before) == (("a", "b"), (0, 0))


def test_trim_counts_anew() -> None:
    text = "7\n00:00:01,000 --> 00:00:02,000\na\n\n8\n00:00:03,000 --> 00:00:04,000\nb\n"
    assert [cue.identifier for cue in trim(read_bytes(text.encode(), "srt").track, 2500).cues] == [None]


def test_shift_moves_and_nothing_begins_before_zero() -> None:
    track = _track((0, 1000), (500, 2000), (3000, 4000))
    assert _times(shift(track, 250)) == [(250, 1250), (750, 2250), (3250, 4250)]
    assert _times(shift(track, -1000)) == [(0, 1000), (2000, 3000)]


def test_shift_there_and_back_changes_nothing() -> None:
    track = _track((0, 1000), (1000, 2000))
    assert shift(shift(track, 12_345), -12_345) == track


def test_rescale_is_exact() -> None:
    assert _times(rescale(_track((24_000, 48_000)), Fraction(25, 24))) == [(25_000, 50_000)]
    with pytest.raises(ValueError, match="can't be scaled"):
        rescale(_track((0, 1)), 0)


def _findings(profile: str, locale: str, *cues: Cue) -> list:
    return [(f.code, f.value, f.limit, f.cue, f.line) for f in check(Track(cues), profile, locale)]


def test_netflix_has_nothing_against_a_good_cue() -> None:
    assert _findings("netflix", "es-ES", Cue(0, 2000, "Hola, ¿qué tal?"), Cue(2083, 4000, "Bien")) == []


@pytest.mark.parametrize(
    ("profile", "locale", "cue", "finding"),
    [
        ("netflix", "en-US", Cue(0, 7000, "x" * 43, line=9), ("line_length", 43, 42, 1, 10)),
        ("netflix", "ja-JP", Cue(0, 7000, "漢" * 13 + "ab", line=9), ("line_length", 14, 13, 1, 10)),
        ("netflix", "zh-CN", Cue(0, 7000, "好" * 17), ("line_length", 17, 16, 1, 0)),
        ("netflix", "ar-SA", Cue(0, 1000, "م" * 21), ("reading_speed", 21, 20, 1, 0)),
        ("netflix", "en-GB", Cue(0, 1000, "x" * 20 + "\ny"), ("reading_speed", 21, 20, 1, 0)),
        ("netflix", "fr-FR", Cue(0, 1000, "x" * 18), ("reading_speed", 18, 17, 1, 0)),
        ("netflix", "ja-JP", Cue(0, 1000, "漢" * 5), ("reading_speed", 5, 4, 1, 0)),
        ("netflix", "ko-KR", Cue(0, 1000, "가" * 13), ("reading_speed", 13, 12, 1, 0)),
        ("netflix", "hi-IN", Cue(0, 1000, "क" * 23), ("reading_speed", 23, 22, 1, 0)),
        ("netflix", "en-US", Cue(0, 2000, "a\nb\nc", line=4), ("lines", 3, 2, 1, 4)),
        ("netflix", "en-US", Cue(0, 832, "a"), ("too_short", 832, 833, 1, 0)),
        ("netflix", "en-US", Cue(0, 7001, "a"), ("too_long", 7001, 7000, 1, 0)),
        ("netflix", "en-US", Cue(0, 0, "a"), ("too_short", 0, 833, 1, 0)),
        ("bbc", "en-GB", Cue(0, 9000, "x" * 38), ("line_length", 38, 37, 1, 0)),
        ("bbc", "en-GB", Cue(0, 1199, "a b c d"), ("too_short", 1199, 1200, 1, 0)),
        ("bbc", "en-GB", Cue(0, 1000, "x" * 19), ("reading_speed", 19, 18, 1, 0)),
    ],
)
def test_each_figure_is_held_against_the_cue(profile: str, locale: str, cue: Cue, finding: tuple) -> None:
    assert _findings(profile, locale, cue) == [finding]


def test_limits_themselves_are_allowed() -> None:
    assert _findings("netflix", "en-US", Cue(0, 2100, "x" * 42)) == []
    assert _findings("netflix", "ja-JP", Cue(0, 7000, "漢" * 13)) == []


def test_marks_on_letters_and_markup_are_not_counted() -> None:
    assert _findings("netflix", "th-TH", Cue(0, 7000, "ที่" * 35)) == []
    assert _findings("netflix", "en-US", Cue(0, 7000, f"<i>{'x' * 40}</i>&amp;")) == []


@pytest.mark.parametrize(
    ("profile", "start", "finding"),
    [
        ("netflix", 2082, ("gap", 82, 83, 2, 7)),
        ("netflix", 2000, ("gap", 0, 83, 2, 7)),
        ("netflix", 1990, ("overlap", 10, 0, 2, 7)),
        ("bbc", 2999, ("gap", 999, 1000, 2, 7)),
        ("bbc", 1999, ("overlap", 1, 0, 2, 7)),
    ],
)
def test_gaps_and_overlaps_have_figures_and_lines(profile: str, start: int, finding: tuple) -> None:
    assert _findings(profile, "en-GB", Cue(0, 2000, "a", line=2), Cue(start, start + 2000, "b", line=7)) == [finding]


def test_bbc_lets_cues_touch_and_stay_long() -> None:
    assert _findings("bbc", "en-GB", Cue(0, 2000, "a"), Cue(2000, 12_000, "b"), Cue(13_000, 14_000, "c")) == []


def test_a_cue_inside_a_longer_one_overlaps_though_its_neighbour_does_not() -> None:
    cues = (Cue(0, 6000, "a"), Cue(1000, 2000, "b"), Cue(3000, 4000, "c"))
    assert [(code, cue) for code, _, _, cue, _ in _findings("netflix", "en", *cues)] == [("overlap", 2), ("overlap", 3)]


def test_the_gap_is_counted_in_the_video_s_frames() -> None:
    track = Track((Cue(0, 2000, "a"), Cue(2080, 4000, "b")))
    assert [finding.code for finding in check(track, "netflix", "en")] == ["gap"]
    assert check(track, "netflix", "en", frame_rate=25) == ()


def test_the_profile_none_finds_nothing_and_others_are_refused() -> None:
    assert _findings("none", "en", Cue(0, 1, "x" * 999)) == []
    with pytest.raises(InvalidJob, match=r"netflix, bbc, .*none"):
        check(Track(), "hbo", "en")


def test_a_summary_has_the_worst_of_each_kind() -> None:
    track = Track((Cue(0, 800, "a", line=2), Cue(900, 1000, "b", line=6), Cue(2000, 3000, "c", line=10)))
    summary = summarise_findings(check(track, "netflix", "en"), "netflix", 3)
    assert (summary.name, summary.value, summary.unit, summary.status) == ("subtitles", 2, "cues", "warn")
    assert summary.detail == "3 cues, profile netflix: 2 too_short (line 6: shown for 100 ms; at least 833)"


def test_overlapping_cues_fail_and_good_ones_pass() -> None:
    overlapping = check(_track((0, 2000), (1000, 3000)), "netflix", "en")
    assert summarise_findings(overlapping, "netflix", 2).status == "fail"
    assert summarise_findings((), "netflix", 2).status == "pass"


@pytest.mark.parametrize(("rate", "gap"), [(1.0, 83), (5.0, 83), (24.0, 83), (25.0, 80), (60.0, 33)])
def test_a_gap_of_two_frames_is_never_wider_than_a_films(rate: float, gap: int) -> None:
    """A slide show at one picture per second asks for no gap of two seconds."""
    track = Track((Cue(0, 1000, "One"), Cue(1010, 3000, "Two")))
    assert [found.limit for found in check(track, "netflix", "en", frame_rate=rate) if found.code == "gap"] == [gap]
