"""How loud each line is: against the dub's other lines, and against the music and noise that is under it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.spread import measure_spread
from polyreel.dubbing.telling import MOST_LISTED, describe_flaw, make_line_check, tell_lines
from polyreel.engine.sound.meter import STEP_MS, Meter, Power, speech_level
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.outcome import Check, CheckStatus, LineFit, StoredFile
from polyreel.store.local import path_of

_LEAST_LINES = 3
_LEAST_MS = 400
"""Of less than that loudness says little: a single syllable is as loud as it is."""
# Actors whisper and shout: what is unusual for a vendor's dub follows how its lines are spread. Our voices' lines are
# within 2 dB of each other, whichever voice it is.
_USUAL_TIMES = 3.0
_QUIET = 0.03
"""Of a line's loudest tenth of a second, in power: below that what is under it is heard alone."""
_LEAST_FITTED = 5
_LEAST_QUIET = 2
_MOST_DB = 60.0
_LEAST_STEPS = 15
"""Without the speech alone, a second and a half: shorter lines have no pause in which to hear the background."""
_LONGEST_MS = 20_000


def check_line_loudness(
    lines: Sequence[LineFit], speech: StoredFile | None, power: Power | None, limits: LineLimits
) -> Check | None:
    """``line_loudness``: lines that are softer or louder than the dub's others; None for too few lines. Blocks.

    What the original's tone asked for is not counted. By the speech alone, or in the mix where it is not there:
    ``power`` is the finished track's (`polyreel.dubbing.outlines.load_power`).
    """
    offs = measure_loudness(lines, speech, power)
    known = [(line, off) for line, off in zip(lines, offs, strict=True) if off is not None]
    if not known:
        return None
    acted = not all(line.voice for line in lines)
    spread = measure_spread([off for _, off in known]) if acted else 0.0
    warn, fail = (max(limit, _USUAL_TIMES * spread) for limit in limits.loudness_db)
    wrong = [(line, off) for line, off in known if abs(off) > warn]
    status: CheckStatus = "fail" if any(abs(off) > fail for _, off in wrong) else "warn" if wrong else "pass"
    found = [
        describe_flaw(line, f"{abs(off):.1f} dB {'louder' if off > 0 else 'softer'}", abs(off), warn)
        for line, off in wrong
    ]
    return make_line_check("line_loudness", status, f"unlike the dub's other lines ({warn:.3g} dB at most)", found)


def measure_loudness(lines: Sequence[LineFit], speech: StoredFile | None, power: Power | None) -> list[float | None]:
    """How many dB each line is louder than the dub's others; None where it can't be told. Blocks."""
    levels = [_measure_line(line, speech, power) for line in lines]
    known = [level for level in levels if level is not None]
    if len(known) < _LEAST_LINES:
        return [None] * len(lines)
    usual = float(np.median(known))
    return [None if level is None else level - usual for level in levels]


def _measure_line(line: LineFit, speech: StoredFile | None, power: Power | None) -> float | None:
    """How loud a line is in LU, without the gain that the original's tone gave it; None where it can't be told.

    From a zero that is the same for all lines of a dub, and not that of LUFS: only their differences count.
    """
    if line.end_ms - line.start_ms < _LEAST_MS:
        return None
    if speech is not None:
        level = speech_level(_read(path_of(speech), line.start_ms, line.end_ms), RATE)
    elif power is not None:
        inside = _cut(power, line)
        level = 10 * float(np.log10(inside.mean())) if inside.any() else -np.inf
    else:
        return None
    # A line that is not there at all is another check's.
    return level - (line.tone.gain_db if line.tone else 0.0) if np.isfinite(level) else None


def check_over_background(
    lines: Sequence[LineFit], speech: StoredFile | None, power: Power, limits: LineLimits
) -> Check | None:
    """``speech_over_background``: lines that are not far enough above what is under them to be understood. Blocks.

    In dB of K-weighted power, from the finished track and the speech alone. Without the latter the track's own course
    has to do: how far the voice is above what is left in its pauses. That is an estimate, and never fails.
    """
    ratios = measure_over_background(lines, speech, power)
    known = [(line, ratio) for line, ratio in zip(lines, ratios, strict=True) if ratio is not None]
    if not known:
        return None
    warn, fail = limits.over_background_db
    drowned = [(line, ratio) for line, ratio in known if ratio < warn]
    worst = min(ratio for _, ratio in known)
    status: CheckStatus = "pass" if not drowned else "fail" if worst < fail and speech is not None else "warn"
    found = [describe_flaw(line, f"{ratio:.1f} dB", ratio, warn) for line, ratio in drowned]
    return Check(
        name="speech_over_background",
        value=round(worst, 1),
        unit="dB",
        limit=warn,
        status=status,
        detail=f"hardly to be heard over what is under them: {tell_lines(found)}" if found else "",
        lines=tuple(found[:MOST_LISTED]),
    )


def measure_over_background(lines: Sequence[LineFit], speech: StoredFile | None, power: Power) -> list[float | None]:
    """How many dB each line is above what is under it; None where nothing of it is heard. Blocks."""
    return _compare_with_stem(lines, speech, power) if speech is not None else _compare_with_pauses(lines, power)


def _compare_with_stem(lines: Sequence[LineFit], speech: StoredFile, power: Power) -> list[float | None]:
    """With the speech's own power everything else in the track is known, but for one gain that all lines have."""
    path, spoken, tracks, beds = path_of(speech), list[Power](), list[Power](), list[float | None]()
    for line in lines:
        own = _measure_power(path, line)
        track = _cut(power, line)[: len(own)]
        own = own[: len(track)]
        spoken.append(own)
        tracks.append(track)
        quiet = track[own < _QUIET * own.max(initial=0.0)]
        beds.append(float(np.median(quiet)) if len(quiet) >= _LEAST_QUIET else None)
    gains = [_fit_gain(*both) for both in zip(spoken, tracks, strict=True) if len(both[0]) >= _LEAST_FITTED]
    gain = max(1e-6, float(np.median(gains))) if gains else 1.0
    return [
        _ratio_db(gain * own, float(np.mean(track - gain * own)) if bed is None else bed) if len(own) else None
        for own, track, bed in zip(spoken, tracks, beds, strict=True)
    ]


def _fit_gain(own: Power, track: Power) -> float:
    """How much more of the track there is where there is more of the speech: what is under it knows nothing of that."""
    apart = own - own.mean()
    return float(apart @ (track - track.mean()) / max(1e-18, apart @ apart))


def _compare_with_pauses(lines: Sequence[LineFit], power: Power) -> list[float | None]:
    found: list[float | None] = []
    for line in lines:
        inside = _cut(power, line)
        if len(inside) < _LEAST_STEPS:
            found.append(None)
            continue
        loud, quiet = np.percentile(inside, [90, 10])
        found.append(_ratio_db(np.array([loud - quiet]), float(quiet)))
    return found


def _ratio_db(speech: NDArray[np.float64], background: float) -> float | None:
    level = float(speech.mean()) if len(speech) else 0.0
    if level <= 0:
        return None
    return min(_MOST_DB, 10 * float(np.log10(level / max(background, level * 10 ** (-_MOST_DB / 10)))))


def _cut(power: Power, line: LineFit) -> Power:
    return power[round(line.start_ms / STEP_MS) : round(line.end_ms / STEP_MS)]


def _measure_power(path: Path, line: LineFit) -> Power:
    """The speech's power in the same tenths of a second as the track's."""
    first = round(line.start_ms / STEP_MS) * STEP_MS
    last = min(round(line.end_ms / STEP_MS) * STEP_MS, first + _LONGEST_MS)
    meter = Meter(1, RATE)
    meter.feed(_read(path, first, last).reshape(-1, 1))
    found: Power = meter.power()[: (last - first) // STEP_MS, 0]
    return found


def _read(path: Path, start_ms: int, end_ms: int) -> NDArray[np.float32]:
    length = min(end_ms - start_ms, _LONGEST_MS)
    return read_stem(path, start_ms * RATE // 1000, length * RATE // 1000)
