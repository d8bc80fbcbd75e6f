"""espeak-ng: which locales it speaks, who is who, and that no text hurts it."""

import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import assign
from polyreel.errors import EngineError, NoVoice

VOICE = EspeakVoice()


@pytest.mark.parametrize(
    ("locale", "voice"),
    [
        ("pt-BR", "pt-br"),
        ("pt-PT", "pt"),
        ("zh-CN", "cmn"),
        ("zh-TW", "cmn"),
        ("zh-HK", "yue"),
        ("yue-HK", "yue"),
        ("es-ES", "es"),
        ("es-419", "es-419"),
        ("es-MX", "es-419"),
        ("en-US", "en-us"),
        ("en-GB", "en"),
        ("en-AU", "en"),
        ("en-JM", "en-029"),
        ("fr-CA", "fr"),
        ("fr-CH", "fr-ch"),
        ("ar-SA", "ar"),
        ("nb-NO", "nb"),
        ("nn-NO", "nb"),
        ("hi-IN", "hi"),
        ("ja-JP", "ja"),
        ("ca-ES-valencia", "ca-va"),
        ("sr-Latn-RS", "sr"),
        ("he-IL", "he"),
    ],
)
def test_a_locale_is_spoken_by_its_own_voice(locale: str, voice: str) -> None:
    assert VOICE.speaks(locale)
    assert VOICE.cast(locale)[0].startswith(f"{voice}+")
    assert len(VOICE.speak("1 2 3", VOICE.cast(locale)[0], 1.0).samples) > 0


@pytest.mark.parametrize("locale", ["fil-PH", "mn-MN", "bo-CN", "tlh", "fo-FO"])
def test_a_locale_that_nobody_speaks_is_an_error_with_a_remedy(locale: str) -> None:
    assert not VOICE.speaks(locale)
    with pytest.raises(NoVoice, match=locale) as caught:
        VOICE.cast(locale)
    assert caught.value.remedy


def pitch(voice_id: str) -> float:
    """The median fundamental of a sentence, by autocorrelation."""
    said = VOICE.speak("Hello there, this is a longer sentence about the weather.", voice_id, 1.0)
    found = []
    for start in range(0, len(said.samples) - 2048, 1024):
        piece = said.samples[start : start + 2048]
        line = np.fft.irfft(np.abs(np.fft.rfft(piece, 4096)) ** 2)[:500]
        lag = int(np.argmax(line[60:])) + 60
        if line[lag] > 0.4 * line[0] > 1e-3:
            found.append(said.rate / lag)
    return float(np.median(found))


def test_the_first_speakers_of_a_cast_differ_in_pitch() -> None:
    heard = sorted(pitch(voice) for voice in VOICE.cast("en-US")[:6])
    assert all(high / low > 1.05 for low, high in pairwise(heard)), heard


def test_every_speaker_keeps_one_voice_whatever_the_order_of_lines() -> None:
    one = assign(VOICE, "de-DE", ["Zoe", "Ana", None, "Ben", "Ana"])
    other = assign(VOICE, "de-DE", ["Ben", None, "Ana", "Zoe"])
    assert one == other
    assert len(set(one.values())) == 4


def test_a_job_may_name_one_voice_for_all_or_one_per_speaker() -> None:
    assert set(assign(VOICE, "de-DE", ["Ana", "Ben"], ["f3"]).values()) == {"de+f3"}
    assert assign(VOICE, "de-DE", ["Ben", "Ana"], ["f3", "m1@20"]) == {"Ana": "de+f3", "Ben": "de+m1@20"}


@pytest.mark.parametrize("asked", ["nobody", "f99", "xx+f2", "f2@loud", "../f2", ""])
def test_a_voice_that_is_not_shipped_is_refused_by_name(asked: str) -> None:
    with pytest.raises(NoVoice):
        VOICE.resolve("de-DE", asked)


def test_speed_makes_it_shorter_and_silence_is_trimmed() -> None:
    text = "You are allowed to use this voice for any purpose."
    slow, fast = (VOICE.speak(text, "en-us+m3", speed) for speed in (1.0, 1.15))
    assert 1.08 < slow.ms / fast.ms < 1.22
    loud = np.flatnonzero(np.abs(slow.samples) > 0.01)
    assert loud[0] < 0.1 * slow.rate
    assert loud[-1] > len(slow.samples) - 0.1 * slow.rate


@pytest.mark.parametrize("text", ["", " ", "...", "😀😀", "\0\x01", "<speak></speak>", "♪♪", "\u202e\ufeff"])
def test_a_text_without_words_says_so(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        VOICE.speak(text, "en-us+m3", 1.0)
    assert caught.value.code == "nothing_to_say"


def test_a_line_of_endless_length_is_refused() -> None:
    with pytest.raises(EngineError, match="too long to be spoken"):
        VOICE.speak("word " * 2000, "en-us+m3", 1.0)


HOSTILE = """
import random, sys
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.errors import EngineError
voice, dice = EspeakVoice(), random.Random(int(sys.argv[1]))
def text():
    n = dice.choice([1, 5, 50, 300])
    return dice.choice([
        lambda: "".join(chr(dice.randrange(0x3000)) for _ in range(n)),
        lambda: "".join(chr(c) for c in (dice.randrange(0x110000) for _ in range(n)) if not 0xD800 <= c < 0xE000),
        lambda: dice.choice("abあ你க๏7-'’.,") * n,
        lambda: "<speak><prosody rate='" + "9" * n + "'>" + "x</prosody>" * n,
        lambda: "[[" + dice.choice("aeiou@:_!^") * n + "]]",
        lambda: "".join(dice.choice("0123456789.,-+%$€ /:eE") for _ in range(n)),
        lambda: "".join(dice.choice("\\0\\1\\t\\n\\x1b\\u200d\\u202e\\ufeff\\u0301AZ") for _ in range(n)),
    ])()
locales = "en-US ja-JP zh-CN ar-SA hi-IN ko-KR th-TH my-MM he-IL fa-IR am-ET ka-GE".split()
for _ in range(int(sys.argv[2])):
    try:
        voice.speak(text(), dice.choice(voice.cast(dice.choice(locales))), dice.choice([0.95, 1, 1.15]))
    except EngineError:
        pass
print("alive")
"""


def test_hostile_texts_neither_crash_nor_hang_the_library() -> None:
    """In a process of its own, so that a crash would be this test's failure and not the whole run's."""
    seed = str(random.Random(7).randrange(10**6))
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, seed, "40"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "alive", done.stderr[-500:]


def test_kanji_are_warned_about_and_kana_are_not() -> None:
    assert VOICE.caveats("ja-JP", ["右下に"])
    assert not VOICE.caveats("ja-JP", ["バナナ"])
    assert not VOICE.caveats("zh-CN", ["右下"])
