"""The sheet of lines as AAF, opened again by the public library: every line's sound, where it is spoken."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import aaf2
import numpy as np
import pytest

from polyreel.errors import MediaError
from polyreel.outcome import LineFit
from polyreel.packaging.aaf import HANDLE_FRAMES, write_aaf
from polyreel.packaging.timelines import Sheet

RATE = 48_000


def line(text: str, start_ms: int, end_ms: int, speaker: str | None = None) -> LineFit:
    spoken = {"start_ms": start_ms, "end_ms": end_ms, "cue_start_ms": start_ms, "cue_end_ms": end_ms}
    return LineFit(text=text, speaker=speaker, natural_ms=end_ms - start_ms, ratio=1.0, voice="ef_dora", **spoken)


def sheet(rate: Fraction, seconds: int, *lines: LineFit) -> Sheet:
    frames = round(seconds * rate)
    return Sheet("reel es-ES", rate, frames, round(rate) * 3600, "reel.mp4", (), "dialogue.wav", lines)


def write_wave(path: Path, seconds: int, channels: int) -> np.ndarray:
    """A 24-bit file in whose every channel each sample says its own number, and in the speech's which it is."""
    numbers = np.arange(seconds * RATE, dtype="<i4") % 4_000_000
    every = np.stack([numbers + channel * 4_000_000 for channel in range(channels)], axis=1)
    body = every.astype("<i4").view("u1").reshape(-1, channels, 4)[:, :, :3].tobytes()
    form = struct.pack("<HHIIHH", 1, channels, RATE, RATE * channels * 3, channels * 3, 24)
    bext = b"bext" + struct.pack("<I", 6) + b"\0" * 6
    inner = b"WAVE" + bext + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", len(inner)) + inner)
    return numbers


def samples_of(content: bytes) -> np.ndarray:
    padded = np.frombuffer(content, "u1").reshape(-1, 3)
    return np.pad(padded, ((0, 0), (0, 1))).copy().view("<i4").ravel()


@pytest.mark.parametrize(
    ("rate", "is_drop"), [(Fraction(25), False), (Fraction(24000, 1001), False), (Fraction(30000, 1001), True)]
)
@pytest.mark.parametrize(("channels", "speech"), [(1, 0), (2, 0), (6, 2)])
def test_every_line_lies_in_it_with_its_sound_where_it_is_spoken(
    rate: Fraction, is_drop: bool, channels: int, speech: int, tmp_path: Path
) -> None:
    numbers = write_wave(tmp_path / "dialogue.wav", 6, channels)
    lines = [line("Hola.", 200, 1000, "Ana"), line("¿Qué?", 1500, 2500, "Luis"), line("Sí.", 2001, 5999, "Ana")]
    write_aaf(sheet(rate, 6, *lines), tmp_path / "dialogue.wav", tmp_path / "lines.aaf", is_drop=is_drop)
    with aaf2.open(str(tmp_path / "lines.aaf")) as file:
        (top,) = file.content.toplevel()
        timecode, ana, luis = top.slots
        assert (top.name, timecode.segment.start, timecode.segment.fps) == (
            "reel es-ES",
            round(rate) * 3600,
            round(rate),
        )
        assert timecode.segment.drop is is_drop
        assert [(slot.name, slot.media_kind, slot.edit_rate) for slot in (ana, luis)] == [
            ("Ana", "Sound", rate),
            ("Luis", "Sound", rate),
        ]
        cut = [each for each in ana.segment.components if isinstance(each, aaf2.components.SourceClip)]
        assert [each.mob.name for each in cut] == ["Hola.", "Sí."]
        assert dict(cut[0].mob.comments.items()) == {"Speaker": "Ana", "Voice": "ef_dora"}
        position = 0
        for component in ana.segment.components:
            if component in cut:
                said = lines[0] if component.mob.name == "Hola." else lines[2]
                first = int(said.start_ms * rate / 1000)
                assert position == first
                check_sound(component, first, rate, numbers + speech * 4_000_000)
            position += component.length
        assert position == round(6 * rate)


def check_sound(cut: aaf2.components.SourceClip, first: int, rate: Fraction, numbers: np.ndarray) -> None:
    """The clip's own sound begins its handle before the line, by timecode and to the sample."""
    source = cut.mob.slots[0].segment.mob
    handle = min(first, HANDLE_FRAMES)
    assert cut.start == handle
    tape = source.slots[0].segment
    assert (tape.start, tape.mob.name) == (first - handle, "reel es-ES")
    facts = source.descriptor
    assert (facts["Channels"].value, facts["QuantizationBits"].value, facts["SampleRate"].value) == (1, 24, RATE)
    begin = round((first - handle) * RATE / rate)
    with_handles = samples_of(source.essence.open("r").read())
    assert len(with_handles) == facts["Length"].value
    # Beyond the sound's end, which is no whole frame, it is silent.
    there = np.pad(numbers, (0, RATE))[begin : begin + len(with_handles)]
    assert (with_handles == there).all()


def test_a_reel_without_lines_is_an_empty_sheet_and_another_kind_of_wave_is_refused(tmp_path: Path) -> None:
    write_wave(tmp_path / "dialogue.wav", 1, 2)
    write_aaf(sheet(Fraction(25), 1), tmp_path / "dialogue.wav", tmp_path / "lines.aaf")
    with aaf2.open(str(tmp_path / "lines.aaf")) as file:
        assert len(next(iter(file.content.toplevel())).slots) == 1
    (tmp_path / "text.wav").write_bytes(b"RIFF\0\0\0\0TEXT")
    with pytest.raises(MediaError, match="24-bit"):
        write_aaf(sheet(Fraction(25), 1), tmp_path / "text.wav", tmp_path / "lines.aaf")
