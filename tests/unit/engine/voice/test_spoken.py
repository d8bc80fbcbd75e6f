"""The spoken form of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyreel.engine.voice.text.spoken import can_be_said, make_speakable, require_sayable
from polyreel.errors import EngineError


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("<i>Hello</i>,\n<c.loud>Ana</c>", "Hello, Ana"),
        ('<speak><prosody rate="fast">Run</prosody></speak>', "Run"),
        ("&lt;b&gt;Fish &amp; chips&lt;/b&gt;", "Fish & chips"),
        ("{\\an8}Above", "Above"),
        ("See https://www.example.com/a/b?c=d#e.", "See example.com"),
        ("Write to ana@example.com now", "Write to ana@example.com now"),
        ("A\0B\x1b[31m\u202eC", "A B [31mC"),
        ("この声は商用も含めて、\nどんな目的にも", "この声は商用も含めて、どんな目的にも"),
        ("Nooooooooo!!!!!!", "Nooo!!!"),
        ("1000000", "1000000"),
        ("[[h@l'oU]]", "h@l'oU"),
        ("♪ 😀 ♪", ""),
        ("広さは100㎡です", "広さは100m2です"),
        ("5㎞と3㌔", "5kmと3キロ"),
        ("Where x < 5, 7>3 too", "Where x ＜ 5, 7＞3 too"),
        ("I <3 you --> 5 > words", "I 3 you -- 5 words"),
        ("Run <00:01.50>on", "Run on"),
    ],
)
def test_a_line_is_said_as_plain_words(text: str, spoken: str) -> None:
    assert make_speakable(text) == spoken


@given(st.text(max_size=400))
def test_no_text_leaves_markup_controls_or_endless_words(text: str) -> None:
    spoken = make_speakable(text)
    assert spoken == " ".join(spoken.split(" "))
    assert not any(ord(character) < 32 or character in "<>" for character in spoken)
    assert "[[" not in spoken


def test_piles_of_combining_marks_are_levelled() -> None:
    assert len(make_speakable("a" + "\u0301" * 500)) < 10


def test_only_letters_and_digits_can_be_said() -> None:
    assert can_be_said("42")
    assert can_be_said("नमस्ते")
    assert not can_be_said("... !? —")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [("...", "nothing_to_say", "music"), ("a" * 11, "engine_failed", "11 characters is too long")],
)
def test_what_no_voice_could_say_is_refused_in_one_way(words: str, code: str, says: str) -> None:
    """Every engine asks here, so that the same line is refused in the same words."""
    with pytest.raises(EngineError, match=says) as refused:
        require_sayable(words, "[music]", 10)
    assert refused.value.code == code
    require_sayable("a" * 10, "a" * 10, 10)
    require_sayable("a" * 5000, "a" * 5000)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Use x >= 3 and y<=5.", "Use x ≥ 3 and y≤5."),
        ("a != b", "a ≠ b"),
        ("Wow!=)", "Wow!=)"),
        ("If a -> b, c => d.", "If a b, c d."),
        ("x == y, x = y", "x == y, x = y"),
    ],
)
def test_signs_as_programs_write_them_are_those_of_mathematics(written: str, said: str) -> None:
    assert make_speakable(written) == said
