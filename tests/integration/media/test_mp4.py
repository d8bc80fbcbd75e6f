"""The boxes we write ourselves."""

from __future__ import annotations

import struct

import pytest

from polyreel.errors import ToolError
from polyreel.media import mp4
from polyreel.media.mp4 import Label, track_tags, write_index_first


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def film(offset: int) -> bytes:
    """An index of one track with one chunk."""
    table = box(b"stco", struct.pack(">III", 0, 1, offset))
    header = box(b"mdhd", bytes(20) + struct.pack(">HH", 0x55C4, 0))
    media = header + box(b"hdlr", bytes(8) + b"soun" + bytes(13)) + box(b"minf", box(b"stbl", table))
    return box(b"moov", box(b"trak", box(b"tkhd", bytes([0, 0, 0, 3]) + bytes(80)) + box(b"mdia", media)))


def test_offsets_beyond_four_gigabytes_become_wide(tmp_path):
    part, start = tmp_path / "part.mp4", (1 << 32) - 64
    with part.open("wb") as file:  # sparse: nearly all of it is a hole
        file.write(box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"mdat", start + 8 - 12))
        file.seek(start + 8)
        file.write(film(start))
    with part.open("rb") as source:
        extents = list(mp4._top_level(source, part.stat().st_size))
        index = mp4._label_tracks(mp4._read_index(source, extents, part), [Label("es-ES", enabled=False)])
    moved = mp4._shift_chunks(index, extents, before=12)
    track = moved.inside[0]
    wide = track.child(b"mdia", b"minf", b"stbl", b"co64")
    assert int.from_bytes(wide.content[8:], "big") == start + len(moved.as_bytes())
    assert track.child(b"mdia", b"elng").content[4:] == b"es-ES\0"
    assert track.child(b"tkhd").content[3] == 2


def test_the_chunk_is_where_the_index_says(tmp_path):
    part, target = tmp_path / "part.mp4", tmp_path / "target.mp4"
    part.write_bytes(box(b"ftyp", b"isom") + box(b"mdat", b"the chunk") + film(20))
    write_index_first(part, target, [Label("pt-BR")])
    content = target.read_bytes()
    place = int.from_bytes(content[content.index(b"stco") + 12 :][:4], "big")
    assert content[place:] == b"the chunk"
    assert track_tags(target) == [("soun", "und", "pt-BR")]


@pytest.mark.parametrize("damage", [b"", b"short", box(b"ftyp", b"isom"), box(b"moov", b"\0\0\0\1abcd"), b"\xff" * 64])
def test_a_damaged_file_is_refused(tmp_path, damage):
    (tmp_path / "part.mp4").write_bytes(damage)
    with pytest.raises(ToolError):
        write_index_first(tmp_path / "part.mp4", tmp_path / "target.mp4", [])
