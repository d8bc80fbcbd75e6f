"""From a plan to the finished track: mixed and encoded in one pass, then measured, and corrected where it must be."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from polyreel.engine.sound.measure import measure_track
from polyreel.engine.sound.meter import Power
from polyreel.engine.sound.mix import MixPlan
from polyreel.engine.sound.pcm import WorkingTrack
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.media.audio import Loudness, adjust_level, name_layout
from polyreel.media.command import local_output, pipe_input, run

_BLOCK = RATE * 2
_PASSES = 3
_LUFS_TOLERANCE = 0.5
# The limiter holds samples; between them, and after AAC, peaks come out a little higher.
_HEADROOM_DB = 0.8
# A constant quality, not a bitrate: 43 dB of signal to noise at some 120 kbit/s. Speech that is the same left and
# right can't use 192 kbit/s, and the encoder takes three times as long to find that out.
_AAC = {"c:a": "aac", "q:a": "2", "aac_coder:a": "fast", "ar": RATE, "map_metadata": "-1", "bitexact": "1"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the encoder's chain adds to the plan: a gain, and a ceiling for samples (dBFS)."""

    gain_db: float
    ceiling_db: float


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A finished track: AAC in MP4 (``.m4a``), what was measured of it after encoding, and how it was levelled.

    ``power`` is as `polyreel.engine.sound.measure.Measured` has it.
    """

    path: Path
    loudness: Loudness
    setting: Setting
    power: Power


@dataclass(frozen=True, slots=True)
class Sources:
    """What the plan's gains are laid on: the speech stem, the bed (None: none), and how long it is in samples."""

    stem: Path
    bed: WorkingTrack | None
    samples: int


async def mix_down(
    plan: MixPlan,
    sources: Sources,
    folder: Path,
    *,
    target_lufs: float,
    peak_dbtp: float,
    on_progress: Callable[[float], None] | None = None,
) -> Finished:
    """Write the mix as AAC, exactly ``samples`` long, at ``target_lufs`` and below ``peak_dbtp``.

    One pass is the rule. Only where the measured file misses its loudness by more than 0.5 LU (the limiter had much to
    do) or its true peak, it is made again with the gain and ceiling corrected, twice at most.
    """
    setting = Setting(0.0, peak_dbtp - _HEADROOM_DB)
    for attempt in range(1, _PASSES):
        finished = await _encode_mix(plan, sources, folder / f"mix-{attempt}.m4a", setting, on_progress)
        corrected = _correct_setting(setting, finished.loudness, target_lufs, peak_dbtp)
        if corrected == setting:
            return finished
        setting = corrected
    return await _encode_mix(plan, sources, folder / f"mix-{_PASSES}.m4a", setting, on_progress)


def _correct_setting(setting: Setting, found: Loudness, target_lufs: float, peak_dbtp: float) -> Setting:
    """The setting that would have hit; the same one where this one did."""
    off = target_lufs - found.integrated_lufs if math.isfinite(found.integrated_lufs) else 0.0
    over = found.true_peak_dbtp - peak_dbtp
    return Setting(
        setting.gain_db + (off if abs(off) > _LUFS_TOLERANCE else 0.0),
        # A little further than it missed: an encoder does not
        # overshoot twice the same way, and each pass costs as much.
        setting.ceiling_db - (over + 0.2 if over > 0 else 0.0),
    )


async def _encode_mix(
    plan: MixPlan, sources: Sources, path: Path, setting: Setting, on_progress: Callable[[float], None] | None
) -> Finished:
    sound = pipe_input("f32le", ar=RATE, ch_layout=name_layout(plan.channels)).audio
    sound = adjust_level(sound, setting.gain_db, setting.ceiling_db)
    output = local_output(sound, path=path, format="ipod", **_AAC)
    await run(
        output, stdin=_mix_pieces(plan, sources), on_progress=on_progress, expected_ms=sources.samples * 1000 // RATE
    )
    found = await measure_track(path)
    return Finished(path, found.loudness, setting, found.power)


async def _mix_pieces(plan: MixPlan, sources: Sources) -> AsyncIterator[bytes]:
    for start in range(0, sources.samples, _BLOCK):
        yield await asyncio.to_thread(_make_block, plan, sources, start)


def _make_block(plan: MixPlan, sources: Sources, start: int) -> bytes:
    speech = read_stem(sources.stem, start, min(_BLOCK, sources.samples - start))
    return plan.block(speech, sources.bed, start).tobytes()
