"""The learned separator: speech by Spleeter's network, background = mix minus speech, to the sample."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from polyreel.engine.separation.port import Original
from polyreel.engine.separation.spleeter import MaskOf
from polyreel.engine.separation.track import RATE, count_pieces, separate_pieces
from polyreel.engine.sound.pcm import Frames, WorkingTrack
from polyreel.engine.threads import GoOn, in_thread

_FULL = 32_768
# The whole file's length has 32 bits, and the header is a part of it.
_MOST_RIFF_BYTES = 0xFFFFFFFF - 1024


class Learned:
    """A `Separator` over a two-stem network (`spleeter_model.TwoStems`, or any that gives masks)."""

    kind = "learned"

    def __init__(self, mask_of: MaskOf, on_progress: Callable[[float], None] | None = None) -> None:
        self._mask_of = mask_of
        self._on_progress = on_progress or _ignore_progress

    async def background(self, original: Original) -> tuple[Path | None, tuple[str, ...]]:
        """Everything but the speech. Can be cancelled between patches. Raises EngineError, StoreError, OSError."""
        target = original.folder / "background.wav"
        await in_thread(lambda go_on: self._write_background(original.track, target, go_on))
        return target, ()

    def _write_background(self, track: WorkingTrack, target: Path, go_on: GoOn) -> None:
        total = count_pieces(track.samples)
        with target.open("wb") as file:
            write_header(file, track.channels, track.samples)
            for done, piece in enumerate(separate_pieces(track, self._mask_of, go_on), start=1):
                # By difference, so that speech and background add up to the
                # original to the sample, whatever the network thinks.
                write_frames(file, piece.mix - piece.speech)
                self._on_progress(min(1.0, done / total))


def write_header(file: BinaryIO, channels: int, samples: int) -> None:
    """The head of a 16-bit PCM WAV at 48 kHz whose length is known: RF64 (EBU Tech 3306) where RIFF is too small."""
    size = samples * channels * 2
    short = size <= _MOST_RIFF_BYTES
    form = struct.pack("<HHIIHH", 1, channels, RATE, RATE * channels * 2, channels * 2, 16)
    if short:
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE")
    else:
        long_sizes = struct.pack("<QQQI", 36 + 36 + size, size, samples, 0)
        file.write(b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + b"ds64" + struct.pack("<I", 28) + long_sizes)
    file.write(b"fmt " + struct.pack("<I", len(form)) + form)
    file.write(b"data" + struct.pack("<I", size if short else 0xFFFFFFFF))


def write_frames(file: BinaryIO, frames: Frames) -> None:
    """Frames as 16-bit PCM."""
    file.write(np.clip(np.rint(frames * _FULL), -_FULL, _FULL - 1).astype("<i2").tobytes())


def _ignore_progress(_: float) -> None:
    pass
