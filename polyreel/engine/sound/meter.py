"""Loudness by the numbers of ITU-R BS.1770-5, in process: for planning a mix before it is made.

The delivered file is measured by ffmpeg's ``ebur128``; this meter agrees with it within 0.1 LU and knows *when* it is
loud, which a mix needs: power per tenth of a second and channel, K-weighted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.rates import MARGIN, convert_rate

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
_WHOLE_RATE = 48_000
# At 48 kHz a transform of a quarter of the samples has all that it needs (`_measure_in_bands`).
_FOLD = 4
_OUR_BLOCK = 96
_LOW_BLOCK = _OUR_BLOCK // _FOLD


@cache
def _make_weights(window: int, rate: int) -> NDArray[np.float32]:
    """K-weighting of power per bin of a real transform, with what Parseval's theorem asks for built in."""
    return _weigh_bins(_respond_at(np.fft.rfftfreq(window, 1 / rate)), window)


@cache
def _make_low_weights(window: int) -> NDArray[np.float32]:
    """What a bin of the low band counts for beyond what it counts as a part of the whole power, above it."""
    beyond = _respond_at(np.fft.rfftfreq(window, _FOLD / _WHOLE_RATE)) - _flat_response()
    # Each of its samples stands for `_FOLD`.
    return _weigh_bins(beyond * _FOLD, window)


def _weigh_bins(response: NDArray[np.float64], window: int) -> NDArray[np.float32]:
    weights = response / window
    # Each inner bin stands for two of the whole transform.
    weights[1:-1] *= 2
    return weights.astype(np.float32)


@cache
def _flat_response() -> float:
    return float(_respond_at(np.array([_WHOLE_RATE / 2]))[0])


def _respond_at(hertz: NDArray[np.floating]) -> NDArray[np.float64]:
    """What K-weighting makes of power at these frequencies."""
    # The filters are known up to 24 kHz; what a higher rate has above counts as what lies there.
    z = np.exp(-2j * np.pi * np.minimum(hertz, 23_999) / 48_000)
    response = np.ones(len(z))
    for b, a in (_SHELF, _HIGH_PASS):
        response = response * np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2
    return response


class Meter:
    """Hears a stream in pieces of any length, and gives its K-weighted power per tenth of a second."""

    def __init__(self, channels: int, rate: int = 48_000) -> None:
        self._rate = rate
        self._hop = rate * STEP_MS // 2000
        # Only at 48 kHz: clips of voices are short, and their levels are kept under their keys to the hundredth.
        self._in_bands = rate == _WHOLE_RATE
        self._margin = MARGIN if self._in_bands else 0
        self._rest = np.zeros((self._hop + self._margin, channels), dtype=np.float32)
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
        count = (len(joined) - 2 * self._margin) // self._hop - 1
        if count > 0:
            self._found.append(self._measure_energies(joined[: (count + 1) * self._hop + 2 * self._margin]))
        self._rest = joined[max(0, count) * self._hop :]

    def power(self) -> Power:
        """Mean square per step and channel, shape (steps, channels). Ends the stream."""
        steps = -(-self._heard // (2 * self._hop))
        self.feed(np.zeros((4 * self._hop, self._rest.shape[1]), dtype=np.float32))
        energy = np.concatenate(self._found)
        sums = energy[:-2:2] / 2 + energy[1:-1:2] + energy[2::2] / 2 if len(energy) % 2 else _sum_even(energy)
        means: Power = sums[:steps] / (2 * self._hop)
        return means

    def _measure_energies(self, joined: NDArray[np.float32]) -> NDArray[np.float64]:
        found: list[NDArray[np.float64]] = []
        for channel in range(joined.shape[1]):
            track = np.ascontiguousarray(joined[:, channel])
            # Talk is often mono in stereo.
            if channel and np.array_equal(track, joined[:, channel - 1]):
                found.append(found[-1])
            elif self._in_bands:
                found.append(_measure_in_bands(track, self._hop))
            else:
                found.append(_measure_whole(track, self._hop, self._rate))
        return np.stack(found, axis=1)


def _measure_whole(track: NDArray[np.float32], hop: int, rate: int) -> NDArray[np.float64]:
    """K-weighted energy of every window: two hops long, one after another."""
    # 5.1 has silent channels for minutes, and a transform of nothing is nothing.
    if not track.any():
        return np.zeros(len(track) // hop - 1)
    windows = np.lib.stride_tricks.sliding_window_view(track, 2 * hop)[::hop] * _make_sine(2 * hop)
    return _sum_bins(windows, _make_weights(2 * hop, rate))


def _measure_in_bands(track: NDArray[np.float32], hop: int) -> NDArray[np.float64]:
    """The same at 48 kHz, at less than half the cost; ``track`` has `MARGIN` samples more on either side.

    K-weighting is flat from some 4.5 kHz on. So all of a window's energy counts as that, and only the band below is
    transformed, at a quarter of the rate, for what its weights differ from that: within 0.02 dB of the whole transform.
    """
    inner = track[MARGIN : len(track) - MARGIN]
    if not inner.any():
        return np.zeros(len(inner) // hop - 1)
    rising = np.square(_make_sine(2 * hop)[:hop])
    halves = np.square(inner).reshape(-1, hop) @ np.stack([rising, rising[::-1]], axis=1)
    whole = (halves[:-1, 0] + halves[1:, 1]).astype(np.float64) * _flat_response()
    low = convert_rate(track.reshape(-1, 1), _OUR_BLOCK, _LOW_BLOCK)[:, 0]
    short = hop // _FOLD
    # Its samples lie where every fourth of ours does, and so do its window's.
    windows = np.lib.stride_tricks.sliding_window_view(low, 2 * short)[::short] * _make_sine(2 * hop)[::_FOLD]
    found: NDArray[np.float64] = np.maximum(whole + _sum_bins(windows, _make_low_weights(2 * short)), 0.0)
    return found


def _sum_bins(windows: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(windows)
    summed: NDArray[np.float64] = ((spectrum.real**2 + spectrum.imag**2) @ weights).astype(np.float64)
    return summed


@cache
def _make_sine(window: int) -> NDArray[np.float32]:
    """A window; half overlapping, their squares add up to one, so that no sample counts twice."""
    return np.sin(np.pi * (np.arange(window) + 0.5) / window).astype(np.float32)


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
