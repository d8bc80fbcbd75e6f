"""What is wrong with a line's own sound: hiss under it, and peaks that were cut flat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.telling import make_line_check
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.outcome import Check, LineFit, StoredFile
from polyreel.store.local import path_of

_FRAME = RATE // 100
_LOUD, _FLOOR = 95, 5
_NOISE_GAIN = 6.0
"""What a second difference makes of white noise's power."""
_LEAST_FRAMES = 30
_LONGEST_MS = 20_000
# Not the very highest sample: one click would hide that all others are at one height.
_PEAK, _NEAR, _OF = 99.95, 0.9, 0.5
_FULL = 32_766 / 32_767
_MOST_FULL = 8


def check_line_noise(lines: Sequence[LineFit], speech: StoredFile, limits: LineLimits) -> tuple[Check, ...]:
    """``line_noise`` and ``line_clipping`` of the lines in a speech stem. Reads the stem; blocks."""
    path = path_of(speech)
    floors, flat = list[tuple[LineFit, float]](), list[tuple[LineFit, float]]()
    for line in lines:
        length = min(line.end_ms - line.start_ms, _LONGEST_MS)
        sound = read_stem(path, line.start_ms * RATE // 1000, length * RATE // 1000)
        # What is not loud for that long is missing, or a click: another check's, and nothing to measure hiss by.
        if len(sound) < _LEAST_FRAMES * _FRAME or not np.percentile(_measure_frames(sound), _LOUD) > 0:
            continue
        floors.append((line, _measure_floor(sound)))
        flat.append((line, _measure_flatness(sound)))
    hissing = [(line, db) for line, db in floors if db < limits.noise_db[0]]
    clipped = [(line, share) for line, share in flat if share > limits.flattened[0]]
    return (
        _make_check(
            "line_noise",
            [(line, f"{db:.1f} dB above it") for line, db in hissing],
            any(db < limits.noise_db[1] for _, db in hissing),
            "hiss under their speech",
        ),
        _make_check(
            "line_clipping",
            [(line, f"{share:.1%} of what is loud") for line, share in clipped],
            any(share > limits.flattened[1] for _, share in clipped),
            "peaks cut flat",
        ),
    )


def _measure_floor(sound: Samples) -> float:
    """How far a line's loud moments are above its hiss, in dB: above what is left of its quietest when voice is gone.

    A line may be voiced from its beginning to its end. But a second difference all but silences a voice, whose power is
    low in pitch, and not noise, whose samples have nothing to do with each other.
    """
    loud = np.percentile(_measure_frames(sound), _LOUD)
    floor = np.percentile(_measure_frames(np.diff(sound, n=2)), _FLOOR) / _NOISE_GAIN
    return 10 * float(np.log10(loud / max(floor, loud * 1e-9)))


def _measure_frames(sound: Samples) -> NDArray[np.float64]:
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power: NDArray[np.float64] = np.square(frames, dtype=np.float64).mean(axis=1)
    return power


def _measure_flatness(sound: Samples) -> float:
    """Which share of a line's loud samples lies at its peak; all of it where samples are at full scale."""
    level = np.abs(sound)
    if int((level >= _FULL).sum()) > _MOST_FULL:
        return 1.0
    peak = np.percentile(level, _PEAK)
    return float((level > _NEAR * peak).sum() / max(1, (level > _OF * peak).sum()))


def _make_check(name: str, found: Sequence[tuple[LineFit, str]], fails: bool, what: str) -> Check:
    return make_line_check(name, "fail" if fails else "warn" if found else "pass", what, found)
