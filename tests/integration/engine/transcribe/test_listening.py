"""With real weights: a neural narrator transcribed, listened to against his script, and defects heard."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from polyreel.dubbing.backchecks import check_language, check_words
from polyreel.dubbing.hearing import transcript_of
from polyreel.dubbing.limits import WordLimits
from polyreel.engine.backcheck.align import align_tokens
from polyreel.engine.backcheck.tokens import split_tokens, with_numbers_alike
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, WHISPER_BASE
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.sound import of_file
from polyreel.engine.transcribe.whisper import RATE, Attention, Whisper
from polyreel.engine.transcribe.words import Heard
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.errors import EngineError, MediaError
from polyreel.outcome import LineFit
from polyreel.sandbox.spoken import ReelRecipe, make_spoken_reel
from polyreel.subtitles import check, plain_text, read_file
from polyreel.subtitles.model import Cue, Track

REEL_MS = 42_400


@pytest.fixture(scope="module")
def whisper(weights: Callable[..., Path]) -> Whisper:
    """One listener for the module."""
    folder = weights(WHISPER_BASE) / WHISPER_BASE.name
    return Whisper(lambda: folder, "whisper-base", "test")


@pytest.fixture(scope="module")
def narrator(weights: Callable[..., Path], data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The narrated video's English script in a neural voice: espeak-ng is not what a listener is made for."""
    shelf, folder = weights(KOKORO, KOKORO_VOICES), tmp_path_factory.mktemp("narrator")
    recipe = ReelRecipe(Fraction("42.4"), width=320, height=180, voices=("am_michael",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYREEL_HOME", str(shelf.parent))
        script = data / "narrated" / "narrated.en-US.srt"
        return asyncio.run(make_spoken_reel(script, folder / "narrator.mp4", recipe, KokoroVoice()))


def test_names_of_the_vocabulary_are_written_as_they_are(weights: Callable[..., Path]) -> None:
    shelf = weights(KOKORO, KOKORO_VOICES, WHISPER_BASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYREEL_HOME", str(shelf.parent))
        said = KokoroVoice().speak("Please ask Siobhan Kowalczyk about the harbour.", "af_heart@en-US", 1.0)
    sound = resample(said.samples, said.rate, 16_000)

    def hear(*words: str) -> tuple[str, tuple[str, ...]]:
        listener = Whisper(lambda: shelf / WHISPER_BASE.name, "whisper-base", "test", Attention(vocabulary=words))
        heard = listener.hear(sound, "en-US", False, lambda: None)
        return "".join(phrase.text for phrase in heard.phrases), listener.not_expected

    assert "Kowalczyk" not in hear()[0]
    assert "Siobhan Kowalczyk" in hear("Siobhan Kowalczyk", "Sørvik")[0]
    many = tuple(f"Kowalczyk{number}" for number in range(100))
    left = hear(*many)[1]
    assert left == many[-len(left) :]
    assert 0 < len(left) < 100


@pytest.fixture(scope="module")
def whole(whisper: Whisper, narrator: Path) -> Heard:
    """The narrator, heard once for the module."""
    sound = of_file(narrator)
    return asyncio.run(listen(sound, whisper, "en-US", samples=REEL_MS * 16, on_progress=lambda _: None))


def piece(source: Path, target: Path, *options: str) -> Path:
    """Some of a file's sound, filtered."""
    command = [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(source), "-vn", *options, str(target)]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="module")
def script(data: Path) -> tuple[Cue, ...]:
    return read_file(data / "narrated" / "narrated.en-US.srt").track.cues


def as_lines(cues: tuple[Cue, ...]) -> list[LineFit]:
    """A script as it is spoken by its own narrator."""
    return [
        LineFit(
            text=" ".join(plain_text(cue.text).split()),
            cue_start_ms=cue.start_ms,
            cue_end_ms=cue.end_ms,
            start_ms=cue.start_ms,
            end_ms=cue.end_ms,
            natural_ms=cue.duration_ms,
            ratio=1.0,
        )
        for cue in cues
    ]


def test_a_narrator_is_transcribed_into_cues_of_the_profile(whole: Heard, script: tuple[Cue, ...]) -> None:
    """The words are the script's, the times are near its own, and Netflix's checks find nothing in the cues."""
    cues = into_cues(list(whole.words()), "netflix", "en-US", REEL_MS)
    said = " ".join(plain_text(cue.text) for cue in cues)
    wanted, found = with_numbers_alike(
        split_tokens(" ".join(plain_text(cue.text) for cue in script), "en-US"), split_tokens(said, "en-US"), "en-US"
    )
    assert align_tokens(wanted, found).errors / len(wanted) <= 0.05
    assert check(Track(cues), "netflix", "en-US") == ()
    assert cues[-1].start_ms == pytest.approx(39_660, abs=500)


async def test_defects_are_heard(
    whisper: Whisper, whole: Heard, narrator: Path, script: tuple[Cue, ...], tmp_path: Path
) -> None:
    """The narrator against his own script passes; with a line silenced, one unwritten, or as another, he fails."""
    good = check_words(whole, as_lines(script), "en-US", WordLimits())
    third_line_off = ("-t", "13", "-af", "volume=0:enable='between(t,5,10.2)'")
    broken = await listen(
        of_file(piece(narrator, tmp_path / "cut.m4a", *third_line_off)),
        whisper,
        "en-US",
        samples=13 * RATE,
        on_progress=lambda _: None,
    )
    bad = check_words(broken, as_lines(script[:4]), "en-US", WordLimits())
    assert (good.status, bad.status) == ("pass", "fail")
    assert "1 line not heard (5.1 s: Nobody stood" in bad.detail
    without_the_end = check_words(whole, as_lines(script[:3]), "en-US", WordLimits())
    assert without_the_end.status == "fail"
    assert "heard without a line" in without_the_end.detail
    assert check_language(whole, "en-US", WordLimits()).status == "pass"
    assert check_language(whole, "es-ES", WordLimits()).status == "fail"


async def test_the_wrong_locale_is_refused(whisper: Whisper, narrator: Path, tmp_path: Path) -> None:
    clip = piece(narrator, tmp_path / "clip.m4a", "-t", "6")
    with pytest.raises(MediaError, match="speaks 'en'") as caught:
        await transcript_of(clip, whisper, "fr-FR", profile="none", length_ms=6000, on_progress=lambda _: None)
    assert caught.value.code == "wrong_language"


async def test_a_film_in_which_nobody_speaks_is_an_empty_transcript(whisper: Whisper, odd_media: Path) -> None:
    """Music and effects give no words, however much the listener would like them to."""
    film = odd_media / "wordless.webm"
    with pytest.raises(MediaError, match="nobody speaks") as caught:
        await transcript_of(film, whisper, "en-US", profile="none", length_ms=30_000, on_progress=lambda _: None)
    assert caught.value.code == "empty_transcript"


def make_notes(seconds: float, partials: tuple[float, ...], each_s: float) -> Samples:
    """A melody of notes with overtones, `partials` loud: plucked where they are short, held where they are long."""
    out, at = np.zeros(int(seconds * RATE), np.float32), 0
    for pitch in cycle((262, 294, 330, 220, 392, 247)):
        time = np.arange(int(each_s * RATE)) / RATE
        sway = time + 0.0005 * np.sin(2 * np.pi * 5.5 * time)
        note = sum(loud * np.sin(2 * np.pi * pitch * k * sway) for k, loud in enumerate(partials, 1))
        fade = np.minimum(1, time / 0.05) * np.minimum(1, (each_s - time) / 0.1)
        out[at : at + len(time)] = (note * fade * 0.15)[: len(out) - at]
        at += len(time)
        if at >= len(out):
            return out
    return out


async def test_of_speech_music_held_notes_and_speech_only_the_speech_is_written(
    whisper: Whisper, narrator: Path, tmp_path: Path
) -> None:
    clip = [block async for block in of_file(piece(narrator, tmp_path / "said.m4a", "-t", "12"))]
    said, still = np.concatenate(clip), np.zeros(RATE // 2, np.float32)
    music = make_notes(12, (1, 0.5, 0.3, 0.2), 0.25)
    # The loud overtones of an "ah": near 730 and 1,090 Hz.
    held = make_notes(12, (0.6, 0.8, 1.0, 0.9, 0.4, 0.1), 1.2)

    async def sound() -> AsyncIterator[Samples]:
        yield np.concatenate([said, still, music, held, still, said])

    samples = 2 * len(said) + 2 * len(still) + len(music) + len(held)
    heard = await listen(sound(), whisper, "en-US", samples=samples, on_progress=lambda _: None)
    first_end, second_start = len(said) / RATE, (samples - len(said)) / RATE
    between = [word.text for word in heard.words() if first_end + 0.3 < word.start_ms / 1000 < second_start - 0.3]
    assert between == []
    early = [split_tokens(word.text, "en-US") for word in heard.words() if word.start_ms / 1000 < first_end + 0.3]
    late = [split_tokens(word.text, "en-US") for word in heard.words() if word.start_ms / 1000 > second_start - 0.3]
    assert len(early) > 15
    assert abs(len(early) - len(late)) <= 1
    # The first word after the loud notes is heard as the first one of the film is.
    assert early[0] == late[0] == ["hello"]


async def test_weights_that_are_none_are_said_to_be_damaged(tmp_path: Path, odd_media: Path) -> None:
    """Bytes that are no model end in one error with its remedy."""
    (tmp_path / "model.bin").write_bytes(b"nonsense")
    broken = Whisper(lambda: tmp_path, "whisper-base", "test")
    with pytest.raises(EngineError) as caught:
        await listen(of_file(odd_media / "speech.wav"), broken, "en-US", samples=11 * RATE, on_progress=lambda _: None)
    assert caught.value.code == "model_damaged"
    assert "models verify" in caught.value.remedy
