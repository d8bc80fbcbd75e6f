"""Real media of others, from ../shared/testdata: a narrator, films without speech, files of the wrong kind."""

from __future__ import annotations

import asyncio
import json
import subprocess
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.dubbing.hearing import transcript_of
from polyreel.engine.backcheck.align import align_tokens
from polyreel.engine.backcheck.tokens import split_tokens, with_numbers_alike
from polyreel.engine.models.registry import SPLEETER, WHISPER_BASE
from polyreel.engine.separation import leak
from polyreel.engine.separation.learned import Learned
from polyreel.engine.separation.port import part
from polyreel.engine.separation.spleeter_model import TwoStems
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers.pitch import gender_by_pitch, measure_pitches
from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.sound import of_file
from polyreel.engine.transcribe.whisper import Whisper
from polyreel.errors import MediaError
from polyreel.media.binaries import ffmpeg
from polyreel.sandbox.music import RATE, play_music
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import check, plain_text, read_file
from polyreel.subtitles.model import Track
from tests.material import TESTDATA

if not TESTDATA.is_dir():
    pytest.skip("../shared/testdata is not here: no real media", allow_module_level=True)


def test_a_real_film_is_dubbed_whole(tmp_path: Path, polyreel: Any, testdata: Path) -> None:
    """The narrated video into Spanish and Arabic, as a person would ask for it."""
    narrated = testdata / "narrated"
    targets = [{"locale": each, "subtitles": str(narrated / f"narrated.{each}.srt")} for each in ("es-ES", "ar-SA")]
    source = {
        "media": str(narrated / "narrated.mp4"),
        "locale": "en-US",
        "subtitles": str(narrated / "narrated.en-US.srt"),
    }
    (tmp_path / "job.yaml").write_text(
        json.dumps(
            {"name": "real", "source": source, "targets": targets, "delivery": [{"to": "folder", "path": "out"}]}
        )
    )
    done = polyreel("run", tmp_path / "job.yaml", "--json")
    assert done.code == 0, done.stderr
    for language in done.json["languages"].values():
        checks = {each["name"]: each["status"] for each in language["checks"]}
        assert (checks["loudness"], checks["duration"]) == ("pass", "pass")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("bikes.mp4", "missing_audio_track"),
        ("popcorn-italia.mp4", "unsupported_media"),
    ],
)
def test_real_media_that_can_not_be_dubbed(work: Any, polyreel: Any, testdata: Path, file: str, code: str) -> None:
    job = work("es-ES", source={"media": str(testdata / "media" / file), "locale": "en-US"})
    done = polyreel("run", job, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, code)
    assert file in done.json["error"]["message"]


@pytest.mark.parametrize(("file", "output"), [("popcorn-italia.mp4", "mp3"), ("jfk.wav", None)])
def test_real_sound_is_dubbed_as_sound(
    tmp_path: Path, polyreel: Any, testdata: Path, file: str, output: str | None
) -> None:
    (tmp_path / "es.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHola a todos.\n")
    job = {
        "name": "pod",
        "source": {"media": str(testdata / "media" / file), "locale": "en-US"},
        "targets": [{"locale": "es-ES", "subtitles": "es.srt"}],
        "delivery": [{"to": "folder", "path": "out"}],
    } | ({"output": output} if output else {})
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    done = polyreel("run", tmp_path / "job.yaml", "--json")
    assert done.code == 0, done.stderr
    assert [
        each.suffix for each in (tmp_path / "out/pod/es-ES").glob("pod.es-ES.???") if each.suffix in (".mp3", ".wav")
    ] == [f".{output or 'wav'}"]


def test_a_real_man_is_heard_as_one_with_and_without_noise(testdata: Path) -> None:
    media = testdata / "narrated" / "narrated.mp4"
    command = [ffmpeg(), "-v", "error", "-t", "15", "-i", media, "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    voice = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")
    noise = 0.003 * np.random.default_rng(1).standard_normal(len(voice)).astype(np.float32)
    assert gender_by_pitch(measure_pitches(voice)) == gender_by_pitch(measure_pitches(voice + noise)) == "male"
    assert float(np.median(measure_pitches(voice))) == pytest.approx(103, abs=5)


@pytest.fixture(scope="module")
def whisper(weights: Callable[..., Path]) -> Whisper:
    folder = weights(WHISPER_BASE) / WHISPER_BASE.name
    return Whisper(lambda: folder, "whisper-base", "test")


def test_a_real_narrator_is_transcribed_into_cues_of_the_profile(whisper: Whisper, testdata: Path) -> None:
    """The words are the script's, the times are near its own, and Netflix's checks find nothing in the cues."""
    narrated, reel_ms = testdata / "narrated", 42_400
    script = read_file(narrated / "narrated.en-US.srt").track.cues
    sound = of_file(narrated / "narrated.mp4")
    heard = asyncio.run(listen(sound, whisper, "en-US", samples=reel_ms * 16, on_progress=lambda _: None))
    cues = into_cues(list(heard.words()), "netflix", "en-US", reel_ms)
    said = " ".join(plain_text(cue.text) for cue in cues)
    wanted = split_tokens(" ".join(plain_text(cue.text) for cue in script), "en-US")
    wanted, found = with_numbers_alike(wanted, split_tokens(said, "en-US"), "en-US")
    assert align_tokens(wanted, found).errors / len(wanted) <= 0.05
    assert check(Track(cues), "netflix", "en-US") == ()
    assert cues[-1].start_ms == pytest.approx(39_660, abs=500)


async def test_a_real_film_in_which_nobody_speaks_is_an_empty_transcript(whisper: Whisper, testdata: Path) -> None:
    film = testdata / "media" / "moviepy-bbb_0_30.webm"
    with pytest.raises(MediaError, match="nobody speaks") as caught:
        await transcript_of(film, whisper, "en-US", profile="none", length_ms=30_000, on_progress=lambda _: None)
    assert caught.value.code == "empty_transcript"


def test_a_real_voice_is_parted_from_music(testdata: Path, tmp_path: Path, on_the_shelf: Callable[..., None]) -> None:
    """The sample's music 8 dB below a real voice: 14 dB better apart than together."""
    on_the_shelf(SPLEETER)
    with wave.open(str(testdata / "media" / "jfk.wav")) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())[:, 0]
        voice = resample(raw.astype(np.float32) / 32768, file.getframerate(), RATE)
    music = np.concatenate(list(play_music(len(voice))))
    music *= np.sqrt(np.square(voice).mean() / np.square(music).mean()) * 10 ** (-8 / 20)
    with wave.open(str(tmp_path / "reel.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(music + voice[:, None], -1, 1) * 32_767).astype("<i2").tobytes())
    stems = asyncio.run(
        part(tmp_path / "reel.wav", LocalStore(), Learned(TwoStems()), duration=Fraction(len(voice), RATE))
    )
    assert stems.background is not None
    background = open_track(path_of(stems.background.audio)).read(0, len(voice)).mean(axis=1)
    found = voice + music.mean(axis=1) - background
    scaled = voice * float(found @ voice / (voice @ voice))
    assert 10 * np.log10(np.square(scaled).sum() / np.square(found - scaled).sum()) > 14  # SI-SDR
    assert 10 * np.log10(leak.measure_filtered_share(background, voice)) < -20
