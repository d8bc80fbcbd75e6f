"""A dub as mixers take it: the mix, its dialogue and its music and effects, each a Broadcast Wave file (EBU Tech 3285).

48 kHz, 24 bit, all of the reel's length. Dialogue and music and effects add up to the mix but for its limiter, which
they are before. Where they would be beyond full scale without it, both are the same few decibels softer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.mix import MixPlan
from polyreel.engine.sound.mixdown import Setting, Sources
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.media.audio import adjust_level, name_layout
from polyreel.media.bwf import Label, bwf_output
from polyreel.media.command import Stream, merge_outputs, pipe_input, run

_BLOCK = RATE * 2
_STEMS_PEAK_DB = -1.0


@dataclass(frozen=True, slots=True)
class Lossless:
    """The three files; ``effects`` is None where nothing lies under the speech.

    ``stems_db`` is what dialogue and effects were lowered by, to have room for their peaks: 0 or less.
    """

    mix: Path
    dialogue: Path
    effects: Path | None
    stems_db: float = 0.0


async def write_lossless(plan: MixPlan, sources: Sources, folder: Path, setting: Setting, label: Label) -> Lossless:
    """Write the files in one pass, with the gain and the ceiling that the delivered track was made with.

    Raises as `run` does.
    """
    channels = plan.channels
    copies = pipe_input("f32le", ar=RATE, ac=3 * channels).audio.filter_multi_output("asplit", 3)
    mix, dialogue, effects = (_take_channels(copies[place], channels, place * channels) for place in range(3))
    # Both stems are measured before any is written: what one is lowered by, the other must be, too.
    stems_db = _find_room(await asyncio.to_thread(_measure_peak, plan, sources), setting.gain_db)
    effects_at = folder / "effects.wav" if sources.bed else None
    found = Lossless(folder / "mix.wav", folder / "dialogue.wav", effects_at, stems_db)
    gain_db = setting.gain_db + stems_db
    outputs = [
        bwf_output(adjust_level(mix, setting.gain_db, setting.ceiling_db), found.mix, label.of("mix")),
        bwf_output(adjust_level(dialogue, gain_db, None), found.dialogue, label.of("dialogue")),
    ]
    if found.effects:
        made = label.of("music and effects")
        outputs.append(bwf_output(adjust_level(effects, gain_db, None), found.effects, made))
    await run(merge_outputs(*outputs), stdin=_make_pieces(plan, sources))
    return found


def _find_room(peak: float, gain_db: float) -> float:
    """By how much stems are lowered, in dB. The mix has a limiter; they must add up, so that both get one gain."""
    loudest_db = 20 * math.log10(peak) + gain_db if peak else -math.inf
    return round(_STEMS_PEAK_DB - loudest_db, 2) if loudest_db > 0 else 0.0


def _measure_peak(plan: MixPlan, sources: Sources) -> float:
    """The loudest sample of either stem, before any gain. Blocks."""
    parts = (_mix_parts(plan, sources, start) for start in range(0, sources.samples, _BLOCK))
    return max((float(np.abs(part).max(initial=0)) for pair in parts for part in pair), default=0.0)


def _take_channels(every: Stream, channels: int, first: int) -> Stream:
    places = "|".join(str(first + place) for place in range(channels))
    return every.filter("channelmap", map=places, channel_layout=name_layout(channels))


async def _make_pieces(plan: MixPlan, sources: Sources) -> AsyncIterator[bytes]:
    for start in range(0, sources.samples, _BLOCK):
        yield await asyncio.to_thread(_make_block, plan, sources, start)


def _make_block(plan: MixPlan, sources: Sources, start: int) -> bytes:
    dialogue, effects = _mix_parts(plan, sources, start)
    return np.concatenate([dialogue + effects, dialogue, effects], axis=1).astype("<f4").tobytes()


def _mix_parts(plan: MixPlan, sources: Sources, start: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Dialogue, and what lies under it, of one block."""
    speech = read_stem(sources.stem, start, min(_BLOCK, sources.samples - start))
    return plan.block(speech, None, start), plan.block(np.zeros_like(speech), sources.bed, start)
