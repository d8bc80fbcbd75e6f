"""How much of the original's speech is still in a background: measured, though nobody knows the truth.

Two questions, put to the network at the places where most is said; the worse answer counts.

*How much speech does it still find?* What it takes out of the background, against what it takes out of the original.
This tells planted speech within 1 dB from -40 to 0 dB. Of its own background a network thinks too well: it doesn't find
what it has not found before. So a learned background is asked a second question.

*How well does it part these two?* The speech it found is laid over the background a second time, elsewhere; now the
truth is known, and what stays behind can be measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.separation import spleeter
from polyreel.engine.separation.port import weigh_power
from polyreel.engine.separation.spleeter import MaskOf
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.separation.track import PAIRS, RATE, read_patch
from polyreel.engine.sound.meter import STEP_MS
from polyreel.engine.sound.pcm import Frames, WorkingTrack, open_track
from polyreel.engine.threads import GoOn, in_thread
from polyreel.store.local import path_of

FLOOR_DB = -60.0
# Below this share of the whole, what a network takes for speech is none.
_NO_SPEECH = 0.01
_PLACES = 2
_STEPS = spleeter.PATCH * 1000 // spleeter.RATE // STEP_MS
# Speech that went through a soft mask comes out filtered: what a filter this long can make of it is speech.
_TAPS = 256

Mono = NDArray[np.float32]


async def with_speech_left(stems: Stems, mask_of: MaskOf) -> Stems:
    """The stems with ``speech_left_db``: speech in the background relative to that in the original, in dB.

    Unchanged where there is no background, or no speech. Raises EngineError where the network can't run.
    """
    if stems.background is None:
        return stems
    found = await in_thread(lambda go_on: speech_left(stems, mask_of, go_on))
    return stems if found is None else stems.model_copy(update={"speech_left_db": round(found, 1)})


def speech_left(stems: Stems, mask_of: MaskOf, go_on: GoOn) -> float | None:
    """In dB, `FLOOR_DB` at least. None without a background, or where the original holds no speech. Blocks."""
    if stems.background is None:
        return None
    judge = _separate_again if stems.kind == "learned" else _measure_found_again
    original, background = _open_bed(stems.original, stems.samples), _open_bed(stems.background, stems.samples)
    tally = _Tally()
    for place in _find_places(stems.original, stems.background):
        go_on()
        start = place * STEP_MS * RATE // 1000
        heard = _Heard(*(_read_pair(track, start) for track in (original, background)))
        tally.add(heard, judge(heard, mask_of))
    return tally.db()


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """One place, as the network hears it: float32 (`spleeter.PATCH`, 2) each."""

    original: Frames
    background: Frames


@dataclass(slots=True)
class _Tally:
    """Energy of everything, of the speech in it, and of what is left of that."""

    whole: float = 0.0
    speech: float = 0.0
    left: float = 0.0

    def add(self, heard: _Heard, found: tuple[float, float]) -> None:
        self.whole += _measure_energy(heard.original)
        self.speech += found[0]
        self.left += found[1]

    def db(self) -> float | None:
        if self.speech <= _NO_SPEECH * self.whole:
            return None
        return max(FLOOR_DB, 10 * math.log10(self.left / self.speech)) if self.left > 0 else FLOOR_DB


def _measure_found_again(heard: _Heard, mask_of: MaskOf) -> tuple[float, float]:
    """The energy that the network takes for speech: of the original, and of the background."""
    return _measure_energy(_extract_speech(heard.original, mask_of)), _measure_energy(
        _extract_speech(heard.background, mask_of)
    )


def _separate_again(heard: _Heard, mask_of: MaskOf) -> tuple[float, float]:
    speech = heard.original - heard.background
    found = _measure_energy(_extract_speech(heard.background, mask_of))
    # Half a patch away: speech laid over itself would only be louder, and come out as before.
    elsewhere = np.roll(speech, len(speech) // 2, axis=0)
    mixed = heard.background + elsewhere
    remaining = _mix_to_mono(elsewhere) - _extract_speech(mixed, mask_of)
    missed = measure_filtered_share(remaining, _mix_to_mono(elsewhere)) * _measure_energy(elsewhere)
    return _measure_energy(speech), max(found, missed)


def measure_filtered_share(heard: Mono, speech: Mono, taps: int = _TAPS) -> float:
    """Which part of the speech's energy is in what is heard, after whatever filter of ``taps`` explains it best."""
    # Padded, so that the end does not run into the beginning.
    size = 1 << (len(heard) + taps).bit_length()
    own, other = np.fft.rfft(speech.astype(np.float64), size), np.fft.rfft(heard.astype(np.float64), size)
    auto = np.fft.irfft(own * own.conj(), size)[:taps]
    if auto[0] <= 0:
        return 0.0
    cross = np.roll(np.fft.irfft(other * own.conj(), size), taps // 2)[:taps]
    lags = np.abs(np.arange(taps)[:, None] - np.arange(taps)[None, :])
    # A little energy of its own on the diagonal keeps the system solvable.
    matrix = auto[lags] + np.eye(taps) * (1e-6 * auto[0])
    return max(0.0, float(np.linalg.solve(matrix, cross) @ cross / auto[0]))


def _extract_speech(patch: Frames, mask_of: MaskOf) -> Mono:
    return _mix_to_mono(spleeter.speech_in(patch, mask_of, first=True, last=True))


def _mix_to_mono(frames: Frames) -> Mono:
    mean: Mono = frames.mean(axis=1)
    return mean


def _measure_energy(sound: Frames | Mono) -> float:
    mono = _mix_to_mono(sound) if sound.ndim > 1 else sound
    return float(np.square(mono, dtype=np.float64).sum())


def _open_bed(bed: Bed, samples: int) -> WorkingTrack:
    return open_track(path_of(bed.audio)).exactly(samples)


def _read_pair(track: WorkingTrack, start: int) -> Frames:
    """What the network hears of a place; of 5.1, the centre."""
    return read_patch(track, start, PAIRS[track.channels][0])


def _find_places(original: Bed, background: Bed) -> Iterable[int]:
    """Where the most was taken out, as steps; where nothing was, the loudest places. Places don't overlap."""
    whole, rest = weigh_power(original), weigh_power(background)
    taken = np.maximum(whole - rest, 0)
    if taken.sum() <= 1e-3 * whole.sum():
        taken = whole
    starts = range(0, max(1, len(taken) - _STEPS // 2), _STEPS)
    found = sorted(starts, key=lambda start: -float(taken[start : start + _STEPS].sum()))
    return found[:_PLACES]
