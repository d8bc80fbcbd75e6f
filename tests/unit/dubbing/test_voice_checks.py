"""What is said of a dub's voices line by line, with ears that hear what a test lets them; and what is heard again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from polyreel.dubbing import line_hearing
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.line_hearing import MOST_LINES, Ears, Given, LineHeard, LinesHeard, hear_lines
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.speech_votes import group_windows
from polyreel.dubbing.voice_checks import check_voices
from polyreel.engine.backcheck.quality import WINDOW, judge_speech
from polyreel.engine.backcheck.votes import Votes
from polyreel.engine.transcribe import sound
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.job import SubtitleProfile
from polyreel.outcome import Check, LineFit, StoredFile
from polyreel.store.local import LocalStore

REEL = StoredFile(uri="file:///r", sha256="0" * 64, bytes=1)
REQUEST = DubRequest(locale="es-ES", source_locale="en-US", reel=REEL, duration="60")


def line(place: int, share: float | None = None, *, speaker: str = "", voice: int | None = None) -> LineHeard:
    """A line of 2 s; ``voice``: the direction of its print."""
    found = line_hearing._pack_print(np.eye(8, dtype=np.float32)[voice]) if voice is not None else ""
    told = {"share": share, "other": "en", "other_share": 0.9}
    return LineHeard.model_validate(
        {"start_ms": place * 3000, "end_ms": place * 3000 + 2000, "speaker": speaker, "print": found, **told}
    )


def checks(*lines: LineHeard, locale: str = "es-ES", profile: SubtitleProfile = "netflix", **more: Any) -> list[Check]:
    heard = LinesHeard(lines=lines, of=len(lines), **more)
    return list(check_voices(heard, locale, DubLimits.of(profile, "source").voices))


@pytest.mark.parametrize(
    ("shares", "locale", "profile", "value", "status"),
    [
        ((0.9, 0.8, 0.99), "es-ES", "netflix", 0, "pass"),
        ((0.9, 0.4, 0.99), "es-ES", "netflix", 1, "warn"),
        ((0.9, 0.4, 0.99), "es-ES", "none", 0, "pass"),
        ((0.9, 0.1, 0.99), "es-ES", "netflix", 1, "fail"),
        ((0.9, 0.1, 0.99), "hu-HU", "netflix", 1, "warn"),
        ((0.1, *[0.9] * 9), "es-ES", "netflix", 1, "warn"),
        ((0.1, 0.1, 0.1, *[0.9] * 17), "es-ES", "netflix", 3, "fail"),
    ],
)
def test_lines_that_are_taken_for_another_language_are_counted(
    shares: tuple[float, ...], locale: str, profile: SubtitleProfile, value: int, status: str
) -> None:
    (found,) = checks(*(line(place, share) for place, share in enumerate(shares)), locale=locale, profile=profile)
    assert (found.name, found.value, found.status) == ("accent", value, status)
    assert ("sounds like English (90% sure), not " in found.detail) == (status != "pass")


def test_a_doubtful_line_is_told_with_its_number_its_words_and_what_was_heard() -> None:
    doubtful = line(1, 0.05).model_copy(update={"text": "Buenas tardes a todos ustedes, amigos.", "number": 2})
    unsure = line(2, 0.41).model_copy(update={"other": "es", "other_share": 0.41})
    (found,) = checks(line(0, 0.9), doubtful, unsure)
    assert found.detail == (
        "an accent or another language (less than 50% its own): line 2 at 3.0 s 'Buenas tardes a todos ustedes,' "
        "sounds like English (90% sure), not Spanish (5%), 6.0 s sounds like no language surely (Spanish by 41%)"
    )


def test_every_profile_of_subtitles_has_limits_for_what_is_heard() -> None:
    for profile in get_args(SubtitleProfile):
        limits = DubLimits.of(profile, "source")
        assert limits.voices.accent[0] > limits.voices.accent[1] > 0
        assert 0 < limits.words.errors[0] < limits.words.errors[1]


def test_a_line_that_is_another_speakers_voice_is_named_with_that_speaker() -> None:
    lines = [line(place, speaker="Ana", voice=0) for place in range(4)]
    lines += [line(4 + place, speaker="Ben", voice=1) for place in range(4)]
    assert [(each.name, each.status) for each in checks(*lines)] == [("one_voice", "pass")]
    lines[2] = line(2, speaker="Ana", voice=1)
    (found,) = checks(*lines)
    assert (found.value, found.status) == (1, "fail")
    assert found.detail == (
        "another voice than their speaker's (likeness of 0.75 at least): 6.0 s 0.00 like their others, and 1.00 like "
        "Ben"
    )


def test_a_strangers_line_is_found_where_only_one_speaks() -> None:
    (found,) = checks(*(line(place, voice=3 if place == 1 else 0) for place in range(4)))
    assert (found.value, found.status) == (1, "fail")
    assert [(each.at_ms, each.measured) for each in found.lines] == [(3000, "0.00 like their others")]


def test_a_line_whose_voice_a_person_chose_need_not_sound_like_the_others() -> None:
    """And does not blur what the others sound like."""
    other = line(4, voice=1).model_copy(update={"chosen": True})
    (found,) = checks(*(line(place, voice=0) for place in range(4)), other)
    assert (found.name, found.value, found.status) == ("one_voice", 0, "pass")


def test_two_who_sound_alike_are_a_warning() -> None:
    (found,) = checks(*(line(place, speaker=who, voice=0) for place, who in enumerate(("Ana", "Ben", "Ana", "Ben"))))
    assert (found.value, found.status, found.detail) == (0, "warn", "hardly to be told apart: Ana and Ben")


def test_one_line_alone_says_nothing_of_a_voice() -> None:
    assert checks(line(0, voice=0)) == []


@pytest.mark.parametrize(
    ("dub", "original", "profile", "status"),
    [
        (3.3, 3.2, "netflix", "pass"),
        (2.4, None, "netflix", "pass"),
        (2.3, None, "netflix", "warn"),
        (2.3, None, "none", "pass"),
        (1.7, None, "netflix", "fail"),
        (2.7, 3.5, "netflix", "warn"),
        (2.1, 3.5, "netflix", "fail"),
        (2.1, 3.5, "none", "warn"),
    ],
)
def test_speech_is_judged_beside_the_originals(
    dub: float, original: float | None, profile: SubtitleProfile, status: str
) -> None:
    votes = Votes(speech=3, background=4, overall=dub)
    beside = Votes(speech=3, background=4, overall=original) if original else None
    (found,) = checks(votes=votes, original=beside, profile=profile)
    assert (found.name, found.value, found.status) == ("speech_quality", dub, status)
    assert ("the original's speech: 3" in found.detail) == bool(original)


def test_votes_are_the_authors_curves_over_the_networks_figures() -> None:
    def judge(window: Any) -> Any:
        assert window.shape == (1, WINDOW)
        return np.array([[3.0, 3.5, 3.2]], np.float32)

    votes = judge_speech([np.ones(1000, np.float32), np.ones(0, np.float32)], judge, lambda: None)
    assert votes == Votes(speech=2.91, background=3.62, overall=2.92)
    with pytest.raises(ValueError, match="no speech"):
        judge_speech([], judge, lambda: None)


# -- hearing


class Ear:
    """Takes loud lines for Spanish and quiet ones for English, and counts them."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def identify_line(self, sound: Any, go_on: Any) -> dict[str, float]:
        go_on()
        self.heard.append(len(sound))
        return {"es": 0.9, "en": 0.1} if np.abs(sound).max() > 0.2 else {"es": 0.05, "en": 0.95}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def fits(*spans: tuple[int, int]) -> tuple[LineFit, ...]:
    return tuple(
        LineFit(text=f"a{a}", cue_start_ms=a, cue_end_ms=b, start_ms=a, end_ms=b, natural_ms=b - a, ratio=1.0)
        for a, b in spans
    )


def dub(store: LocalStore, *lines: tuple[int, int, float, float]) -> Dubbed:
    """A dub of 60 s whose lines (start, end, pitch, level) are tones."""
    sound = np.zeros(60 * 48_000)
    for start, end, pitch, level in lines:
        sound[start * 48 : end * 48] = level * np.sin(np.arange((end - start) * 48) * pitch)
    speech = store.keep_bytes((sound * 32_767).astype("<i2").tobytes(), ".s16")
    return Dubbed(locale="es-ES", speech=speech, audio=REEL, lines=fits(*((a, b) for a, b, _, _ in lines)))


def by_pitch(windows: Any) -> Any:
    """An encoder that knows voices by where their spectrum peaks."""
    return np.eye(256, dtype=np.float32)[windows.mean(axis=1).argmax(axis=1)]


def heard_in(made: Dubbed, store: LocalStore, ear: Ear) -> LinesHeard:
    ears = Ears(ear, lambda: by_pitch, lambda: lambda _: np.array([[4, 4, 4]], np.float32))
    found = asyncio.run(hear_lines(Given(made, REQUEST), ears, store))
    assert found is not None
    return found


def test_each_line_of_the_stem_is_heard_by_itself(store: LocalStore) -> None:
    ear = Ear()
    lines = ((1000, 3000, 0.03, 0.5), (5000, 7000, 0.03, 0.1), (9000, 9500, 0.03, 0.5), (10_000, 12_000, 0.3, 0.5))
    found = heard_in(dub(store, *lines), store, ear)
    assert [each.share for each in found.lines] == [0.9, 0.05, 0.9], "the third is too short"
    assert ear.heard == [32_000, 32_000, 32_000]
    assert found.lines[0].print == found.lines[1].print != found.lines[2].print
    assert found.votes
    assert found.votes.overall > 3
    assert found.original is None, "there is no sound of the original to compare with"
    named = {
        check.name: check.status for check in check_voices(found, "es-ES", DubLimits.of("netflix", "source").voices)
    }
    assert named == {"accent": "fail", "one_voice": "fail", "speech_quality": "pass"}


def test_lines_whose_sound_is_as_it_was_keep_what_was_heard(store: LocalStore) -> None:
    first, second = Ear(), Ear()
    one, other = (1000, 3000, 0.03, 0.5), (5000, 7000, 0.03, 0.5)
    before = heard_in(dub(store, one, other), store, first)
    after = heard_in(dub(store, one, (5000, 7000, 0.05, 0.1)), store, second)
    assert (len(first.heard), len(second.heard)) == (2, 1)
    assert after.lines[0] == before.lines[0]
    assert (before.lines[1].share, after.lines[1].share) == (0.9, 0.05)


def test_one_line_said_anew_has_its_own_window_judged_again_and_no_other(store: LocalStore) -> None:
    """Though it is shorter now, and its voice as a whole a little louder for it."""
    judged: list[float] = []

    def judge(window: Any) -> Any:
        judged.append(float(np.abs(window).max()))
        return np.array([[4, 4, 4]], np.float32)

    def hear(made: Dubbed) -> LinesHeard | None:
        return asyncio.run(hear_lines(Given(made, REQUEST), Ears(quality=lambda: judge), store))

    places = [(start * 1000, start * 1000 + 3600) for start in range(1, 57, 4)]
    # No two alike: a window is also known by its very samples.
    pitches = [0.03 + number / 1000 for number in range(len(places))]
    before = hear(dub(store, *((*place, pitch, 0.5) for place, pitch in zip(places, pitches, strict=True))))
    assert len(judged) == 4
    lines = [(*place, pitch, 0.51) for place, pitch in zip(places, pitches, strict=True)]
    lines[1] = (lines[1][0], lines[1][0] + 1500, 0.1, 0.51)
    made = dub(store, *lines)
    cues = [line.model_copy(update={"cue_end_ms": end}) for line, (_, end) in zip(made.lines, places, strict=True)]
    assert hear(made.model_copy(update={"lines": tuple(cues)})) != before
    assert len(judged) == 5


def test_of_a_long_film_so_many_lines_are_heard_from_its_beginning_to_its_end() -> None:
    lines = [LineHeard(start_ms=place, end_ms=place + 2000) for place in range(2 * MOST_LINES + 11)]
    chosen = line_hearing._choose_spread(lines)
    assert len(chosen) == MOST_LINES
    assert chosen[0].start_ms == 0
    assert chosen[-1].start_ms >= len(lines) - 4
    assert line_hearing._choose_spread(lines[:7]) == lines[:7]


def test_a_long_films_votes_come_from_all_over_it() -> None:
    lines = [(place * 4000, place * 4000 + 3000, place * 4000, place * 4000 + 3000) for place in range(100)]
    groups = group_windows(lines)
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert [group[0][0] for group in groups] == [0, 96_000, 192_000, 288_000]
    assert len(group_windows(lines[:2])) == 1
    assert group_windows([(0, 1500, 0, 1500)]) == [], "no sample of a dub"


async def test_of_a_mix_each_line_is_cut_out_wherever_blocks_end() -> None:
    """A vendor's dub without the speech alone: lines that overlap, and one that ends past the sound."""
    whole = np.arange(16 * 10_000, dtype=np.float32)  # 10 s; each sample is its own number

    async def blocks() -> AsyncIterator[Any]:
        for start in range(0, len(whole), 16 * 1700):
            yield whole[start : start + 16 * 1700]

    spans = [(500, 2500), (2000, 6000), (2100, 4000), (8500, 12_000)]
    lines = [LineHeard(start_ms=a, end_ms=b) for a, b in spans]
    found = {
        (line.start_ms, line.end_ms): (int(piece[0]) // 16, int(piece[-1]) // 16)
        async for line, piece in line_hearing._cut_pieces(blocks(), lines)
    }
    assert found == {
        (500, 2500): (500, 2499),
        (2000, 6000): (2000, 5999),
        (2100, 4000): (2100, 3999),
        (8500, 12_000): (8500, 9999),
    }


async def test_a_vendors_dub_without_lines_is_heard_phrase_by_phrase(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def mix(path: Path) -> AsyncIterator[Any]:
        yield np.full(16_000 * 10, 0.1, np.float32)

    monkeypatch.setattr(sound, "of_file", mix)
    words = tuple(Word(text=" eso", start_ms=a, end_ms=b) for a, b in ((1000, 2000), (2000, 3500)))
    heard = Heard(phrases=(Phrase(words=words), Phrase(words=words[:1])))
    made = Dubbed(locale="es-ES", audio=store.keep_bytes(b"mix", ".m4a"))
    found = await hear_lines(Given(made, REQUEST, heard=heard), Ears(Ear()), store)
    assert found is not None
    assert [(each.start_ms, each.end_ms, each.share) for each in found.lines] == [(1000, 3500, 0.05)]
    assert await hear_lines(Given(made, REQUEST), Ears(Ear()), store) is None
