"""A person's own recording of a line: taken in from any sound file, and refused where it is none."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.speech import fit
from polyreel.engine.speech.booth import wav_bytes
from polyreel.engine.voice.port import Speech
from polyreel.errors import InvalidJob, MediaError, PolyreelError
from polyreel.job.review import PersonName
from polyreel.media.audio import RATE, read_blocks
from polyreel.media.command import Limits
from polyreel.media.probe import probe
from polyreel.outcome import Reel
from polyreel.store.port import Store
from polyreel.subtitles.choices import Recording

# Five minutes of stereo at 48 kHz and 16 bits have 58 MB.
MOST_BYTES = 64 << 20
LONGEST_S = 300
_SHORTEST_MS = 100
_SILENT = 10 ** (-60 / 20)
# Below the peak too: a room's noise in a loud recording is no speech.
_BELOW_PEAK = 10 ** (-45 / 20)
# A breath before the first sound; cut at the sound itself it begins with a click.
_EDGE_MS = 40
# Five minutes of sound take seconds: a file that takes minutes is made to.
_DECODES_FOR = Limits(seconds=120)
_KINDS = "Give one line's sound as WAV, FLAC, MP3, M4A, Ogg or WebM."


async def take_in_recording(store: Store, file: Path, by: str, reel: Reel | None) -> Recording:
    """Keep a recording: mono, 48 kHz, without the silence around it. ``by``: who speaks.

    The file may be hostile, and is left where it is. Raises `MediaError` (``bad_recording``), `InvalidJob` for a name
    that is none, and `StoreError`.
    """
    _require_name(by)
    speech = Speech(_cut_silence(await _decode_recording(file)), RATE)
    ms = speech.ms
    # As short as stretching can make it: what is too long even then never fits.
    if reel and fit.shortest_ms(ms) > reel.duration_ms:
        raise refuse_recording(f"it lasts {ms / 1000:.1f} s, longer than the whole reel")
    kept = await asyncio.to_thread(store.keep_bytes, wav_bytes(speech), ".wav")
    return Recording(sha256=kept.sha256, bytes=kept.bytes, ms=ms, by=by)


def _require_name(by: str) -> None:
    """A recording is somebody's. Raises `InvalidJob` for a name that is none."""
    try:
        TypeAdapter(PersonName).validate_python(by)
    except ValidationError:
        raise InvalidJob(
            "say who recorded it: a name of at most 100 characters", code="no_name", remedy="Give it with `--by NAME`."
        ) from None


def _require_sound(file: Path) -> None:
    if not file.is_file():
        raise refuse_recording(f"there is no such file: {file.name[:100]}")
    size = file.stat().st_size
    if not size:
        raise refuse_recording("the file is empty")
    if size > MOST_BYTES:
        raise refuse_recording(f"the file has {size:,} bytes; at most {MOST_BYTES:,} are taken")
    if not probe(file).audio:
        raise refuse_recording("the file holds no sound")


async def _decode_recording(file: Path) -> Samples:
    try:
        await asyncio.to_thread(_require_sound, file)
        return await _read_sound(file)
    except PolyreelError as error:
        if error.code == _CODE:
            raise
        raise refuse_recording(error.message.replace("a video that", "a sound file that").rstrip(".")) from None


async def _read_sound(file: Path) -> Samples:
    found: list[Samples] = []
    async with aclosing(read_blocks(file, channels=1, limits=_DECODES_FOR)) as sound:
        async for block in sound:
            found.append(block[:, 0])
            # Counted while it is decoded, as a header may claim less than there is.
            if sum(map(len, found)) > LONGEST_S * RATE:
                raise refuse_recording(f"it is longer than {LONGEST_S} s")
    # Files of floating-point samples may hold NaN, which would spread through the whole mix.
    return np.nan_to_num(np.concatenate(found)) if found else np.zeros(0, np.float32)


def _cut_silence(samples: Samples) -> Samples:
    """What is heard, with an edge. People wait before they speak, and the line's time begins with its first word."""
    loudest = float(np.abs(samples).max(initial=0.0))
    if loudest < _SILENT:
        raise refuse_recording("nothing is heard in it")
    heard = np.flatnonzero(np.abs(samples) > max(_SILENT, loudest * _BELOW_PEAK))
    edge = _EDGE_MS * RATE // 1000
    kept = samples[max(0, heard[0] - edge) : heard[-1] + edge]
    if heard[-1] - heard[0] < _SHORTEST_MS * RATE // 1000:
        raise refuse_recording("what is heard in it is shorter than a tenth of a second")
    return kept


_CODE = "bad_recording"


def refuse_recording(why: str) -> MediaError:
    """The error for a file that is no recording of a line. ``why`` goes on from "can't be used"."""
    return MediaError(f"the recording can't be used: {why}", code=_CODE, remedy=_KINDS)
