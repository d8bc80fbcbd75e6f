"""A dub as mixers take it: the mix, its dialogue and its music and effects, each a Broadcast Wave file (EBU Tech 3285).

48 kHz, 24 bit, all of the reel's length. Dialogue and music and effects add up to the mix but for its limiter, which
they are before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.engine.sound.mix import MixPlan
from polyreel.engine.sound.mixdown import Setting, Sources
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.media.audio import adjust_level, layout
from polyreel.media.bwf import Label, bwf_output
from polyreel.media.command import Stream, merge_outputs, pipe_input, run

_BLOCK = RATE * 2


@dataclass(frozen=True, slots=True)
class Lossless:
    """The three files; ``effects`` is None where nothing lies under the speech."""

    mix: Path
    dialogue: Path
    effects: Path | None


async def write_lossless(plan: MixPlan, sources: Sources, folder: Path, setting: Setting, label: Label) -> Lossless:
    """Write the files in one pass, with the gain and the ceiling that the delivered track was made with.

    Raises as `run` does.
    """
    channels = plan.channels
    copies = pipe_input("f32le", ar=RATE, ac=3 * channels).audio.filter_multi_output("asplit", 3)
    mix, dialogue, effects = (_take_channels(copies[place], channels, place * channels) for place in range(3))
    found = Lossless(folder / "mix.wav", folder / "dialogue.wav", folder / "effects.wav" if sources.bed else None)
    outputs = [
        bwf_output(adjust_level(mix, setting.gain_db, setting.ceiling_db), found.mix, label.of("mix")),
        bwf_output(adjust_level(dialogue, setting.gain_db, None), found.dialogue, label.of("dialogue")),
    ]
    if found.effects:
        made = label.of("music and effects")
        outputs.append(bwf_output(adjust_level(effects, setting.gain_db, None), found.effects, made))
    await run(merge_outputs(*outputs), stdin=_pieces(plan, sources))
    return found


def _take_channels(every: Stream, channels: int, first: int) -> Stream:
    places = "|".join(str(first + place) for place in range(channels))
    return every.filter("channelmap", map=places, channel_layout=layout(channels))


async def _pieces(plan: MixPlan, sources: Sources) -> AsyncIterator[bytes]:
    for start in range(0, sources.samples, _BLOCK):
        yield await asyncio.to_thread(_block, plan, sources, start)


def _block(plan: MixPlan, sources: Sources, start: int) -> bytes:
    speech = read_stem(sources.stem, start, min(_BLOCK, sources.samples - start))
    dialogue = plan.block(speech, None, start)
    effects = plan.block(np.zeros_like(speech), sources.bed, start)
    return np.concatenate([dialogue + effects, dialogue, effects], axis=1).astype("<f4").tobytes()
