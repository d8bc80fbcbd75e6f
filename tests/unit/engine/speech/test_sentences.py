"""Lines into sentences, and back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyreel.engine.speech.sentences import Line, Sentence, cut_back, into_sentences


def lines(*texts: str, gap: int = 100, speakers: tuple[str | None, ...] = ()) -> list[Line]:
    return [
        Line(at, at * (1000 + gap), at * (1000 + gap) + 1000, text, speakers[at] if speakers else None)
        for at, text in enumerate(texts)
    ]


def spoken(*texts: str, **more: object) -> list[str]:
    return [sentence.text for sentence in into_sentences(lines(*texts, **more))]  # type: ignore[arg-type] # as given


@pytest.mark.parametrize("stop", [".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।", "։", "።", '."', "?)", "。」"])
def test_a_full_stop_in_any_script_ends_a_sentence(stop: str) -> None:
    assert spoken(f"One{stop}", "Two") == [f"One{stop}", "Two"]


def test_a_line_that_ends_in_the_middle_goes_on_in_the_next() -> None:
    assert spoken("When the time reaches", "forty seconds,", "I will say banana.") == [
        "When the time reaches forty seconds, I will say banana."
    ]


def test_chinese_and_japanese_lines_are_joined_without_a_space() -> None:
    assert spoken("当时间到四十秒时，", "我会说香蕉。") == ["当时间到四十秒时，我会说香蕉。"]


def test_another_speaker_or_a_long_pause_begins_a_new_sentence() -> None:
    assert len(spoken("One", "two", speakers=("Ana", "Ben"))) == 2
    assert len(spoken("One", "two", gap=800)) == 2


def test_dots_end_a_sentence_unless_the_next_line_goes_on_in_lower_case() -> None:
    assert len(spoken("Well...", "we shall see.")) == 1
    assert len(spoken("Well...", "We shall see.")) == 2


def test_unpunctuated_scripts_are_not_one_endless_sentence() -> None:
    found = into_sentences(lines(*["ไปเที่ยวทะเลกัน"] * 60))
    assert len(found) > 3
    assert all(sentence.end_ms - sentence.start_ms <= 15_000 for sentence in found)


def test_a_line_without_words_is_left_out() -> None:
    assert spoken("...", "One.") == ["One."]


@given(
    st.lists(st.text(alphabet="abc漢字 ,", min_size=1, max_size=20), min_size=1, max_size=8),
    st.integers(0, 10**7),
    st.integers(1, 60_000),
)
def test_a_sentence_is_cut_back_without_gap_or_overlap(texts: list[str], start: int, length: int) -> None:
    sentence = Sentence(tuple(lines(*texts)))
    cuts = cut_back(sentence, start, start + length)
    assert len(cuts) == len(texts)
    assert cuts[0][0] == start
    assert cuts[-1][1] == start + length
    assert all(one[1] == other[0] for one, other in pairwise(cuts))
