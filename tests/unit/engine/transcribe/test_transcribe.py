"""From what was heard to cues: what is believed, where cues end, and that a long track needs no more memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from polyreel.dubbing.hearing import Transcript, transcript_of
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.transcribe import whisper
from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.doubt import judge_phrases
from polyreel.engine.transcribe.listening import WINDOW_S, listen, speech_in
from polyreel.engine.transcribe.tongues import WHISPER_CODES, find_likeliest_language, find_whisper_code, share_of
from polyreel.engine.transcribe.whisper import RATE, SLICE_S, Slice, encoding_once
from polyreel.engine.transcribe.words import Phrase, Word
from polyreel.subtitles import check
from polyreel.subtitles.model import Track


def words(text: str, start_ms: int = 0, each_ms: int = 300, pause_ms: int = 0) -> list[Word]:
    """A text said evenly, word by word."""
    found, at = [], start_ms
    for word in text.split():
        found.append(Word(text=f" {word}", start_ms=at, end_ms=at + each_ms))
        at += each_ms + pause_ms
    return found


def phrase(text: str, start_ms: int = 0, **rest: float) -> Phrase:
    return Phrase(words=tuple(words(text, start_ms)), **rest)


def test_languages_are_those_that_faster_whisper_has() -> None:
    """The list is kept here, as asking faster-whisper for it takes a repeated job a quarter of a second."""
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert frozenset(_LANGUAGE_CODES) == WHISPER_CODES
    assert whisper.usual_listener().knows("nb-NO")
    assert not whisper.usual_listener().knows("ga-IE")


def noise(seconds: float, level: float = 0.1) -> Samples:
    return (np.random.default_rng(1).normal(0, level, round(seconds * RATE))).astype(np.float32)


# -- cues


def test_cues_end_at_sentences_and_pauses_and_keep_every_word() -> None:
    said = [*words("Hello there."), *words("This is one sentence and this is", 1000), *words("after a pause.", 6000)]
    cues = into_cues(said, "netflix", "en-US", 20_000)
    assert [cue.text.replace("\n", " ") for cue in cues] == [
        "Hello there.",
        "This is one sentence and this is",
        "after a pause.",
    ]


@pytest.mark.parametrize("profile", ["netflix", "bbc"])
@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_cues_of_unbroken_speech_are_as_the_profile_wants_them(profile: str, locale: str) -> None:
    """Two minutes without a full stop still come out in lines and cues that the profile's checks let pass."""
    text = " ".join(["and so the story goes on, as stories do, with the people of the town at the river"] * 20)
    cues = into_cues(words(text, each_ms=320), profile, locale, 200_000)
    found = {finding.code for finding in check(Track(cues), profile, locale)}
    assert found <= {"reading_speed", "too_short"}  # how fast people talk is not ours to change
    assert " ".join(cue.text for cue in cues).split() == text.split()


def test_cues_of_a_script_without_spaces_are_broken_by_its_rules() -> None:
    """Characters stay together with no spaces, and no line begins with a full stop."""
    text = "这是一个示例视频，供您方便和娱乐使用，您可以将此声音用于任何目的，包括商业用途。"
    said = [Word(text=char, start_ms=at * 150, end_ms=at * 150 + 150) for at, char in enumerate(text)]
    cues = into_cues(said, "netflix", "zh-CN", 20_000)
    lines = [line for cue in cues for line in cue.text.split("\n")]
    assert "".join(lines) == text
    assert all(line[0] not in "，。" and len(line) <= 16 for line in lines)


def test_cues_never_overlap_nor_leave_the_reel() -> None:
    said = [*words("One two three."), *words("Four five six.", 850), *words("Seven eight nine.", 2500)]
    cues = into_cues(said, "netflix", "en-US", 2700)
    assert all(one.end_ms < other.start_ms for one, other in pairwise(cues))
    assert cues[-1].end_ms <= 2700


def test_markup_in_what_was_heard_is_text() -> None:
    (cue,) = into_cues(words("a <b> & c"), "netflix", "en-US", 9000)
    assert cue.text == "a &lt;b> &amp; c"


# -- what is believed


def test_text_over_silence_is_not_believed() -> None:
    """Words where the track is still are invented, however sure the listener is."""
    sound = np.concatenate([noise(2), np.zeros(4 * RATE, dtype=np.float32)])
    found = judge_phrases([phrase("really said"), phrase("not said", 3000)], sound, RATE)
    assert [each.text for each in found.believed] == ["really said"]
    assert [(each.first.start_ms, each.why) for each in found.dropped] == [(3000, "over silence: not said")]


@pytest.mark.parametrize(
    ("text", "facts", "reason"),
    [
        ("la la", {"no_speech": 0.9, "logprob": -1.1}, "nobody speaks"),
        ("Ooh, ah, la la la. Mmm", {"no_speech": 0.7, "logprob": -0.4}, "sung without words"),
        ("mumble", {"logprob": -1.9}, "not understood"),
        ("Thanks for watching!", {"no_speech": 0.4, "logprob": -0.5}, "credits learned by heart"),
        ("Untertitel der Amara.org-Community", {"logprob": -0.7}, "credits learned by heart"),
        ("ご視聴ありがとうございました", {"no_speech": 0.5}, "credits learned by heart"),
    ],
)
def test_what_listeners_invent_is_recognised(text: str, facts: dict[str, float], reason: str) -> None:
    found = judge_phrases([phrase(text, **facts)], noise(30), RATE)
    assert not found.believed
    assert found.dropped[0].why.startswith(reason)


def test_what_people_say_is_believed_even_where_it_reads_like_credits() -> None:
    """A sure listener is believed, and three repetitions are speech."""
    said = [phrase("Please subscribe to our channel", no_speech=0.01, logprob=-0.2), phrase("no no no")]
    assert [each.text for each in judge_phrases(said, noise(20), RATE).believed] == [each.text for each in said]


def test_a_phrase_that_begins_again_with_the_last_ones_last_word_is_put_right() -> None:
    """Whisper does so where it goes on after a pause, and is not sure itself; what somebody says twice, it knows."""
    first = phrase("See the time.")
    for probability, said in ((0.14, "When it comes"), (0.9, "time. When it comes")):
        again = phrase("time. When it comes", first.end_ms + 100)
        words = (again.words[0].model_copy(update={"probability": probability}), *again.words[1:])
        found = judge_phrases([first, again.model_copy(update={"words": words})], noise(20), RATE)
        assert found.believed[-1].text == said


def test_a_loop_is_cut_to_what_may_have_been_said() -> None:
    found = judge_phrases([phrase("I know. " * 6 + "Really."), phrase("I know. " * 30, 10_000)], noise(60), RATE)
    assert [each.text for each in found.believed] == ["I know. I know. I know. Really."]
    assert [each.why.partition(":")[0] for each in found.dropped] == ["repeated over and over", "a loop"]


# -- listening


class Counter:
    """A listener that hears one word every second, and notes how long its slices were."""

    name, version = "counter", "1"

    def __init__(self) -> None:
        self.slices: list[float] = []
        self.asked = 0

    def knows(self, locale: str) -> bool:
        return True

    def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
        go_on()
        self.slices.append(len(sound) / RATE)
        self.asked += ask_language
        middles = range(400, len(sound) * 1000 // RATE, 1000)
        words = tuple(Word(text=" word", start_ms=middle - 50, end_ms=middle + 50) for middle in middles)
        return Slice((Phrase(words=words),), {"en": 0.9, "cy": 0.1} if ask_language else {})


class Inattentive(Counter):
    """A listener that stops after the first five seconds of what it is given."""

    def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
        found = super().hear(sound, locale, ask_language, go_on)
        words = tuple(word for word in found.phrases[0].words if word.end_ms < 5000)
        return Slice((Phrase(words=words),), found.languages)


@pytest.fixture(scope="module")
def speech(odd_media: Path) -> Samples:
    """Eleven seconds of speech, 16 kHz."""
    with av.open(str(odd_media / "speech.wav")) as file:
        resampler = av.AudioResampler("flt", "mono", RATE)
        parts = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts)[: 11 * RATE]


def test_speech_is_found_and_music_and_silence_are_not(speech: Samples) -> None:
    seconds = np.arange(8 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (220, 277, 330)).astype(np.float32) / 10
    assert speech_in(chord) == []
    assert speech_in(np.zeros(RATE * 5, dtype=np.float32)) == []
    quiet = np.zeros(RATE * 5, dtype=np.float32)
    spans = speech_in(np.concatenate([quiet, speech, quiet]))
    assert spans
    assert spans[0][0] > 4 * RATE
    assert spans[-1][1] < len(quiet) + len(speech) + RATE


@pytest.mark.slow
async def test_a_long_track_is_heard_in_slices_with_flat_memory(speech: Samples) -> None:
    """Twelve minutes: no slice is too long, every stretch of speech is heard once, times are the track's own."""
    pause = np.zeros(RATE * 25, dtype=np.float32)
    one, rounds = np.concatenate([pause, speech]), 20
    most = 0

    async def sound() -> AsyncIterator[Samples]:
        for _ in range(rounds):
            for start in range(0, len(one), 10 * RATE):
                yield one[start : start + 10 * RATE]

    ear, shares = Counter(), []
    heard = await listen(sound(), ear, "en-US", samples=rounds * len(one), on_progress=shares.append)
    most = max(ear.slices)
    assert most <= SLICE_S + 1
    assert sum(ear.slices) == pytest.approx(heard.speech_ms / 1000, abs=0.1)
    assert rounds * 9 < heard.speech_ms / 1000 < rounds * 12
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > rounds * len(one) / RATE / WINDOW_S - 2
    assert heard.languages == {"en": 0.9, "cy": 0.1}
    assert ear.asked == 3
    every = len(one) / RATE
    for word in heard.words():
        assert (word.start_ms / 1000) % every > 24  # inside the speech, never in a pause


async def test_speech_of_which_nothing_was_heard_among_others_is_heard_alone(speech: Samples) -> None:
    pause = np.zeros(RATE * 20, dtype=np.float32)

    async def sound() -> AsyncIterator[Samples]:
        yield np.concatenate([speech, pause, speech])

    ear = Inattentive()
    heard = await listen(sound(), ear, "en-US", samples=42 * RATE, on_progress=lambda _: None)
    starts = [word.start_ms for word in heard.words()]
    assert any(start > 30_000 for start in starts), "the second speech would be lost"
    assert starts == sorted(starts)
    assert len(ear.slices) == 2
    assert heard.speech_ms < 24_000, "counted once"


async def test_a_song_is_noted_with_its_time_in_the_track_and_humming_left_out(odd_media: Path) -> None:
    class Doubtful(Counter):
        def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
            (phrase,) = super().hear(sound, locale, ask_language, go_on).phrases
            hummed = tuple(word.model_copy(update={"text": " ooh"}) for word in phrase.words[:2])
            sung = Phrase(words=phrase.words[2:4], no_speech=0.5, logprob=-0.3)
            return Slice((Phrase(words=hummed, no_speech=0.7), sung, Phrase(words=phrase.words[4:])), {})

    async def hear(listener: Counter) -> Transcript:
        file = odd_media / "speech.wav"
        return await transcript_of(
            file, listener, "en-US", profile="none", length_ms=11_000, on_progress=lambda _: None
        )

    found = await hear(Doubtful())
    left_out, song = found.notes[-2:]
    assert "not believed, such as '0." in left_out
    assert "s: sung without words: ooh ooh'" in left_out
    assert "may be sung, or said over music, are in the script: 2." in song
    assert "ooh" not in " ".join(cue.text for cue in found.cues)
    assert "may be sung" not in " ".join((await hear(Counter())).notes)


async def test_cancelling_stops_the_listener(speech: Samples) -> None:
    """A cancelled listening ends between two pieces of work, and leaves no thread behind."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    ends: list[str] = []

    class Endless(Counter):
        def hear(self, sound: Samples, locale: str, ask_language: bool, go_on: Callable[[], None]) -> Slice:
            loop.call_soon_threadsafe(begun.set)
            try:
                while True:
                    go_on()
            finally:
                ends.append("told")

    async def sound() -> AsyncIterator[Samples]:
        yield speech

    listening = asyncio.ensure_future(
        listen(sound(), Endless(), "en-US", samples=len(speech), on_progress=lambda _: None)
    )
    await begun.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert ends == ["told"]


# -- languages


def test_languages_that_sound_alike_pass_for_each_other() -> None:
    assert find_whisper_code("nb-NO") == "no"
    assert share_of("es-ES", {"es": 0.6, "gl": 0.3, "pt": 0.1}) == pytest.approx(0.9)
    assert share_of("hr-HR", {"bs": 0.5, "sr": 0.4}) == pytest.approx(0.9)
    assert share_of("pt-BR", {"es": 0.9, "pt": 0.1}) == pytest.approx(0.1)
    assert find_likeliest_language({}) == ("", 0.0)


def test_a_window_is_encoded_once_whatever_is_asked_of_it() -> None:
    """The language and the words come from one encoding; a frame of padding makes no other window of it."""

    class Model:
        def __init__(self) -> None:
            self.encoded: list[float] = []

        def encode(self, features: np.ndarray) -> float:
            self.encoded.append(float(features[0, 0]))
            return self.encoded[-1]

    plain = Model()
    model = encoding_once(plain)
    window = np.random.default_rng(1).random((80, 300), np.float32)
    padded, other = window.copy(), window[:, ::-1].copy()
    padded[:, -1] = 0
    assert model.encode(window) == model.encode(padded) == float(window[0, 0])
    assert model.encode(other) == float(other[0, 0])
    assert model.encode(window[:, :200]) == float(window[0, 0])
    assert len(plain.encoded) == 3
