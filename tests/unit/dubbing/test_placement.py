"""Lines that are not heard when they are due: by our own stem, and by words, of our own and of a vendor's dub."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.placement import check_timing
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.outcome import Check, LineFit, StoredFile
from polyreel.store.local import LocalStore

TEXTS = (
    "did you read the letter this morning",
    "nobody told me that it had moved",
    "the train leaves at nine from here",
    "please put the keys back again now",
    "that is the best coffee for weeks",
)
LENGTH_MS, APART_MS = 2100, 3800


def lines(voice: str = "kokoro:a@en-US") -> list[LineFit]:
    return [
        LineFit(
            text=text,
            cue_start_ms=at,
            cue_end_ms=at + LENGTH_MS,
            start_ms=at,
            end_ms=at + LENGTH_MS,
            natural_ms=LENGTH_MS,
            ratio=1.0,
            voice=voice,
        )
        for at, text in ((1000 + place * APART_MS, text) for place, text in enumerate(TEXTS))
    ]


def said(text: str, at_ms: int) -> Phrase:
    words = text.split()
    each = LENGTH_MS // len(words)
    return Phrase(
        words=tuple(
            Word(text=f" {word}", start_ms=at_ms + place * each, end_ms=at_ms + (place + 1) * each)
            for place, word in enumerate(words)
        )
    )


def heard(moved: dict[int, int], *, also: Sequence[Phrase] = (), late: int = 0) -> Heard:
    """What is heard of the lines, some of them moved by so many ms, all of them ``late``."""
    phrases = [said(line.text, line.start_ms + late + moved.get(place, 0)) for place, line in enumerate(lines())]
    return Heard(phrases=tuple(sorted((*phrases, *also), key=lambda phrase: phrase.start_ms)))


def by_words(found: Heard, voice: str = "kokoro:a@en-US") -> Check:
    check = check_timing(lines(voice), None, found, "en-US", LineLimits())
    assert check is not None
    return check


@pytest.mark.parametrize("voice", ["kokoro:a@en-US", ""])
@pytest.mark.parametrize(
    ("ms", "status", "told"),
    [
        (-400, "warn", "0.4 s early"),
        (-800, "warn", "0.8 s early"),
        (-1500, "fail", "1.5 s early"),
        (400, "warn", "0.4 s late"),
        (800, "warn", "0.8 s late"),
        (1500, "fail", "1.5 s late"),
        (200, "pass", ""),
        (-200, "pass", ""),
    ],
)
def test_a_moved_line_is_heard_by_its_words(voice: str, ms: int, status: str, told: str) -> None:
    """Of a vendor, without a voice's name, too: there only the cue says when a line is due."""
    found = by_words(heard({2: ms}), voice)
    assert (found.name, found.status, found.value) == ("line_timing", status, int(status != "pass"))
    assert found.detail == (
        f"not heard when due (0.3 s at most): 8.6 s 'the train leaves at nine from' {told}" if told else ""
    )


def test_two_lines_in_each_others_place_are_both_found() -> None:
    found = by_words(heard({1: APART_MS, 2: -APART_MS}))
    assert (found.status, found.value) == ("fail", 2)
    assert "3.8 s late" in found.detail
    assert "3.8 s early" in found.detail


def test_a_line_that_is_said_twice_is_found_wherever_it_is_said_again() -> None:
    found = by_words(heard({}, also=[said(TEXTS[4], 1000 + 5 * APART_MS)]))
    assert (found.status, found.value) == ("warn", 1)
    assert found.detail.endswith("again at 20.0 s")


def test_a_word_that_a_line_shares_with_another_is_no_second_saying() -> None:
    found = by_words(heard({}, also=[said("the best letter", 1000 + 5 * APART_MS)]))
    assert found.status == "pass"


def test_a_vendors_own_delay_is_no_fault_and_a_dub_that_is_late_as_a_whole_is() -> None:
    assert by_words(heard({}, late=250), "").status == "pass"
    late = by_words(heard({}, late=900), "")
    assert (late.status, late.value) == ("fail", 5)


def test_one_end_alone_that_is_misheard_moves_no_line() -> None:
    """The listener lets a line's first or last word run into a pause."""
    phrases = list(heard({}).phrases)
    first = phrases[2].words[0].model_copy(update={"start_ms": phrases[2].words[0].start_ms - 900})
    phrases[2] = phrases[2].model_copy(update={"words": (first, *phrases[2].words[1:])})
    assert by_words(Heard(phrases=tuple(phrases))).status == "pass"


def test_a_line_of_two_words_is_not_looked_for() -> None:
    short = [line.model_copy(update={"text": "Oh yes."}) for line in lines()]
    check = check_timing(short, None, heard({}), "en-US", LineLimits())
    assert check is not None
    assert check.status == "pass"


# -- by the stem


def stem(moved: dict[int, int]) -> StoredFile:
    sound = np.zeros(22_000 * 48, "<i2")
    for place, line in enumerate(lines()):
        start = (line.start_ms + moved.get(place, 0)) * 48
        sound[start : start + LENGTH_MS * 48] = 3000
    return LocalStore().keep_bytes(sound.tobytes(), ".s16")


@pytest.mark.parametrize(
    ("ms", "told"),
    [(-400, "0.4 s early"), (-800, "0.8 s early"), (-1500, "1.5 s early"), (400, "0.4 s late"), (1500, "1.5 s late")],
)
def test_a_moved_line_is_seen_in_the_stem_where_nobody_listens(ms: int, told: str) -> None:
    check = check_timing(lines(), stem({2: ms}), None, "en-US", LineLimits())
    assert check is not None
    assert check.value == 1
    assert check.detail.endswith(told)


def test_a_stem_as_it_was_placed_has_no_line_out_of_place() -> None:
    check = check_timing(lines(), stem({}), None, "en-US", LineLimits())
    assert check is not None
    assert (check.status, check.value, check.detail) == ("pass", 0, "")


def test_where_there_is_neither_a_stem_of_ours_nor_a_listener_nothing_is_said() -> None:
    assert check_timing(lines(""), stem({}), None, "en-US", LineLimits()) is None
    assert check_timing((), stem({}), heard({}), "en-US", LineLimits()) is None


def test_a_line_behind_the_reels_end_is_no_concern_of_its_place() -> None:
    """What no pace could fit is placed there; the check of the fit says so."""
    late = lines()[4].model_copy(update={"start_ms": 30_000, "end_ms": 32_000})
    check = check_timing([*lines()[:4], late], stem({}), None, "en-US", LineLimits())
    assert check is not None
    assert (check.status, check.value) == ("pass", 0)
