"""Subtitles, captions, forced and bilingual files; times of the dub, shot changes, mends: each as asked, and told."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from polyreel.dubbing.lists import list_lines
from polyreel.dubbing.tracks import ReelTimes, Scripts, explain_timing, retime_scripts, tracks_of
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.errors import SubtitleError
from polyreel.job import Subtitles
from polyreel.outcome import LineFit
from polyreel.subtitles import check, read_bytes
from polyreel.subtitles.bilingual import join_languages
from polyreel.subtitles.capacity import require_carried
from polyreel.subtitles.mend import mend
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.shots import snap_to_shots
from polyreel.subtitles.timecodes import frame_at, time_of

RATE = Fraction(24)


def _track(text: str) -> Track:
    return read_bytes(f"WEBVTT\n\n{text}\n".encode(), "vtt").track


_SCRIPT = _track(
    "00:01.000 --> 00:02.000\n<v Ana>[sighs]\n<v Ana>Hello.\n\n"
    "00:02.500 --> 00:03.000\n[door slams]\n\n"
    "00:03.500 --> 00:04.500\n<v Bo>♪ La la ♪\n\n"
    "00:05.000 --> 00:06.000\n<c.forced>NO ENTRY</c>"
)


def _texts(kind: str, track: Track = _SCRIPT, **asked: Any) -> list[str]:
    found, _ = tracks_of(Scripts(track, track), Subtitles(kinds=asked.pop("kinds", ("subtitles", kind)), **asked))
    return [cue.text for cue in found[kind][0].cues] if kind in found else []


def test_captions_keep_sounds_and_name_who_begins_to_speak() -> None:
    track = _track(
        "00:01.000 --> 00:02.000\n<v Ana>Hello.\n\n00:02.100 --> 00:03.000\n<v Ana>You?\n\n"
        "00:03.100 --> 00:04.000\n<v Bo>[door] Yes."
    )
    assert _texts("captions", track) == ["[Ana] Hello.", "You?", "[Bo] [door] Yes."]


def test_subtitles_beside_captions_have_no_sounds_and_lose_no_words() -> None:
    assert _texts("subtitles", kinds=("subtitles", "captions"))[1:] == ["♪ La la ♪", "NO ENTRY"]
    assert "Hello." in _texts("subtitles", kinds=("subtitles", "captions"))[0]


def test_forced_cues_go_out_alone_unmarked_and_are_not_spoken() -> None:
    assert _texts("forced") == ["NO ENTRY"]
    assert not any("ENTRY" in line.text for line in extract_spoken_script(_SCRIPT).lines)
    found, notes = tracks_of(Scripts(Track(), Track()), Subtitles(kinds=("forced",)))
    assert found == {}
    assert notes[0].startswith("No forced subtitles")


def test_two_languages_stand_in_one_file_and_no_line_of_either_is_lost() -> None:
    first = _track("00:01.000 --> 00:02.000\nHola.\n\n00:03.000 --> 00:04.000\n¿Qué\ntal?")
    second = _track(
        "00:01.100 --> 00:02.100\nHello.\n\n00:03.000 --> 00:04.000\nHow are\nyou?\n\n00:08.000 --> 00:09.000\nBye."
    )
    assert [cue.text for cue in join_languages(first, second).cues] == [
        "Hola.\n<i>Hello.</i>",
        "¿Qué tal?\n<i>How are you?</i>",
        "<i>Bye.</i>",
    ]
    _, notes = tracks_of(Scripts(first, first), Subtitles(bilingual=True))
    assert notes[0].startswith("No bilingual subtitles")


@pytest.mark.parametrize(
    ("cue", "shots", "wanted"),
    [
        ((105, 150), [100], (100, 150)),  # 5 frames behind the cut: with the shot
        ((94, 150), [100], (100, 150)),  # 6 before it: with the shot
        ((91, 150), [100], (88, 150)),  # 9 before it: half a second before
        ((109, 150), [100], (112, 150)),  # 9 behind it: half a second behind
        ((113, 150), [100], (113, 150)),
        ((50, 90), [100], (50, 98)),  # ends 10 before a cut: two frames before it
        ((50, 105), [100], (50, 98)),  # ends 5 behind it: two frames before it
        ((50, 109), [100], (50, 112)),  # ends 9 behind it: half a second behind
        ((99, 101), [100], (99, 101)),  # nothing would be left of it
    ],
)
def test_cues_begin_and_end_at_shot_changes_by_netflixs_frames(
    cue: tuple[int, int], shots: list[int], wanted: tuple[int, int]
) -> None:
    track = Track((Cue(time_of(cue[0], RATE), time_of(cue[1], RATE), "x"),))
    done = snap_to_shots(track, [time_of(shot, RATE) for shot in shots], RATE).cues[0]
    assert (frame_at(done.start_ms, RATE), frame_at(done.end_ms, RATE)) == wanted


def test_gaps_below_half_a_second_are_two_frames_and_longer_ones_stay() -> None:
    spans = [(0, 40), (45, 80), (93, 120)]
    track = Track(tuple(Cue(time_of(a, RATE), time_of(b, RATE), "x") for a, b in spans))
    done = snap_to_shots(track, [], RATE)
    assert [(frame_at(c.start_ms, RATE), frame_at(c.end_ms, RATE)) for c in done.cues] == [(0, 43), (45, 80), (93, 120)]


def test_cues_follow_what_the_dub_speaks_and_what_nobody_speaks_stays() -> None:
    track = _track("00:01.000 --> 00:02.000\nHello\n\n00:03.000 --> 00:04.000\n[door]\n\n00:05.000 --> 00:06.000\nBye")
    lines = [
        LineFit(text=text, cue_start_ms=cue, cue_end_ms=cue + 1000, start_ms=start, end_ms=end, natural_ms=1, ratio=1)
        for text, cue, start, end in (("Hello", 1000, 1500, 2750), ("Bye", 5000, 4900, 5500))
    ]
    reel = ReelTimes(length_ms=10_000, frame_rate=None)
    done, _ = retime_scripts(Scripts(track, track), Subtitles(timing="spoken"), "en-US", lines, reel)
    assert [(cue.start_ms, cue.end_ms) for cue in done.said.cues] == [(1500, 2950), (3000, 4000), (4900, 5700)]


def test_a_dubbing_list_finds_source_and_fit_of_a_cue_that_follows_the_dub() -> None:
    source = _track("00:01.000 --> 00:02.000\nHello\n\n00:05.000 --> 00:06.000\nBye")
    target = Track((Cue(3000, 4400, "Hola"), Cue(5000, 6000, "Adiós"), Cue(8000, 9000, "[puerta]")))
    fits = [
        LineFit(
            text=text, cue_start_ms=cue, cue_end_ms=cue + 1000, start_ms=start, end_ms=end, natural_ms=1, ratio=ratio
        )
        for text, cue, start, end, ratio in (("Hola", 1000, 3000, 4200, 1.2), ("Adiós", 5000, 5000, 5800, 0.8))
    ]
    assert [(line.source, line.text, line.fit) for line in list_lines(target, source, fits)] == [
        ("Hello", "Hola", 1.2),
        ("Bye", "Adiós", 0.8),
        ("", "[puerta]", None),
    ]


def test_a_dub_whose_lines_nobody_times_says_that_its_subtitles_have_the_scripts_times() -> None:
    assert explain_timing(Subtitles(), ()) == ()
    (told,) = explain_timing(Subtitles(timing="spoken"), ())
    assert "have the script's times" in told


def test_mending_wraps_splits_merges_and_extends_and_lists_each() -> None:
    long = "This is a line that is far too long for one row, and so it has to be wrapped"
    longer = f"{long}. {long}, once and once more"
    cues = (
        Cue(1000, 6000, long),
        Cue(7000, 13_800, longer),
        Cue(15_000, 15_200, "Oh,"),
        Cue(15_300, 16_500, "no."),
        Cue(20_000, 20_300, "Quick words that need time"),
    )
    done, mends = mend(Track(cues), "netflix", "en-US", frame_rate=RATE, length_ms=60_000)
    assert {each.kind for each in mends} == {"wrapped", "split", "merged", "extended"}
    assert {f.code for f in check(Track(cues), "netflix", "en-US")} > {f.code for f in check(done, "netflix", "en-US")}
    assert not {f.code for f in check(done, "netflix", "en-US")} & {
        "line_length",
        "lines",
        "too_short",
        "gap",
        "overlap",
    }
    words = [word for cue in cues for word in cue.text.split()]
    assert [word for cue in done.cues for word in cue.text.split()] == words
    assert mend(done, "netflix", "en-US", frame_rate=RATE, length_ms=60_000)[1] == ()


def test_what_is_as_it_should_be_is_not_touched() -> None:
    track = Track((Cue(1000, 3000, "All is well"), Cue(4000, 6000, "<i>Here</i>\ntoo")))
    assert mend(track, "netflix", "en-US") == (track, ())
    assert mend(Track((Cue(0, 1, "x" * 99),)), "none", "en-US")[1] == ()


def test_a_format_without_letters_for_a_language_is_refused_before_work() -> None:
    require_carried(["scc", "srt"], "es-ES", _track("00:01.000 --> 00:02.000\n¿Qué?"))
    require_carried(["srt"], "ja-JP")
    for locale, track in (("ja-JP", None), ("pl-PL", _track("00:01.000 --> 00:02.000\nŁódź"))):
        with pytest.raises(SubtitleError) as refused:
            require_carried(["scc"], locale, track)
        assert refused.value.code == "format_cannot_carry"


def test_captions_are_checked_by_their_own_limits() -> None:
    track = Track((Cue(0, 2000, "x" * 19 + " " + "y" * 19),))  # 19.5 per second
    assert [f.code for f in check(track, "netflix", "de-DE")] == ["reading_speed"]
    assert check(track, "netflix", "de-DE", kind="captions") == ()
