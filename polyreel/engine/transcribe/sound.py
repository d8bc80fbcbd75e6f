"""Sound as a listener takes it: mono, 16 kHz, in blocks, from a file or from a speech stem."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE as STEM_RATE
from polyreel.engine.sound.stem import read_stem
from polyreel.engine.transcribe.whisper import RATE
from polyreel.media.audio import read_blocks

_BLOCK_S = 10


async def of_file(path: Path) -> AsyncGenerator[Samples, None]:
    """A file's first sound track."""
    async with aclosing(read_blocks(path, channels=1, rate=RATE, block=RATE * _BLOCK_S)) as found:
        async for block in found:
            yield block[:, 0]


async def of_stem(path: Path, samples: int) -> AsyncGenerator[Samples, None]:
    """A speech stem (raw 16-bit mono at 48 kHz) of so many samples."""
    step = STEM_RATE * _BLOCK_S
    for start in range(0, samples, step):
        held = await asyncio.to_thread(read_stem, path, start, min(step, samples - start))
        yield await asyncio.to_thread(resample, held, STEM_RATE, RATE)
