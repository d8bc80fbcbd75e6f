"""From one sample rate to another: band-limited, exact to the sample, in process."""

from __future__ import annotations

from math import gcd

import numpy as np

from polyreel.engine.sound.pcm import Samples


def resample(samples: Samples, rate: int, target: int) -> Samples:
    """The same sound at another rate: ``ceil(n * target / rate)`` samples, by zero-padding or cutting its spectrum.

    For clips of seconds that begin and end in silence, such as sentences: the spectrum of the whole clip is used,
    and the silence that is added here keeps its end from running into its beginning.
    """
    if rate == target or not len(samples):
        return samples
    down, up = rate // gcd(rate, target), target // gcd(rate, target)
    # Both lengths must be whole. A transform of a length with a large prime in it takes ten times as long.
    steps = 16 * _find_smooth(-(-(len(samples) + down) // (down * 16)))
    spectrum = np.fft.rfft(samples, steps * down)
    widened = np.fft.irfft(spectrum[: steps * up // 2 + 1], steps * up) * (up / down)
    return widened[: -(-len(samples) * up // down)].astype(np.float32)


def _find_smooth(least: int) -> int:
    """The next number from ``least`` on whose prime factors are 2, 3, 5 and 7 alone."""
    number = least
    while True:
        rest = number
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return number
        number += 1
