"""What only a listener can find in a finished dub, with real voices: each planted in one, and heard."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.backchecks import check_heard
from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.hearing import listen_to_dub
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.line_hearing import Ears, Given, hear_lines
from polyreel.dubbing.voice_checks import check_voices
from polyreel.engine.backcheck.quality import speech_judge
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPEECH_QUALITY, VOICE_PRINTS, WHISPER_BASE
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import read_stem
from polyreel.engine.speakers.voiceprint import encoder
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.job import SubtitleProfile
from polyreel.media.binaries import ffmpeg
from polyreel.outcome import Check, StoredFile
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Track
from tests.integration.dubbing.planted import (
    Made,
    dub,
    request_of,
)


@dataclass(frozen=True)
class Neural:
    """The narrated video in Spanish and in French, by real voices, as sound that a test may cut and paste."""

    spanish: np.ndarray
    french: np.ndarray
    english: np.ndarray
    made: Made


@pytest.fixture(scope="module")
def neural(weights: Callable[..., Path], narrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Neural:
    shelf = weights(KOKORO, KOKORO_VOICES, WHISPER_BASE, VOICE_PRINTS, SPEECH_QUALITY)
    folder = tmp_path_factory.mktemp("neural")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYREEL_HOME", str(folder))
        (folder / "models").symlink_to(shelf)
        store = LocalStore(folder / "store")
        stems = asyncio.run(part(narrated / "narrated.mp4", store, Ducked(), duration=Fraction("42.4")))
        asked = {
            locale: request_of(store, stems, ()).model_copy(
                update={
                    "locale": locale,
                    "duration": "42.4",
                    "mix": "speech_only",
                    "script": _sentences(narrated / f"narrated.{locale}.srt", store),
                }
            )
            for locale in ("es-ES", "fr-FR")
        }
        made = {locale: asyncio.run(dub(asked[locale], store, voice_for("neural"))) for locale in asked}
        spanish, french = (decoded(path_of(audio)) for each in made.values() if (audio := each.audio))
        return Neural(
            spanish, french, decoded(narrated / "narrated.mp4"), Made(made["es-ES"], asked["es-ES"], folder, store)
        )


def _sentences(script: Path, store: LocalStore) -> StoredFile:
    """A script without its lone words: of a single word even a good listener makes another."""
    cues = read_file(script).track.cues
    said = Track(tuple(cue for cue in cues if len(cue.text.split()) > 2))
    return store.keep_bytes(write(said, "srt").text.encode(), ".srt")


def decoded(path: Path) -> np.ndarray:
    raw = subprocess.run(
        [ffmpeg(), "-v", "error", "-i", path, "-vn", "-ac", "1", "-ar", "48000", "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, "<f4")


def heard_checks(
    neural: Neural, track: np.ndarray, monkeypatch: pytest.MonkeyPatch, profile: SubtitleProfile = "netflix"
) -> dict[str, Check]:
    """A track listened to as the job's stage does, against the Spanish script."""
    made = neural.made
    monkeypatch.setenv("POLYREEL_HOME", str(made.folder))
    path = made.folder / "track.m4a"
    command = [ffmpeg(), "-v", "error", "-y", "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "-", path]
    subprocess.run(command, input=track.astype("<f4").tobytes(), check=True)
    dubbed = made.dubbed.model_copy(update={"audio": made.store.keep_file(path, ".m4a")})
    heard = asyncio.run(listen_to_dub(dubbed, made.request, usual_listener(), lambda _: None))
    assert heard is not None
    return {
        check.name: check for check in check_heard(heard, dubbed.lines, "es-ES", DubLimits.of(profile, "source").words)
    }


def test_a_real_dub_is_understood(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard_checks(neural, neural.spanish, monkeypatch)
    assert {name: check.status for name, check in found.items()} == {"back_transcription": "pass", "language": "pass"}
    value = found["back_transcription"].value
    assert isinstance(value, float)
    assert value <= 0.10


def test_a_line_that_was_lost_is_missed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    line = neural.made.dubbed.lines[2]
    track = neural.spanish.copy()
    track[line.start_ms * 48 : line.end_ms * 48] = 0
    found = heard_checks(neural, track, monkeypatch)["back_transcription"]
    assert found.status == "fail"
    assert f"1 line not heard ({line.cue_start_ms / 1000:.1f} s" in found.detail


def test_speech_that_no_line_has_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line said once more in a pause of the film."""
    line = neural.made.dubbed.lines[2]
    said = neural.spanish[line.start_ms * 48 : line.end_ms * 48]
    track = neural.spanish.copy()
    track[26 * 48_000 : 26 * 48_000 + len(said)] = said
    found = heard_checks(neural, track, monkeypatch)["back_transcription"]
    assert found.status == "fail"
    assert "heard without a line: 2" in found.detail


def test_another_language_in_its_place_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard_checks(neural, neural.french, monkeypatch)
    assert (found["language"].status, found["back_transcription"].status) == ("fail", "fail")
    assert "heard as French" in found["language"].detail


def test_the_source_left_at_full_level_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """The narrator goes on speaking English beneath the new voice, as loud as she is."""
    length = min(len(neural.spanish), len(neural.english))
    found = heard_checks(neural, neural.spanish[:length] + 1.5 * neural.english[:length], monkeypatch)
    assert "fail" in {found["back_transcription"].status, found["language"].status}, found


def test_a_garbled_voice_is_judged_by_the_profile(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise that drowns half the words."""
    noise = np.random.default_rng(1).standard_normal(len(neural.spanish)).astype(np.float32)
    level = float(np.sqrt(np.square(neural.spanish[neural.spanish != 0]).mean()))
    found = heard_checks(neural, neural.spanish + 2.5 * level * noise, monkeypatch, "none")["back_transcription"]
    assert found.status in {"warn", "fail"}


# -- what is heard line by line: an accent, a stranger's voice, speech that is not clean


def line_checks(
    neural: Neural, stem: np.ndarray, monkeypatch: pytest.MonkeyPatch, profile: SubtitleProfile = "netflix"
) -> dict[str, Check]:
    """A speech stem judged as the job's stages do it. Speakers: as the stem's script names them, nobody."""
    made = neural.made
    monkeypatch.setenv("POLYREEL_HOME", str(made.folder))
    speech = made.store.keep_bytes((np.clip(stem, -1, 1) * 32767).astype("<i2").tobytes(), ".s16")
    dubbed = made.dubbed.model_copy(update={"speech": speech})
    ears = Ears(usual_listener(), encoder, speech_judge)
    heard = asyncio.run(hear_lines(Given(dubbed, made.request, made.request.stems), ears, made.store))
    assert heard is not None
    return {check.name: check for check in check_voices(heard, "es-ES", DubLimits.of(profile, "source").voices)}


def spanish_stem(neural: Neural) -> np.ndarray:
    speech = neural.made.dubbed.speech
    assert speech
    return read_stem(path_of(speech), 0, speech.bytes // 2).copy()


def with_line_said_by(neural: Neural, place: int, voice: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The Spanish stem with one line said by another voice, in the phonemes of that voice's language."""
    monkeypatch.setenv("POLYREEL_HOME", str(neural.made.folder))
    line, stem = neural.made.dubbed.lines[place], spanish_stem(neural)
    said = voice_for("neural").speak(line.text, voice, 1.0)
    sound = resample(said.samples, said.rate, 48_000)[: (line.end_ms - line.start_ms) * 48]
    start, end = line.start_ms * 48, line.end_ms * 48
    level = np.abs(stem[start:end]).max() / np.abs(sound).max()
    stem[start:end] = 0
    stem[start : start + len(sound)] = sound * level
    return stem


def test_a_real_dub_has_no_accent_one_voice_and_clean_speech(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = line_checks(neural, spanish_stem(neural), monkeypatch)
    assert {name: check.status for name, check in found.items()} == dict.fromkeys(
        ("accent", "one_voice", "speech_quality"), "pass"
    ), found


def test_a_line_in_a_foreign_accent_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spanish words read as an English voice would read them: the dub as a whole is Spanish all the same."""
    stem = with_line_said_by(neural, 2, "kokoro:af_heart@en-US", monkeypatch)
    found = line_checks(neural, stem, monkeypatch)["accent"]
    assert (found.status, found.value) == ("fail", 1), found  # one of four: more than a fifth
    assert f" {neural.made.dubbed.lines[2].start_ms / 1000:.1f} s 'En la imagen" in found.detail
    assert "sounds like English" in found.detail


def test_a_line_in_a_strangers_voice_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = with_line_said_by(neural, 2, "kokoro:em_alex@es-ES", monkeypatch)
    found = line_checks(neural, stem, monkeypatch)
    assert (found["one_voice"].status, found["one_voice"].value) == ("fail", 1), found
    assert f"{neural.made.dubbed.lines[2].start_ms / 1000:.1f} s" in found["one_voice"].detail
    assert found["accent"].status == "pass", "he speaks Spanish as well as she does"


@pytest.mark.parametrize("defect", ["noise", "clipping", "drop-outs"])
def test_speech_that_is_not_clean_is_noticed(neural: Neural, defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = spanish_stem(neural)
    level = float(np.sqrt(np.square(stem[stem != 0]).mean()))
    noise = np.random.default_rng(1).standard_normal(len(stem)).astype(np.float32)
    damaged = {
        "noise": stem + 0.3 * level * noise,
        "clipping": np.clip(stem * 20 / np.abs(stem).max(), -0.5, 0.5),
        "drop-outs": stem * (np.arange(len(stem)) % 9600 > 2400),
    }[defect]
    found = line_checks(neural, damaged, monkeypatch)["speech_quality"]
    assert found.status in {"warn", "fail"}, found
    assert isinstance(found.value, float)
    assert found.value < 2.6  # of the undamaged one it is 3.4
