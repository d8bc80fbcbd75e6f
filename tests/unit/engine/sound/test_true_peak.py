"""True peaks: what lies between samples is found, and passing over most of a film changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyreel.engine.sound.rates import MARGIN, convert_rate
from polyreel.engine.sound.true_peak import PeakMeter


def measure(frames: np.ndarray, piece: int = 480_000) -> float:
    meter = PeakMeter(frames.shape[1])
    for start in range(0, len(frames), piece):
        meter.feed(frames[start : start + piece])
    return meter.peak_dbtp()


def oversample_all(frames: np.ndarray) -> float:
    """The peak by oversampling every sample."""
    blocks = -(-len(frames) // 16)
    padded = np.pad(frames, ((2 * MARGIN, 2 * MARGIN + blocks * 16 - len(frames)), (0, 0)))
    highest = max(np.abs(frames).max(), np.abs(convert_rate(padded, 16, 64)).max())
    return round(20 * np.log10(highest), 1)


def make_swell(seed: int, samples: int, channels: int = 2) -> np.ndarray:
    """Noise of all colours that swells and dies away, as speech does."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((samples, channels)).cumsum(axis=0) * random.uniform(0, 0.05)
    noise = (
        np.diff(noise, prepend=0, axis=0) * random.uniform(0.1, 1) + random.standard_normal((samples, channels)) / 40
    )
    swell = np.interp(np.arange(samples), np.linspace(0, samples, 9), random.uniform(0, 1, 9) ** 3)
    return (noise * swell[:, None]).astype(np.float32)


def test_a_peak_between_samples_is_seen() -> None:
    """A quarter-rate sine between its samples: sample peak -3 dB, true peak 0 dB."""
    time = np.arange(96_000)
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 4800)
    tone = (fade * np.sin(np.pi / 2 * time + np.pi / 4)).astype(np.float32).reshape(-1, 1)
    assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(-3, abs=0.05)
    assert measure(tone) == pytest.approx(0, abs=0.1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40_000))
def test_what_is_passed_over_holds_no_higher_peak(seed: int, samples: int) -> None:
    sound = make_swell(seed, samples)
    assert measure(sound) == oversample_all(sound)


@pytest.mark.parametrize("piece", [1, 15, 16, 997, 48_000])
def test_the_peak_is_the_same_however_the_stream_is_cut(piece: int) -> None:
    sound = make_swell(7, 5_000)
    assert measure(sound, piece) == measure(sound)


def test_a_peak_in_the_last_sample_of_one_channel_counts() -> None:
    sound = np.zeros((1000, 6), dtype=np.float32)
    sound[-1, 4] = -0.5
    assert measure(sound) == pytest.approx(-6.0, abs=0.05)


def test_silence_has_no_peak() -> None:
    assert measure(np.zeros((100, 2), dtype=np.float32)) == -np.inf
    assert PeakMeter(1).peak_dbtp() == -np.inf
