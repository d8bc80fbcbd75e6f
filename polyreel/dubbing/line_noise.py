"""What is wrong with a line's own sound: hiss under it, and peaks that were cut flat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.telling import describe_flaw, make_line_check
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.outcome import Check, FlawedLine, LineFit, StoredFile
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
    found = measure_noise(lines, speech)
    measured = [(line, *each) for line, each in zip(lines, found, strict=True) if each is not None]
    (quiet, silent), (flat, flattest) = limits.noise_db, limits.flattened
    hissing = [describe_flaw(line, f"{db:.1f} dB above it", db, quiet) for line, db, _ in measured if db < quiet]
    clipped = [
        describe_flaw(line, f"{share:.1%} of what is loud", share, flat) for line, _, share in measured if share > flat
    ]
    return (
        _make_check(
            "line_noise",
            hissing,
            any(db < silent for _, db, _ in measured),
            f"hiss under their speech ({quiet:g} dB above it at least)",
        ),
        _make_check(
            "line_clipping",
            clipped,
            any(share > flattest for *_, share in measured),
            f"peaks cut flat ({flat:.0%} of what is loud at most)",
        ),
    )


def measure_noise(lines: Sequence[LineFit], speech: StoredFile) -> list[tuple[float, float] | None]:
    """How many dB each line is above its hiss, and which share of its loud samples lies at its peak. Reads; blocks.

    None of a line that is missing, or a click: it is another check's, and nothing to measure hiss by.
    """
    path, found = path_of(speech), list[tuple[float, float] | None]()
    for line in lines:
        length = min(line.end_ms - line.start_ms, _LONGEST_MS)
        sound = read_stem(path, line.start_ms * RATE // 1000, length * RATE // 1000)
        is_heard = len(sound) >= _LEAST_FRAMES * _FRAME and np.percentile(_measure_frames(sound), _LOUD) > 0
        found.append((_measure_floor(sound), _measure_flatness(sound)) if is_heard else None)
    return found


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


def _make_check(name: str, found: Sequence[FlawedLine], fails: bool, what: str) -> Check:
    return make_line_check(name, "fail" if fails else "warn" if found else "pass", what, found)
