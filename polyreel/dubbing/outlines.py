"""What the report draws of a dub: its speech and its loudness over time, and which words were heard of which line."""

from __future__ import annotations

import asyncio
import io
import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from polyreel.dubbing.port import Dubbed
from polyreel.engine.sound.measure import measure_track
from polyreel.engine.sound.meter import Power, measure_dialogue
from polyreel.engine.sound.outline import outline_loudness, outline_stem
from polyreel.engine.transcribe.words import Heard
from polyreel.outcome import LineFit, SoundOutline, StoredFile
from polyreel.store.local import path_of
from polyreel.store.port import Store

_NEAR_MS = 1500


async def outline_dub(dubbed: Dubbed, power: Power | None) -> SoundOutline:
    """The new speech alone, where it is there alone, and the finished track's loudness beside its target.

    ``power`` is the track's (`load_power`), None where there is none.
    """
    speech = await asyncio.to_thread(outline_stem, path_of(dubbed.speech)) if dubbed.speech else ()
    return SoundOutline(
        speech=speech,
        loudness=() if power is None else outline_loudness(power),
        target_lufs=dubbed.target_lufs,
    )


async def keep_power(power: Power, store: Store) -> StoredFile:
    """A track's power (`measure_track`) in the store, so that nobody decodes the track for it once more."""
    content = io.BytesIO()
    np.save(content, power)
    return await asyncio.to_thread(store.keep_bytes, content.getvalue(), ".npy")


async def load_power(dubbed: Dubbed) -> Power | None:
    """The K-weighted power of a dub's track, as it was measured when it was made, or now; None where it has none."""
    if dubbed.power is not None:
        found: Power = await asyncio.to_thread(np.load, path_of(dubbed.power))
        return found
    return (await measure_track(path_of(dubbed.audio))).power if dubbed.audio else None


async def describe_loudness(mix: Path, spans: Sequence[tuple[int, int]]) -> dict[str, float | None]:
    """What a mixer writes on a master: its figures by the whole programme, and by the dialogue alone.

    ``spans`` (ms) say when somebody speaks. In LUFS, dBTP and LU; None for what is silent. Raises as ffmpeg's
    runner does.
    """
    measured = await measure_track(mix)
    found = measured.loudness
    lufs, share = await asyncio.to_thread(measure_dialogue, measured.power, spans)
    figures = {
        "integrated_lufs": found.integrated_lufs,
        "true_peak_dbtp": found.true_peak_dbtp,
        "range_lu": found.range_lu,
        "dialogue_lufs": lufs,
        "dialogue_share": share,
    }
    return {name: round(figure, 2) if math.isfinite(figure) else None for name, figure in figures.items()}


def split_heard(heard: Heard, lines: Sequence[LineFit]) -> tuple[str, ...]:
    """What was heard of each line, by time; empty for a line of which nothing was."""
    order = sorted(range(len(lines)), key=lambda place: lines[place].start_ms)
    starts = [lines[place].start_ms for place in order]
    said = [""] * len(lines)
    for word in heard.words():
        middle = (word.start_ms + word.end_ms) // 2
        after = bisect_right(starts, middle)
        near = [order[place] for place in range(max(0, after - 2), min(len(order), after + 1))]
        best = min(near, key=lambda place: _distance(lines[place], middle), default=None)
        if best is not None and _distance(lines[best], middle) <= _NEAR_MS:
            said[best] += word.text
    return tuple(text.strip() for text in said)


def _distance(line: LineFit, at_ms: int) -> int:
    return max(line.start_ms - at_ms, at_ms - line.end_ms, 0)
