"""The heads of WAV files: read up to the data, and refused where they are broken off or say nothing."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path

import pytest

from polyreel.engine.sound.pcm import open_track
from polyreel.errors import EngineError, MediaError
from polyreel.media.riff import FLOAT, INTEGER, WaveHead, read_wave_head
from polyreel.media.wave import open_broadcast_wave

STEREO = struct.pack("<HHIIHH", INTEGER, 2, 48_000, 192_000, 4, 16)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def wave(*chunks: bytes, kind: bytes = b"RIFF") -> bytes:
    return kind + struct.pack("<I", 0) + b"WAVE" + b"".join(chunks)


def read(content: bytes) -> WaveHead | None:
    return read_wave_head(io.BytesIO(content))


def test_chunks_of_odd_length_before_the_data_are_passed_over_whole() -> None:
    content = wave(chunk(b"fmt ", STEREO), chunk(b"note", b"odd"), chunk(b"data", b"\1\2\3\4"))
    assert read(content) == WaveHead(INTEGER, 2, 16, content.index(b"\1\2\3\4"), 4)


def test_what_a_chunk_of_gigabytes_holds_is_not_read(tmp_path: Path) -> None:
    """Sparse: two gigabytes that no disk has to hold, and no memory either."""
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(wave(chunk(b"fmt ", STEREO)) + b"note" + struct.pack("<I", 2 << 30))
        file.seek(2 << 30, 1)
        file.write(chunk(b"data", b"\1\2\3\4"))
    tracemalloc.start()
    with (tmp_path / "a.wav").open("rb") as file:
        head = read_wave_head(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert head is not None
    assert head.size == 4
    assert most < 1 << 20


def test_the_true_code_of_the_extensible_form_is_found() -> None:
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 48_000, 192_000, 4, 32) + struct.pack("<HHIH", 22, 32, 4, FLOAT)
    head = read(wave(chunk(b"fmt ", form + bytes(14)), chunk(b"data", bytes(8))))
    assert head is not None
    assert (head.code, head.channels, head.bits, head.size) == (FLOAT, 1, 32, 8)


def test_data_longer_than_32_bits_count_has_its_length_before_it() -> None:
    long = struct.pack("<QQQI", 0, 5 << 32, 0, 0)
    head = read(wave(chunk(b"ds64", long), chunk(b"fmt ", STEREO), chunk(b"data", b"", 0xFFFFFFFF), kind=b"RF64"))
    assert head is not None
    assert head.size == 5 << 32


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        wave(),
        wave(chunk(b"fmt ", STEREO)),
        wave(chunk(b"data", bytes(4))),
        wave(chunk(b"fmt ", STEREO[:10]), chunk(b"data", bytes(4))),
        wave(chunk(b"ds64", bytes(3)), chunk(b"fmt ", STEREO[:3])),
        wave(chunk(b"fmt ", struct.pack("<HHIIHH", INTEGER, 0, 48_000, 0, 0, 16)), chunk(b"data", bytes(4))),
        b"RIFF\0\0\0\0AVI " + chunk(b"fmt ", STEREO) + chunk(b"data", bytes(4)),
    ],
)
def test_what_is_broken_off_or_says_nothing_is_refused_by_both_readers(content: bytes, tmp_path: Path) -> None:
    """A file of a store whose disk was full is such a one: it is to be made anew, not to crash whoever reads it."""
    assert read(content) is None
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(EngineError, match="not a working track"):
        open_track(tmp_path / "a.wav")
    with pytest.raises(MediaError, match="not a 24-bit wave file"):
        open_broadcast_wave(tmp_path / "a.wav")


def test_a_sound_of_another_kind_than_a_reader_needs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wave(chunk(b"fmt ", STEREO), chunk(b"data", bytes(8))))
    assert open_track(tmp_path / "a.wav").samples == 2
    with pytest.raises(MediaError):
        open_broadcast_wave(tmp_path / "a.wav")
