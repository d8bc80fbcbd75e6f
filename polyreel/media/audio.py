"""Sound: working tracks cut to the sample, PCM in blocks, loudness, and how AAC is encoded.

Sound is counted in samples from the file's own zero (see ``probe``): a track that starts late begins with silence, one
that breaks off ends in it, so that a working track is exactly as long as the picture.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from polyreel.errors import MediaError, ToolError, ToolStopped, ToolTimeout
from polyreel.media.command import (
    DEFAULT,
    Limits,
    Stream,
    local_input,
    local_output,
    pipe_output,
    print_findings,
    run,
)
from polyreel.media.info import MediaInfo, Tracks

RATE = 48_000
"""Samples per second of every working track."""
Samples: TypeAlias = NDArray[np.float32]
"""Sound as numbers: shape (samples, channels), full scale 1.0."""

_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_BITRATES = {1: "128k", 2: "192k"}
# A decoder is faster than whoever takes its sound: at most so many reads wait in memory.
_BLOCKS_AHEAD = 8
_LEAD_S = 2  # decoders need some sound before the first sample that counts
_SOUND_ONLY = {"vn": None, "sn": None, "dn": None}


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R128: integrated loudness (LUFS), true peak (dBTP), loudness range (LU). Silence is -inf."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float


def sound_of(
    source: Path,
    *,
    start: Fraction,
    samples: int,
    track: Tracks = 0,
    channels: int | None = None,
    info: MediaInfo | None = None,
) -> Stream:
    """A piece of a file's sound as a node: ``samples`` samples from ``start`` seconds on, silence where there is none.

    ``channels`` None keeps what there is (5.1 stays 5.1); 1 and 2 mix down. ``info`` is needed for exactness in files
    that can't be searched by time (MPEG streams, Ogg); without it ``source`` is taken for one of our own.
    """
    # Without an index a seek may land behind its goal, so such a file is decoded from its beginning.
    skip = max(0, math.floor(start) - _LEAD_S) if info is None or info.is_indexed else 0
    first = round((start - skip) * RATE)
    seek = {"ss": skip} if skip else {}
    file = local_input(source, **_SOUND_ONLY, **seek)
    sides = (track,) if isinstance(track, int) else track
    nodes = [
        _resample_on_timeline(file[f"a:{side}"], info.shift(info.audio[side]) if info else Fraction(0))
        for side in sides
    ]
    node = nodes[0]
    if len(nodes) > 1:
        # Both halves equally long, so that the shorter one can't end the pair early.
        whole = [each.filter("apad", whole_len=first + samples) for each in nodes]
        node = ffmpeg.filter(whole, "join", inputs=2, channel_layout="stereo", map="0.0-FL|1.0-FR")
    if channels is not None:
        node = node.filter("aformat", channel_layouts=name_layout(channels))
    node = node.filter("apad", whole_len=first + samples)
    return node.filter("atrim", start_sample=first, end_sample=first + samples).filter("asetpts", "PTS-STARTPTS")


def _resample_on_timeline(node: Stream, shift: Fraction) -> Stream:
    """A track at the working rate, on the file's own timeline."""
    if shift:
        node = node.filter("asetpts", f"PTS+({shift.numerator}/{shift.denominator})/TB")
    # async=1 only fills holes and trims overlaps; first_pts=0 turns a late start into silence.
    return node.filter("aresample", RATE, **{"async": 1, "first_pts": 0})


def name_layout(channels: int) -> str:
    """ffmpeg's name for the usual layout of so many channels."""
    return _LAYOUTS.get(channels, f"{channels}c")


async def extract(
    source: Path,
    target: Path,
    info: MediaInfo,
    *,
    track: Tracks = 0,
    start: Fraction | None = None,
    end: Fraction | None = None,
    channels: int | None = None,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> int:
    """Write one sound track as a working track: WAV (or FLAC, by the target's suffix) at 48 kHz; return its samples.

    From ``start`` to ``end`` (seconds; the whole video where left out), to the sample. Raises MediaError where there is
    no such track, else as ``run`` does.
    """
    if max(track if isinstance(track, tuple) else (track,)) >= len(info.audio):
        raise MediaError(
            f"there is no sound track number {track}.",
            code="missing_audio_track",
            where=str(source),
            remedy="Name one that the file has: `source.audio_track` counts from 0.",
        )
    first, last = start or Fraction(0), info.duration if end is None else min(end, info.duration)
    samples = round((last - first) * RATE)
    sound = sound_of(source, start=first, samples=samples, track=track, channels=channels, info=info)
    output = local_output(sound, path=target, **_choose_lossless(target))
    try:
        await run(output, limits=limits, on_progress=on_progress, expected_ms=samples * 1000 // RATE)
    except ToolError as error:
        raise _explain_failure(error, source, track, info) from error
    return samples


def _explain_failure(error: ToolError, source: Path, track: Tracks, info: MediaInfo) -> ToolError | MediaError:
    """The sound's own fault in plain words; what the machine lacked, or who stopped the tool, stays as it is."""
    # These say nothing about the file: nobody has to export it anew.
    if isinstance(error, ToolTimeout | ToolStopped) or "No space left" in error.message or "memory" in error.message:
        return error
    codec = info.audio[track if isinstance(track, int) else track[0]].codec
    return MediaError(
        f"the sound (track {track}, {codec}) can't be decoded: it is damaged. ffmpeg {error.message}",
        code="unsupported_media",
        where=str(source),
        remedy="Export the video again with AAC or PCM sound, or choose another track: `source.audio_track`.",
    )


def _choose_lossless(target: Path) -> dict[str, Any]:
    if target.suffix == ".flac":
        return {"format": "flac", "c:a": "flac", "sample_fmt": "s16", "compression_level": "2"}
    # RF64 takes over where WAV's 32-bit lengths end; bitexact leaves the encoder's version out of the header.
    return {"format": "wav", "c:a": "pcm_s16le", "rf64": "auto", "bitexact": None}


async def measure_loudness(
    path: Path, *, track: int = 0, as_stereo: bool = False, limits: Limits = DEFAULT
) -> Loudness:
    """Loudness of a file's sound, in one pass. Most of the cost is the true peak's fourfold oversampling."""
    sound = local_input(path, **_SOUND_ONLY)[f"a:{track}"]
    meter = _add_meter(mix_down(sound) if as_stereo else sound)
    printed = await run(print_findings(pipe_output(meter, format="null")), limits=limits)
    return _parse_loudness(printed)


async def measure_and_read(
    path: Path,
    take: Callable[[Samples], Awaitable[None]],
    *,
    channels: int,
    block: int,
    limits: Limits = DEFAULT,
) -> tuple[float, float]:
    """Integrated loudness (LUFS) and loudness range (LU) of a file's first sound track, in one decoding.

    Its sound goes to ``take`` meanwhile, as `read_blocks` would give it at `RATE`: whoever takes it sees its peaks.
    """
    sound = _add_meter(local_input(path, **_SOUND_ONLY)["a:0"], peak="none").filter("aresample", RATE)
    sound = sound.filter("aformat", channel_layouts=name_layout(channels))
    size, waiting = block * channels * 4, bytearray()

    async def put(chunk: bytes) -> None:
        waiting.extend(chunk)
        while len(waiting) >= size:
            await take(_as_samples(bytes(waiting[:size]), channels))
            del waiting[:size]

    printed = await run(print_findings(pipe_output(sound, format="f32le")), limits=limits, stdout=put)
    if waiting:
        await take(_as_samples(bytes(waiting), channels))
    integrated, spread = _find_figures(printed, ("I", "LUFS"), ("LRA", "LU"))
    return _floor_loudness(integrated), spread


async def read_blocks(
    path: Path,
    *,
    channels: int = 2,
    rate: int = RATE,
    block: int = RATE,
    track: int = 0,
    limits: Limits = DEFAULT,
) -> AsyncGenerator[Samples, None]:
    """A file's sound in blocks of ``block`` samples (the last may be shorter), decoded no faster than it is taken.

    Leave it early inside ``contextlib.aclosing``, so that the decoder ends with it.
    """
    sound = local_input(path, **_SOUND_ONLY)[f"a:{track}"].filter("aresample", rate)
    sound = sound.filter("aformat", channel_layouts=name_layout(channels))
    size, waiting = block * channels * 4, bytearray()
    async with aclosing(_stream_bytes(pipe_output(sound, format="f32le"), limits)) as chunks:
        async for chunk in chunks:
            waiting += chunk
            while len(waiting) >= size:
                yield _as_samples(bytes(waiting[:size]), channels)
                del waiting[:size]
    if waiting:
        yield _as_samples(bytes(waiting), channels)


async def is_silent(path: Path, loudest_db: float = -60.0) -> bool:
    """Whether nothing of a file's first sound track is louder than that (dBFS). Ends at the first sample that is."""
    least = 10 ** (loudest_db / 20)
    async with aclosing(read_blocks(path, channels=1)) as blocks:
        async for block in blocks:
            if np.abs(block).max(initial=0.0) > least:
                return False
    return True


async def _stream_bytes(output: Stream, limits: Limits) -> AsyncGenerator[bytes, None]:
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    # The bound is a semaphore's, not the queue's: the end (None) has to get in even when nobody takes any more.
    room = asyncio.Semaphore(_BLOCKS_AHEAD)

    async def put(chunk: bytes) -> None:
        await room.acquire()
        queue.put_nowait(chunk)

    decoding = asyncio.ensure_future(run(output, limits=limits, stdout=put))
    decoding.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (chunk := await queue.get()) is not None:
            room.release()
            yield chunk
        await decoding
    finally:
        decoding.cancel()
        await asyncio.gather(decoding, return_exceptions=True)


def _as_samples(raw: bytes, channels: int) -> Samples:
    return np.frombuffer(raw, dtype="<f4").reshape(-1, channels)


def mix_down(sound: Stream) -> Stream:
    """Sound as stereo, by the usual coefficients; in floats, which hold what goes beyond full scale."""
    return sound.filter("aformat", sample_fmts="flt", channel_layouts="stereo")


def adjust_level(sound: Stream, gain_db: float, peak_db: float | None) -> Stream:
    """Sound made louder or softer, and its peaks held where asked; untouched where nothing is to do."""
    if gain_db:
        sound = sound.filter("volume", f"{gain_db:.4f}dB")
    if peak_db is not None:
        # Without level=0 the limiter amplifies to full scale; latency=1 takes its look-ahead out of the timing.
        sound = sound.filter("alimiter", limit=f"{10 ** (peak_db / 20):.6f}", level=0, attack=2, release=60, latency=1)
    return sound


def aac_options(channels: int, bitrate: str | None = None, index: str = "a") -> dict[str, str]:
    """How AAC is encoded: the fast coder at a bitrate where the slow one is not audibly better, at 0.4 of its cost."""
    return {
        f"c:{index}": "aac",
        f"b:{index}": bitrate or _BITRATES.get(channels, f"{64 * channels}k"),
        f"aac_coder:{index}": "fast",
    }


def _add_meter(sound: Stream, peak: str = "true") -> Stream:
    return sound.filter("ebur128", framelog="quiet", peak=peak)


def _parse_loudness(printed: str) -> Loudness:
    integrated, peak, spread = _find_figures(printed, ("I", "LUFS"), ("Peak", "dBFS"), ("LRA", "LU"))
    return Loudness(_floor_loudness(integrated), peak, spread)


def _find_figures(printed: str, *wanted: tuple[str, str]) -> list[float]:
    """Figures of the meter's summary, by their names and units."""
    summary = printed.rpartition("Summary:")[2]
    found = [re.search(rf"{name}:\s+(-?(?:inf|nan|[\d.]+)) {unit}", summary) for name, unit in wanted]
    figures = [float(match.group(1)) for match in found if match]
    if len(figures) < len(wanted):
        raise ToolError("the loudness could not be measured.", where="ffmpeg", remedy="Check that the track has sound.")
    return figures


def _floor_loudness(integrated: float) -> float:
    # The meter's own floor: nothing louder than the absolute gate was heard.
    return -math.inf if integrated <= -70 else integrated
