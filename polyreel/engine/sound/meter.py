"""Loudness by the numbers of ITU-R BS.1770-5, in process: for planning a mix before it is made.

The delivered file is measured by ffmpeg's ``ebur128``; this meter agrees with it within 0.1 LU and knows *when* it is
loud, which a mix needs: power per tenth of a second and channel, K-weighted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Power = NDArray[np.float64]
"""K-weighted mean square. Per tenth of a second (and channel, where it has two dimensions)."""

# Front channels count once, the low-frequency channel not at all, surrounds 1.5 dB more.
CHANNEL_WEIGHTS = {1: (1.0,), 2: (1.0, 1.0), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
STEP_MS = 100
SILENCE = -70.0
_STEPS_AT_ONCE = 100
_OFFSET = -0.691
_STEPS_PER_BLOCK = 4
_STEPS_SHORT_TERM = 30
# BS.1770-5, tables 1 and 2: the two biquads at 48 kHz. Their response is read off per frequency, so any rate will do.
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


@cache
def _make_weights(window: int, rate: int) -> NDArray[np.float64]:
    """K-weighting of power per bin of a real transform, with what Parseval's theorem asks for built in."""
    # The filters are known up to 24 kHz; what a higher rate has above counts as what lies there.
    z = np.exp(-2j * np.pi * np.minimum(np.fft.rfftfreq(window, 1 / rate), 23_999) / 48_000)
    response = np.ones(len(z))
    for b, a in (_SHELF, _HIGH_PASS):
        response = response * np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2
    # Each inner bin stands for two of the whole transform.
    response[1:-1] *= 2
    weights: NDArray[np.float64] = response / window
    return weights


class Meter:
    """Hears a stream in pieces of any length, and gives its K-weighted power per tenth of a second."""

    def __init__(self, channels: int, rate: int = 48_000) -> None:
        self._rate = rate
        self._hop = rate * STEP_MS // 2000
        # Sine windows, half overlapping: their squares add up to one, so no sample counts twice.
        self._window = np.sin(np.pi * (np.arange(2 * self._hop) + 0.5) / (2 * self._hop)).astype(np.float32)
        self._rest = np.zeros((self._hop, channels), dtype=np.float32)
        self._found: list[NDArray[np.float64]] = []
        self._heard = 0

    def feed(self, frames: NDArray[np.float32]) -> None:
        """The next frames: float32, shape (n, channels)."""
        # The spectra of a line of two minutes take 125 MB, those of a block 15.
        block = _STEPS_AT_ONCE * 2 * self._hop
        for start in range(0, len(frames), block):
            self._feed_block(frames[start : start + block])

    def _feed_block(self, frames: NDArray[np.float32]) -> None:
        self._heard += len(frames)
        joined = np.concatenate([self._rest, frames])
        count = len(joined) // self._hop - 1
        if count > 0:
            self._found.append(self._measure_energies(joined, count))
        self._rest = joined[max(0, count) * self._hop :]

    def power(self) -> Power:
        """Mean square per step and channel, shape (steps, channels). Ends the stream."""
        steps = -(-self._heard // (2 * self._hop))
        self.feed(np.zeros((4 * self._hop, self._rest.shape[1]), dtype=np.float32))
        energy = np.concatenate(self._found)
        sums = energy[:-2:2] / 2 + energy[1:-1:2] + energy[2::2] / 2 if len(energy) % 2 else _sum_even(energy)
        means: Power = sums[:steps] / (2 * self._hop)
        return means

    def _measure_energies(self, joined: NDArray[np.float32], count: int) -> NDArray[np.float64]:
        channels = joined.shape[1]
        found = np.zeros((count, channels))
        for channel in range(channels):
            track = np.ascontiguousarray(joined[: (count + 1) * self._hop, channel])
            # 5.1 has silent channels for minutes, and a transform of nothing is nothing.
            if not track.any():
                continue
            windows = np.lib.stride_tricks.sliding_window_view(track, 2 * self._hop)[:: self._hop] * self._window
            spectrum = np.fft.rfft(windows)
            squares = spectrum.real**2 + spectrum.imag**2
            found[:, channel] = squares @ _make_weights(2 * self._hop, self._rate).astype(np.float32)
        return found


def _sum_even(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    return energy[:-3:2] / 2 + energy[1:-2:2] + energy[2:-1:2] / 2


def integrate_loudness(power: Power) -> float:
    """Gated loudness in LUFS of a programme's power per step, its channels already weighted and summed."""
    if len(power) < _STEPS_PER_BLOCK:
        power = np.pad(power, (0, _STEPS_PER_BLOCK - len(power)))
    sums = np.cumsum(np.concatenate([[0.0], power]))
    blocks = (sums[_STEPS_PER_BLOCK:] - sums[:-_STEPS_PER_BLOCK]) / _STEPS_PER_BLOCK
    audible = blocks[blocks > power_at(SILENCE)]
    if not len(audible):
        return -np.inf
    # A tenth of the mean power is 10 LU below it: the relative gate.
    return loudness(float(audible[audible > audible.mean() / 10].mean()))


def measure_dialogue(power: Power, spans: Iterable[tuple[int, int]]) -> tuple[float, float]:
    """Loudness in LUFS of the dialogue alone, and its share of the programme (0 to 1).

    ``power`` is per step, channels weighted and summed; ``spans`` say in ms when somebody speaks. As ITU-R BS.1770-1
    has it, which knows no gate: speech decides what is measured, and nothing but silence is left out of it.
    """
    inside = np.zeros(len(power), dtype=np.bool_)
    for start, end in spans:
        inside[round(start / STEP_MS) : round(end / STEP_MS)] = True
    spoken = power[inside & (power > power_at(SILENCE))]
    if not len(spoken):
        return -np.inf, 0.0
    return loudness(float(spoken.mean())), len(spoken) / len(power)


def loudness_range(power: Power) -> float:
    """Loudness range in LU (EBU Tech 3342) of a programme's weighted, summed power per step; 0 where it is too short.

    The spread of the loudness of 3 s, from the 10th to the 95th of a hundred, without what is silent or 20 LU below.
    """
    if len(power) < _STEPS_SHORT_TERM:
        return 0.0
    sums = np.cumsum(np.concatenate([[0.0], power]))
    blocks = (sums[_STEPS_SHORT_TERM:] - sums[:-_STEPS_SHORT_TERM]) / _STEPS_SHORT_TERM
    audible = blocks[blocks > power_at(SILENCE)]
    audible = audible[audible > audible.mean() / 100] if len(audible) else audible
    if not len(audible):
        return 0.0
    low, high = np.percentile(audible, [10, 95])
    return 10 * float(np.log10(high / low))


def loudness(power: float) -> float:
    """LUFS of a mean square."""
    return _OFFSET + 10 * float(np.log10(power)) if power > 0 else -np.inf


def power_at(lufs: float) -> float:
    """The mean square that is so loud."""
    return float(10 ** ((lufs - _OFFSET) / 10))


def speech_level(samples: NDArray[np.float32], rate: int) -> float:
    """Loudness in LUFS of one short clip in one channel, its pauses gated out."""
    meter = Meter(1, rate)
    meter.feed(samples.reshape(-1, 1))
    power = meter.power()[:, 0]
    # 20 dB below the loudest step: the relative gate of a programme would drop most of a sentence with one loud word.
    audible = power[power > power.max(initial=0.0) / 100]
    return loudness(float(audible.mean())) if len(audible) else -np.inf
