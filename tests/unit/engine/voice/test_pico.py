"""SVOX Pico: which locales it speaks, who is who, and that no text hurts it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from polyreel.dubbing.choice import voice_for
from polyreel.engine.voice import pico
from polyreel.engine.voice.pico import MOST_CHARACTERS, RATE, PicoVoice
from polyreel.errors import EngineError, NoVoice

HELLO = {
    "de-DE": "Guten Tag, wie geht es?",
    "de-AT": "Grüß Gott, wie geht es?",
    "en-US": "Good morning, how are you?",
    "en-GB": "Good morning, how are you?",
    "es-MX": "Buenos días, ¿cómo está?",
    "fr-FR": "Bonjour, comment allez-vous ?",
    "it-IT": "Buongiorno, come sta?",
}


def fundamental(samples: np.ndarray) -> float:
    """The median pitch of the voiced pieces, in Hz."""
    found = []
    for start in range(0, len(samples) - 800, 800):
        piece = samples[start : start + 800].astype(float)
        likeness = np.correlate(piece, piece, "full")[799:]
        lag = RATE // 400 + int(np.argmax(likeness[RATE // 400 : RATE // 60]))
        if np.abs(piece).mean() > 0.02 and likeness[lag] > likeness[0] / 2:
            found.append(RATE / lag)
    return float(np.median(found))


@pytest.mark.parametrize("locale", HELLO)
def test_it_speaks_its_languages_at_its_rate_and_is_not_cut_off(locale: str) -> None:
    voice = PicoVoice()
    speech = voice.speak(HELLO[locale], voice.cast(locale)[0], 1.0)
    assert speech.rate == RATE
    assert 400 < speech.ms < 4000
    assert 0.05 < np.abs(speech.samples).max() < 1.0


@pytest.mark.parametrize("locale", ["ja-JP", "pt-BR", "ar-SA", "nl-NL"])
def test_other_languages_are_refused(locale: str) -> None:
    voice = PicoVoice()
    assert not voice.speaks(locale)
    with pytest.raises(NoVoice):
        voice.cast(locale)
    with pytest.raises(NoVoice):
        voice.resolve(locale, "high")


def test_the_speakers_of_a_language_differ_and_a_man_is_lower_than_a_woman() -> None:
    voice = PicoVoice()
    cast = voice.cast("de-DE")
    pitches = {each: fundamental(voice.speak("Guten Tag, mein lieber Freund.", each, 1.0).samples) for each in cast}
    women = [pitch for each, pitch in pitches.items() if voice.gender(each) == "female"]
    men = [pitch for each, pitch in pitches.items() if voice.gender(each) == "male"]
    assert max(men) < 140 < min(women)
    assert len(set(pitches.values())) == len(cast)


@pytest.mark.parametrize(("locale", "word"), [("it-IT", "Ciao."), ("it-IT", "Albicocca."), ("es-ES", "Albaricoque.")])
def test_the_breath_after_the_last_word_is_no_part_of_the_line(locale: str, word: str) -> None:
    """It comes half a second later, and made such a word 1.4 s long: lines were hurried for nothing."""
    assert PicoVoice().speak(word, f"high@{locale}", 1.0).ms < 1000


def test_the_faint_last_sounds_of_a_word_stay() -> None:
    voice = PicoVoice()
    fifth, if_ = (voice.speak(text, "high@en-GB", 1.0).ms for text in ("The fifth.", "The fi."))
    assert fifth > if_ + 80


def test_faster_is_shorter() -> None:
    voice = PicoVoice()
    usual, faster = (voice.speak(HELLO["de-DE"], "high@de-DE", speed).ms for speed in (1.0, 1.3))
    assert faster < usual * 0.95


def test_an_unknown_voice_is_named_with_those_that_there_are() -> None:
    with pytest.raises(NoVoice, match="no voice 'deep'") as caught:
        PicoVoice().resolve("de-DE", "deep")
    assert "high, low" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "…", "♪", "漢字"])
def test_what_can_not_be_said_is_an_error_and_no_silence(text: str) -> None:
    with pytest.raises(EngineError):
        PicoVoice().speak(text, "high@de-DE", 1.0)


def test_a_line_without_an_end_is_refused() -> None:
    with pytest.raises(EngineError, match="too long"):
        PicoVoice().speak("ja " * MOST_CHARACTERS, "high@de-DE", 1.0)


def test_tags_in_a_text_do_not_steer_the_voice() -> None:
    """Pico knows tags of its own; what is in a script is text."""
    voice = PicoVoice()
    plain = voice.speak("Guten Tag.", "high@de-DE", 1.0)
    for tag in (
        '<pitch level="200">Guten Tag.</pitch>',
        '<speed level="20">Guten Tag.',
        "<usesig file='/etc/passwd'/>",
    ):
        assert voice.speak(f"Guten Tag. {tag}", "high@de-DE", 1.0).ms >= plain.ms


def test_threads_take_turns() -> None:
    voice = PicoVoice()
    one = voice.speak(HELLO["de-DE"], "high@de-DE", 1.0)
    with ThreadPoolExecutor(4) as threads:
        for again in threads.map(lambda _: voice.speak(HELLO["de-DE"], "high@de-DE", 1.0), range(8)):
            assert abs(again.ms - one.ms) < 60  # its breath is a little different each time
            assert np.abs(again.samples).max() == pytest.approx(np.abs(one.samples).max(), rel=0.3)


def test_five_languages_are_spoken_by_pico_and_what_it_lacks_by_espeak_ng() -> None:
    """Where there are no weights; with them, neural voices come first."""
    voice = voice_for("basic")
    for locale in ("en-US", "en-GB", "es-MX", "fr-FR", "it-IT"):
        assert voice.cast(locale)[0] == f"pico:high@{locale}"
        assert "nothing above 8 kHz" in voice.caveats(locale, [])[1]
    assert voice.cast("de-DE")[0] == "pico:high@de-DE"
    assert voice.caveats("de-DE", ["Guten Tag."])[0] == "de-DE is spoken by pico."
    assert voice.cast("pt-BR")[0].startswith("espeak-ng:")
    assert voice.resolve("de-DE", "espeak-ng:f2") == "espeak-ng:de+f2"


def test_where_there_is_no_build_of_it_espeak_ng_speaks_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pico, "_load_engine", lambda: None)
    assert not PicoVoice().speaks("de-DE")
    assert voice_for("basic").cast("de-DE")[0].startswith("espeak-ng:")
