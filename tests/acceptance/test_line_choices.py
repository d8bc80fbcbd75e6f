"""A held dub whose lines get another voice, another pace and a person's own recording, up to the delivered file."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from polyreel.media.audio import RATE, read_blocks
from polyreel.packaging.provenance import c2pa

Samples = NDArray[np.float32]


def speak_like_a_person(seconds: float) -> Samples:
    """Sound that no voice of ours makes, with syllables: a swelling chord that glides."""
    at = np.arange(int(seconds * RATE)) / RATE
    glide = 2 * np.pi * (180 * at + 90 * at**2)
    chord = sum(np.sin(glide * part) / part for part in range(1, 9))
    return (0.2 * chord * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * at))).astype(np.float32)


def write_stereo(file: Path, samples: Samples, rate: int = 44_100) -> None:
    """As recorders do: 44.1 kHz, two channels, silence around it."""
    at = np.arange(int(len(samples) * rate / RATE)) * RATE / rate
    once = np.concatenate([np.zeros(rate), np.interp(at, np.arange(len(samples)), samples), np.zeros(rate)])
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.stack([once, once], 1) * 32767).astype("<i2").tobytes())


async def decode(file: Path) -> Samples:
    return np.concatenate([block[:, 0] async for block in read_blocks(file, channels=1)])


def find_likeness(heard: Samples, wanted: Samples) -> tuple[float, int]:
    """How like the best place of it is (1: the same), and at which sample that begins."""
    length = 1 << (len(heard) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, length) * np.conj(np.fft.rfft(wanted, length)), length)
    best = int(np.argmax(product[: len(heard) - len(wanted)]))
    return float(np.corrcoef(heard[best : best + len(wanted)], wanted)[0, 1]), best


@pytest.fixture
def takes(polyreel_home: Path) -> Any:
    """The names of what voices have said by now."""
    return lambda: {each.name for each in (polyreel_home / "store" / "records").glob("speech-*/*.json")}


def test_lines_are_said_otherwise_and_only_those(
    work: Any, polyreel: Any, takes: Any, tmp_path: Path, polyreel_home: Path
) -> None:
    """Held, chosen, approved, delivered; the recording is what sounds there, the others' takes are those from before,
    the records say whose it is, and a revision by SubRip keeps it all."""
    dubbing = {"provider": "embedded", "mix": "speech_only", "voices": "basic"}
    job = work("es-ES", review="final", dubbing=dubbing, provenance={}, trim={"start": 0, "end": 20})
    assert polyreel("run", job).code == 4
    first, sound = takes(), speak_like_a_person(1.5)
    mine = tmp_path / "mine.wav"
    write_stereo(mine, sound)

    shown = polyreel("review", job, "es-ES", "--json").json
    refused = polyreel("review", job, "es-ES", "--recording", f"3={job}", "--by", "Ana")
    assert refused.code == 2
    assert "the recording can't be used" in refused.stderr
    assert polyreel("review", job, "es-ES", "--voice", "1=nobody").code == 2
    assert polyreel("review", job, "es-ES", "--json").json["revision"] == shown["revision"]
    options = ("--voice", "1=espeak-ng:f2", "--pace", "2=1.15", "--recording", f"3={mine}")
    chosen = polyreel("review", job, "es-ES", *options, "--by", "Ana")
    assert chosen.code == 0, chosen.stderr
    listed = polyreel("review", job, "es-ES").stdout
    assert "[recorded by Ana, 1.6 s]" in listed
    assert "[voice espeak-ng:f2]" in listed
    assert "[pace 1.15]" in listed

    assert polyreel("run", job).code == 4
    second = takes()
    assert polyreel("review", job, "es-ES", "--approve", "--by", "Ana").code == 0
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    language = done.json["languages"]["es-ES"]
    assert takes() == second
    assert first <= second
    assert len(second - first) <= 4  # two lines, each at its pace, and fitted into its time where that is shorter

    (recorded,) = language["recordings"]
    assert recorded["by"] == "Ana"
    heard = asyncio.run(decode(Path(language["video"])))
    likeness, at = find_likeness(heard, sound)
    assert likeness > 0.95, likeness
    assert abs(at / RATE * 1000 - recorded["at_ms"] - 40) < 60
    manifest = json.loads(Path(done.json["manifest"]).read_text())
    assert manifest["recordings"] == {"es-ES": language["recordings"]}
    signed = c2pa.read(Path(language["video"]))
    assert signed
    assert [each["by"] for each in signed.facts["dubs"][0]["recorded_lines"]] == ["Ana"]
    assert "recorded by Ana" in Path(done.json["report"]).read_text("utf-8")
    delivered = job.parent / "out" / "narrated" / "es-ES"
    assert "polyreel line" not in (delivered / "narrated.es-ES.vtt").read_text("utf-8")

    edited = job.parent / "edited.srt"
    script = (delivered / "narrated.es-ES.srt").read_text("utf-8")
    last = script.strip().rsplit("\n", 1)[1]
    edited.write_text(script.replace(last, f"{last} De verdad."), "utf-8")
    assert polyreel("revise", job, "es-ES", edited, "--by", "Luis").code == 4
    assert polyreel("review", job, "es-ES", "--approve").code == 0
    revised = polyreel("run", job, "--json")
    assert revised.code == 0, revised.stderr
    assert [each["by"] for each in revised.json["languages"]["es-ES"]["recordings"]] == ["Ana"]
    assert find_likeness(asyncio.run(decode(delivered / "narrated.es-ES.mp4")), sound)[0] > 0.95
    assert len(takes() - second) <= 2
    differences = polyreel("versions", job, "es-ES", "--compare", "1", "2").stdout
    assert differences.count("De verdad.") == 1
    assert "recorded by" not in differences  # a choice that stayed is no difference
