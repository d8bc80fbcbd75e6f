"""Cloned voices: a sample that can be heard and a consent that says something, both kept, or the job is refused."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.engine.sound.pcm import open_track
from polyreel.errors import InvalidJob, MediaError
from polyreel.job import Job
from polyreel.outcome import ClonedVoice
from polyreel.planning import clones
from polyreel.planning.clones import keep_asked_clones
from polyreel.planning.named_files import Intake
from polyreel.store.local import LocalStore, path_of

RATE = 16_000


def sample(folder: Path, seconds: float, level: float = 0.3) -> Path:
    path = folder / "ana.wav"
    tone = level * np.sin(np.arange(round(RATE * seconds)) / 10)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return path


def consent(folder: Path, content: bytes = b"I, Ana, agree.") -> Path:
    (folder / "ana.txt").write_bytes(content)
    return folder / "ana.txt"


async def keep(folder: Path, heard: Path, agreed: Path, **clone: Any) -> tuple[ClonedVoice, ...]:
    asked = {"sample": str(heard), "consent": {"by": "Ana", "file": str(agreed)}, **clone}
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": {"provider": "embedded", "clones": [asked]},
        }
    )
    return await keep_asked_clones(job, Intake(LocalStore(folder / "store"), None, "reel.mp4"))


async def test_what_is_kept_says_whose_voice_it_is_who_agreed_and_what_was_given(tmp_path: Path) -> None:
    (voice,) = await keep(tmp_path, sample(tmp_path, 4), consent(tmp_path), speaker="Ana")
    assert (voice.speaker, voice.by) == ("Ana", "Ana")
    assert path_of(voice.consent).read_bytes() == b"I, Ana, agree."
    assert voice.given_sha256 != voice.sample.sha256
    track = open_track(path_of(voice.sample))
    assert (track.channels, track.samples) == (1, 4 * 48_000)


async def test_of_a_long_sample_the_first_half_minute_counts(tmp_path: Path) -> None:
    (voice,) = await keep(tmp_path, sample(tmp_path, 33), consent(tmp_path))
    assert open_track(path_of(voice.sample)).samples == 30 * 48_000


@pytest.mark.parametrize(
    ("seconds", "level", "why"), [(1.0, 0.3, "lasts 1.0 s, less than 3 s"), (4.0, 0.0, "nothing is heard")]
)
async def test_a_sample_that_is_no_voice_to_clone_is_refused(
    tmp_path: Path, seconds: float, level: float, why: str
) -> None:
    with pytest.raises(MediaError, match=why) as refused:
        await keep(tmp_path, sample(tmp_path, seconds, level), consent(tmp_path), speaker="Ana")
    assert (refused.value.code, refused.value.where) == ("bad_sample", "dubbing.clones: Ana")


async def test_a_sample_that_is_no_sound_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "ana.mp3").write_text("not a sound")
    with pytest.raises(MediaError) as refused:
        await keep(tmp_path, tmp_path / "ana.mp3", consent(tmp_path))
    assert refused.value.code == "bad_sample"


@pytest.mark.parametrize(("content", "code"), [(b"", "invalid_input"), (b"x" * 11, "bad_consent")])
async def test_a_consent_that_says_nothing_or_is_a_film_is_none(
    tmp_path: Path, content: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the sample is decoded: without a consent nobody's voice is touched."""
    monkeypatch.setattr(clones, "_MOST_BYTES", 10)
    with pytest.raises(InvalidJob) as refused:
        await keep(tmp_path, sample(tmp_path, 4), consent(tmp_path, content))
    assert refused.value.code == code


async def test_a_consent_that_is_not_there_stops_the_job(tmp_path: Path) -> None:
    with pytest.raises(InvalidJob, match="consent"):
        await keep(tmp_path, sample(tmp_path, 4), tmp_path / "nobody.txt")
