"""A voice cloned with consent, up to the delivered file: what is asked, refused, spoken, and said of it everywhere."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.machine.files import sha256_of
from polyreel.packaging.provenance import c2pa
from tests.pocket import write_bundle


@pytest.fixture
def bundle(tmp_path: Path, polyreel: Any) -> None:
    """Spanish on small nets, added as a user adds it."""
    done = polyreel("voices", "add", write_bundle(tmp_path / "spanish", "spanish_24l"))
    assert done.code == 0, done.stderr


def write_sample(file: Path, seconds: float = 4, loud: float = 0.8) -> Path:
    """Somebody's sample, as a recorder gives it: 44.1 kHz, two channels."""
    sound = loud * np.sin(np.arange(int(seconds * 44_100)) * 2 * np.pi * 150 / 44_100)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(44_100)
        out.writeframes((np.stack([sound, sound], 1) * 32767).astype("<i2").tobytes())
    return file


def ask(work: Any, *clones: dict[str, Any], **more: Any) -> Path:
    dubbing = {"provider": "embedded", "mix": "speech_only", "clones": list(clones)}
    job: Path = work("es-ES", dubbing=dubbing, trim={"start": 0, "end": 20}, **more)
    write_sample(job.parent / "ana.wav")
    (job.parent / "consent.txt").write_text("I agree. Ana Muñoz")
    return job


ANA = {"sample": "ana.wav", "consent": {"by": "Ana Muñoz", "file": "consent.txt"}}


def test_a_clone_speaks_and_its_consent_goes_wherever_the_dub_goes(
    work: Any, polyreel: Any, bundle: None, polyreel_home: Path
) -> None:
    """In the outcome, its notes, the manifest, the report and the signed file; the sample itself is not delivered."""
    job = ask(work, ANA, provenance={})
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    language = done.json["languages"]["es-ES"]
    sample, consent = (sha256_of(job.parent / name) for name in ("ana.wav", "consent.txt"))
    (record,) = language["cloned_voices"]
    assert (record["sample_sha256"], record["consent_by"], record["consent_sha256"]) == (sample, "Ana Muñoz", consent)
    assert f"SHA-256 {sample[:12]}" in " ".join(language["notes"])
    assert "with consent by Ana Muñoz" in " ".join(language["notes"])

    out = job.parent / "out"
    manifest = json.loads(Path(done.json["manifest"]).read_text())
    assert manifest["cloned_voices"] == {"es-ES": [record]}
    assert "with consent by Ana Muñoz" in Path(done.json["report"]).read_text("utf-8")
    found = c2pa.read(Path(language["video"]))
    assert found is not None
    (dub,) = found.facts["dubs"]
    assert dub["cloned_voices"][0]["consent"] == {"by": "Ana Muñoz", "sha256": consent}
    assert all(record["voice"] in voice for voice in dub["voices"].values())
    told = polyreel("provenance", language["video"])
    assert "a cloned voice, with consent by Ana Muñoz" in told.stdout
    assert not [path for path in out.rglob("*") if path.is_file() and sha256_of(path) in {sample, consent}]


def test_without_consent_nobody_is_cloned(work: Any, polyreel: Any, bundle: None) -> None:
    refused = polyreel("run", ask(work, {"sample": "ana.wav"}))
    assert refused.code == 2
    assert "consent" in refused.stderr
    assert "is required" in refused.stderr
    refused = polyreel("run", ask(work, {**ANA, "consent": {"by": "Ana", "file": "none.txt"}}))
    assert refused.code == 2
    assert "none.txt" in refused.stderr


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ({"seconds": 1.5}, "it lasts 1.5 s, less than 3 s"),
        ({"loud": 0.0}, "nothing is heard in it"),
    ],
)
def test_a_sample_that_is_none_is_refused_in_one_line(
    work: Any, polyreel: Any, bundle: None, sample: dict[str, float], why: str
) -> None:
    job = ask(work, ANA)
    write_sample(job.parent / "ana.wav", **sample)
    refused = polyreel("plan", job)
    assert refused.code != 0
    assert why in refused.stderr
    assert "[bad_sample]" in refused.stderr


def test_without_a_bundle_of_the_language_the_language_is_refused_with_the_command(work: Any, polyreel: Any) -> None:
    refused = polyreel("run", ask(work, ANA))
    assert refused.code != 0
    assert "Pocket TTS is not on this machine in 'es'" in refused.stderr
    assert "polyreel voices add FOLDER" in refused.stderr


def test_a_clone_of_somebody_who_says_nothing_is_said(work: Any, polyreel: Any, bundle: None) -> None:
    done = polyreel("run", ask(work, {**ANA, "speaker": "Bea"}), "--json")
    assert done.code == 0, done.stderr
    language = done.json["languages"]["es-ES"]
    assert language["cloned_voices"] == []
    assert any("Nobody is called 'Bea'" in note for note in language["notes"])
