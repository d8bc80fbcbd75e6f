"""Back-transcription: spelling forgiven, defects found. Every check is shown to fail on a planted one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyreel.dubbing.backchecks import check_language, check_words
from polyreel.dubbing.limits import DubLimits, WordLimits
from polyreel.engine.backcheck.align import align_tokens
from polyreel.engine.backcheck.compare import compare_with_heard
from polyreel.engine.backcheck.tokens import measure_of, split_tokens, with_numbers_alike
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.outcome import LineFit

SCRIPT = (
    "Hola a todos los que nos ven hoy.",
    "Este es un vídeo de ejemplo para su comodidad.",
    "Cuando el tiempo llegue a cuarenta segundos, diré plátano.",
    "Puede utilizar esta voz para cualquier propósito.",
)


def lines(*texts: str) -> tuple[LineFit, ...]:
    """Lines of four seconds, one second apart."""
    return tuple(
        LineFit(
            text=text,
            cue_start_ms=at * 5000,
            cue_end_ms=at * 5000 + 4000,
            start_ms=at * 5000,
            end_ms=at * 5000 + 4000,
            natural_ms=4000,
            ratio=1.0,
        )
        for at, text in enumerate(texts)
    )


def heard(*texts: str, languages: dict[str, float] | None = None, spaced: bool = True) -> Heard:
    """Each text said in the four seconds of its line."""
    phrases = []
    for at, text in enumerate(texts):
        parts = [f" {word}" for word in text.split()] if spaced else list(text)
        step = 4000 // max(1, len(parts))
        said = tuple(
            Word(text=part, start_ms=at * 5000 + n * step, end_ms=at * 5000 + (n + 1) * step)
            for n, part in enumerate(parts)
        )
        if said:
            phrases.append(Phrase(words=said))
    return Heard(phrases=tuple(phrases), languages=languages or {}, speech_ms=4000 * len(texts))


# -- spelling is forgiven


@pytest.mark.parametrize(
    ("locale", "written", "heard_as"),
    [
        ("en-US", "It's FORTY seconds – really!", "Its 40 seconds, really."),
        ("es-ES", "¿Cuarenta y dos segundos?", "42 segundos"),
        ("de-DE", "vierzig Sekunden", "40 Sekunden"),
        ("fr-FR", "quatre-vingt-dix-neuf euros", "99 euros"),
        ("it-IT", "quaranta secondi", "40 secondi"),
        ("pt-BR", "quarenta segundos", "40 segundos"),
        ("en-US", "in nineteen ninety nine", "in 1999"),
        ("zh-CN", "当时间到达四十秒时，我会说香蕉。", "當時間到達40秒時,我會說香蕉"),
        ("ja-JP", "時間が四十秒に達したら、バナナと言います。", "時間が40秒に達したら、ばななといいます"),
        ("ar-SA", "مرحبًا بالأصدقاء", "مرحبا بالاصدقاء"),
        ("hi-IN", "चालीस सेकंड", "40 सेकंड"),
        (
            "hi-IN",
            "यह आपकी सुविधा और आनंद के लिए एक उदाहरण वीडियो है।",
            "یہاں آپ کی سویدھا اور آنند کے لیے ایک اداہرن ویڈیو ہے",
        ),
    ],
)
def test_what_sounds_alike_is_alike(locale: str, written: str, heard_as: str) -> None:
    """Case, punctuation, figures, variants of characters: nobody hears them."""
    script, found = split_tokens(written, locale), split_tokens(heard_as, locale)
    if measure_of(locale) == "WER":
        script, found = with_numbers_alike(script, found, locale)
    assert script == found


def test_another_number_is_an_error() -> None:
    script, found = with_numbers_alike(
        split_tokens("forty seconds", "en-US"), split_tokens("14 seconds", "en-US"), "en-US"
    )
    assert align_tokens(script, found).errors == 1


def test_marks_that_spell_stay() -> None:
    """Devanagari's vowel signs and Spanish's accents are part of their words."""
    assert split_tokens("बाज़ार में", "mr-IN") == ["बाज़ार", "में"]
    assert split_tokens("qué", "es-ES") != split_tokens("que", "es-ES")


def test_hindi_is_compared_by_its_consonants_and_another_word_is_another() -> None:
    """A listener may write it as Urdu, without short vowels; what it misheard is an error all the same."""
    assert split_tokens("केला कहूँगा", "hi-IN") == list("klkhnɡ")
    assert split_tokens("", "hi-IN") == split_tokens("…", "hi-IN") == []
    apple = split_tokens(
        "میں سیب کہوں گا", "hi-IN"
    )  # two consonants are others, and the last vowel's nasal is not written
    assert align_tokens(split_tokens("मैं केला कहूँगा", "hi-IN"), apple).errors == 3


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_an_alignment_is_a_shortest_way(wanted: list[str], found: list[str]) -> None:
    """As many errors as a plain recursive Levenshtein counts, and every found token is met once or extra."""
    laid = align_tokens(wanted, found)
    previous = list(range(len(found) + 1))
    for row, token in enumerate(wanted, 1):
        current = [row]
        for column, other in enumerate(found, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (token != other)))
        previous = current
    assert laid.errors == previous[-1]
    assert sorted([*(place for place in laid.met if place is not None), *laid.extra]) == list(range(len(found)))


# -- planted defects


def test_a_good_dub_passes() -> None:
    found = check_words(heard(*SCRIPT), lines(*SCRIPT), "es-ES", WordLimits())
    assert (found.name, found.status, found.value, found.unit) == ("back_transcription", "pass", 0.0, "WER")


def test_a_missing_line_fails() -> None:
    """One line of four that nobody hears is a failure, and is named with its time."""
    said = [*SCRIPT[:2], "", SCRIPT[3]]
    found = check_words(heard(*said), lines(*SCRIPT), "es-ES", DubLimits.of("none", "source").words)
    assert found.status == "fail"
    assert "1 line not heard (10.0 s: Cuando el tiempo" in found.detail


def test_invented_speech_fails() -> None:
    """Words where no line is: the original's voice left in the background, say."""
    original = Phrase(
        words=tuple(Word(text=f" w{n}", start_ms=60_000 + n * 300, end_ms=60_200 + n * 300) for n in range(6))
    )
    good = heard(*SCRIPT)
    found = check_words(
        good.model_copy(update={"phrases": (*good.phrases, original)}), lines(*SCRIPT), "es-ES", WordLimits()
    )
    assert found.status == "fail"
    assert "heard without a line: 60.0 s: w0 w1" in found.detail


def test_speech_beside_a_line_that_the_line_has_not_fails() -> None:
    said = [SCRIPT[0] + " y ahora algo que nadie ha escrito nunca", *SCRIPT[1:]]
    found = compare_with_heard(lines(*SCRIPT), heard(*said), "es-ES")
    assert found.invented == ["near 0.0 s: y ahora algo que nadie ha escrito nunca"]


def test_garbled_speech_fails_by_the_profile() -> None:
    """The limits are the profile's: what is a failure for Netflix is a warning without a profile."""
    garbled = [
        "hola odos queso venoy",
        "este un video ejemplo para su como",
        "cuando tiempo llega a 40 segundos pistacho",
        SCRIPT[3],
    ]
    strict = check_words(heard(*garbled), lines(*SCRIPT), "es-ES", WordLimits())
    loose = check_words(heard(*garbled), lines(*SCRIPT), "es-ES", DubLimits.of("none", "source").words)
    assert (strict.status, loose.status) == ("fail", "warn")
    assert strict.value == loose.value
    assert isinstance(strict.value, float)
    assert 0.30 < strict.value < 0.50


def test_a_language_that_the_listener_knows_badly_is_never_failed_on_its_word() -> None:
    found = check_words(heard("xx yy", "zz"), lines("มีคนพูดอยู่", "อีกคน"), "th-TH", WordLimits())
    assert found.status == "warn"
    assert "no more than a hint" in found.detail


@pytest.mark.parametrize(
    ("languages", "status"),
    [
        ({"es": 0.97}, "pass"),
        ({"gl": 0.7, "es": 0.2}, "pass"),
        ({"pt": 0.7, "es": 0.25}, "warn"),
        ({"en": 0.98, "es": 0.01}, "fail"),
        ({}, "fail"),
    ],
)
def test_the_wrong_language_fails(languages: dict[str, float], status: str) -> None:
    found = check_language(heard(*SCRIPT, languages=languages), "es-ES", WordLimits())
    assert (found.name, found.status) == ("language", status)


def test_japanese_and_chinese_are_counted_by_sign() -> None:
    """A wrong syllable in nine is an error rate of one ninth."""
    script, said = "当时间到达四十秒时", "当时间到达四十猫时"
    found = check_words(heard(said, spaced=False), lines(script), "zh-CN", WordLimits())
    assert (found.unit, found.value, found.status) == ("CER", 0.111, "pass")


@pytest.mark.slow
def test_a_film_is_compared_in_passages() -> None:
    """Two thousand lines: one that is missing among them is found, and nothing else."""
    texts = [
        f"Esta es la línea número cosa {'abcdefghij'[n % 10] * 4} {'klmnopqrst'[n // 10 % 10] * 4}" for n in range(2000)
    ]
    said = [text if n != 777 else "" for n, text in enumerate(texts)]
    found = compare_with_heard(lines(*texts), heard(*said), "es-ES")
    assert [line.cue_start_ms for line in found.missing] == [777 * 5000]
    assert found.errors == len(split_tokens(texts[777], "es-ES"))
