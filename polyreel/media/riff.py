"""The head of a WAV file: RIFF, and RF64 for what 32 bits can't count."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

INTEGER, FLOAT = 1, 3
# ffmpeg writes this form wherever there are over 16 bits or two channels.
_EXTENSIBLE = 0xFFFE
# In RF64 (EBU Tech 3306) the field of 32 bits holds this, and `ds64` the true length.
_COUNTED_ELSEWHERE = 0xFFFFFFFF
_LONGEST_FORM = 64


@dataclass(frozen=True, slots=True)
class WaveHead:
    """What a WAV file says of its sound: the format's number, and where its data lies, in bytes."""

    code: int
    channels: int
    bits: int
    offset: int
    size: int


def read_wave_head(file: BinaryIO) -> WaveHead | None:
    """Read up to the data, where the file stands then; None for what is no WAV, or says nothing of its format."""
    if file.read(12)[8:] != b"WAVE":
        return None
    code = channels = bits = long_size = 0
    while len(head := file.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            size = long_size if size == _COUNTED_ELSEWHERE else size
            return WaveHead(code, channels, bits, file.tell(), size) if channels and bits else None
        begins, body = file.tell(), file.read(min(size, _LONGEST_FORM))
        # Passed over and not read: a chunk may say that it has gigabytes. Those of odd length have one byte more.
        file.seek(begins + size + size % 2)
        if name == b"fmt " and len(body) >= 16:
            code, channels, _, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if code == _EXTENSIBLE and len(body) >= 26:
                # The true code stands at the head of an identifier, behind the usual fields.
                code = struct.unpack("<H", body[24:26])[0]
        elif name == b"ds64" and len(body) >= 16:  # RF64: the data's true length
            long_size = struct.unpack("<Q", body[8:16])[0]
    return None
