"""Stretch, resampling, metering and ducking: what they promise, in numbers."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyreel.engine.sound.ducking import RATE, Ramp, duck, merge_spans
from polyreel.engine.sound.edges import trim_silence
from polyreel.engine.sound.meter import (
    _HIGH_PASS,
    _SHELF,
    Meter,
    _measure_in_bands,
    _measure_whole,
    integrate_loudness,
    loudness,
    power_at,
    speech_level,
)
from polyreel.engine.sound.rates import MARGIN
from polyreel.engine.sound.resample import _find_smooth, resample
from polyreel.engine.sound.stretch import stretch


def tone(hz: float, seconds: float, rate: int, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def strongest(samples: np.ndarray, rate: int) -> float:
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[np.argmax(np.abs(np.fft.rfft(samples)))])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30_000), st.floats(0.75, 1.35))
def test_stretched_speech_is_exactly_as_long_as_asked(samples: int, ratio: float) -> None:
    sound = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    length = round(samples / ratio)
    assert len(stretch(sound, 22_050, length)) == length


@pytest.mark.parametrize("ratio", [0.95, 1.08, 1.13, 1.30])
def test_stretching_keeps_pitch_and_level(ratio: float) -> None:
    sound = tone(180, 2, 22_050)
    out = stretch(sound, 22_050, round(len(sound) / ratio))
    assert abs(strongest(out, 22_050) - 180) < 2
    middle = out[2000:-2000]
    assert abs(20 * np.log10(np.sqrt((middle**2).mean()) / (0.5 / np.sqrt(2)))) < 0.5


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_resampling_is_exact_in_length_and_true_in_shape(rate: int) -> None:
    out = resample(tone(440, 1, rate), rate, 48_000)
    assert len(out) == 48_000
    assert np.abs(out - tone(440, 1, 48_000))[2000:-2000].max() < 1e-3


def test_a_clip_of_any_length_is_resampled_at_one_that_transforms_are_quick_at() -> None:
    """Of 52,013 samples the padded length had the prime 3,251 in it, which took thirteen times as long."""
    for least in (1, 11, 3251, 9_999):
        number = _find_smooth(least)
        assert least <= number < least * 1.1 + 1
        assert 2**60 * 3**40 * 5**30 * 7**25 % number == 0
    out = resample(tone(440, 52_013 / 24_000, 24_000), 24_000, 48_000)
    assert len(out) == 2 * 52_013
    assert np.abs(out - tone(440, 52_013 / 24_000, 48_000))[2000:-2000].max() < 1e-3


def test_the_meter_gives_the_standards_own_value_for_its_tone() -> None:
    """BS.1770: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS."""
    meter = Meter(1)
    meter.feed(tone(997, 5, 48_000, 1.0).reshape(-1, 1))
    assert integrate_loudness(meter.power()[2:-2, 0]) == pytest.approx(-3.01, abs=0.05)


def test_the_meter_hears_the_same_however_the_stream_is_cut() -> None:
    noise = np.random.default_rng(1).standard_normal((48_000 * 3 + 777, 2)).astype(np.float32) / 20
    whole, pieces = Meter(2), Meter(2)
    whole.feed(noise)
    for start in range(0, len(noise), 1013):
        pieces.feed(noise[start : start + 1013])
    one, other = whole.power(), pieces.power()
    assert one.shape == other.shape == (31, 2)
    np.testing.assert_allclose(one, other, rtol=1e-4)


def filter_and_square(sound: np.ndarray, rate: int = 48_000) -> np.ndarray:
    """K-weighted power per tenth of a second, straight from the standard's two filters run over the samples."""
    heard = np.pad(sound.astype(np.float64), (0, -len(sound) % (rate // 10)))
    spectrum = np.fft.rfft(heard, 2 * len(heard))
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * len(heard)))
    for b, a in (_SHELF, _HIGH_PASS):
        spectrum = spectrum * np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    weighted = np.fft.irfft(spectrum)[: len(heard)]
    return np.square(weighted).reshape(-1, rate // 10).mean(axis=1)


@pytest.mark.parametrize("hertz", [40, 100, 997, 3000, 4500, 5500, 6000, 6500, 7500, 9000, 15_000, 21_000])
def test_the_meter_weighs_every_frequency_as_the_standard_does(hertz: int) -> None:
    """Also where the band ends that is transformed, and where what is above folds back."""
    sound = tone(hertz, 4, 48_000)
    meter = Meter(1)
    meter.feed(sound.reshape(-1, 1))
    # Between the ends, where a tone that begins at once rings in both filters, and splashes in the windows.
    found, wanted = meter.power()[10:-10, 0].mean(), filter_and_square(sound)[10:-10].mean()
    assert 10 * np.log10(found / wanted) == pytest.approx(0, abs=0.02)


def test_the_meter_and_the_standard_s_filters_agree_on_noise_that_comes_and_goes() -> None:
    random = np.random.default_rng(3)
    noise = random.standard_normal(48_000 * 20) * np.repeat(random.uniform(0.001, 0.1, 40), 24_000)
    meter = Meter(1)
    meter.feed(noise.astype(np.float32).reshape(-1, 1))
    assert integrate_loudness(meter.power()[:, 0]) == pytest.approx(
        integrate_loudness(filter_and_square(noise)), abs=0.1
    )


@pytest.mark.parametrize("hertz", [0, 2, 10, 30, 200, 4000, 5800, 7000, 23_000])
def test_a_band_and_the_rest_give_what_a_transform_of_everything_gives(hertz: int) -> None:
    """Window by window, with a loud tone and steps in it; also with one far below what the weighting lets through."""
    random = np.random.default_rng(hertz)
    sound = random.standard_normal(48_000 * 3) * np.repeat(random.uniform(0, 0.1, 30), 4_800)
    sound = (sound + 0.3 * np.cos(2 * np.pi * hertz * np.arange(len(sound)) / 48_000)).astype(np.float32)
    wanted = _measure_whole(sound[MARGIN : MARGIN + 2_400 * 59], 2_400, 48_000)
    found = _measure_in_bands(sound[: 2_400 * 59 + 2 * MARGIN], 2_400)
    assert len(found) == len(wanted) == 58
    assert np.abs(10 * np.log10(found / wanted)).max() < 0.02


def test_channels_that_are_the_same_are_heard_each() -> None:
    one, other = tone(300, 1, 48_000), tone(900, 1, 48_000)
    alone = Meter(1)
    alone.feed(one.reshape(-1, 1))
    three = Meter(6)
    three.feed(np.stack([one, one, other, one, one * 0, one * 0], axis=1))
    found = three.power()
    for channel in (0, 1, 3):
        np.testing.assert_array_equal(
            found[:, channel], alone.power()[: len(found), 0] if channel == 0 else found[:, 0]
        )
    assert (found[:, 2] != found[:, 0]).all()
    assert not found[:, 4:].any()


def test_silence_has_no_loudness_and_pauses_do_not_lower_it() -> None:
    assert integrate_loudness(np.zeros(100)) == -np.inf
    speech = np.concatenate([np.full(50, power_at(-20)), np.zeros(500)])
    assert integrate_loudness(speech) == pytest.approx(-20, abs=0.7)
    assert loudness(power_at(-31)) == pytest.approx(-31)
    assert speech_level(np.zeros(22_050, dtype=np.float32), 22_050) == -np.inf


def test_a_duck_is_down_when_speech_begins_and_up_after_it() -> None:
    curve = duck([(2000, 3000)], -20, Ramp(attack_ms=100, release_ms=400))
    at = [curve.db_at(np.array([ms * RATE // 1000]))[0] for ms in (1900, 1950, 2000, 3000, 3200, 3400)]
    assert at == pytest.approx([0, -10, -20, -20, -10, 0])


def test_short_pauses_do_not_pump() -> None:
    curve = duck([(1000, 2000), (2600, 3000)], -20)
    assert curve.db_at(np.arange(RATE, 3 * RATE)).max() == -20


def test_a_reel_that_begins_with_speech_begins_ducked() -> None:
    assert duck([(0, 1000)], -20).gain(0, 10) == pytest.approx(0.1)


def test_gain_in_pieces_is_the_gain_of_the_whole() -> None:
    curve = duck([(500, 900), (3000, 3500)], -18)
    whole = curve.gain(0, 5 * RATE)
    pieces = [np.broadcast_to(curve.gain(start, 4800), 4800) for start in range(0, 5 * RATE, 4800)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=1e-5)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(lambda p: (min(p), max(p))), max_size=12))
def test_merged_spans_are_apart_and_cover_the_same(spans: list[tuple[int, int]]) -> None:
    found = merge_spans(spans, 10)
    assert all(later[0] - earlier[1] > 10 for earlier, later in pairwise(found))
    assert all(any(start <= one and other <= end for start, end in found) for one, other in spans)


def spoken(rate: int = 24_000) -> np.ndarray:
    """Half a second of hum that begins at once, dies away to -66 dB, and stands in the hush of a model."""
    random = np.random.default_rng(6)
    time = np.arange(rate // 2) / rate
    hum = np.sin(2 * np.pi * 150 * time + 1) * 10 ** (-np.maximum(0, time - 0.3) * 330 / 20)
    hush = 3e-4 * random.standard_normal(2 * rate)
    hush[rate // 2 : rate] += 0.5 * hum
    return hush.astype(np.float32)


@pytest.mark.parametrize("silence_db", [-40, -46, -50])
def test_speech_comes_out_of_silence_and_goes_back_without_a_step(silence_db: int) -> None:
    """The first and last samples are nothing, the next ones little: no click, however the voice began."""
    kept = trim_silence(spoken(), 24_000, 10 ** (silence_db / 20))
    assert abs(kept[0]) < 1e-3 > abs(kept[-1])
    assert np.abs(np.diff(kept[:24])).max() < 2e-3 > np.abs(np.diff(kept[-240:])).max()


def test_what_is_kept_of_speech_is_all_of_it_and_hardly_more() -> None:
    kept = trim_silence(spoken(), 24_000, 10 ** (-46 / 20))
    whole = spoken()[12_000:24_000]
    assert 0.45 <= len(kept) / 24_000 <= 0.56
    assert np.square(kept).sum() == pytest.approx(np.square(whole).sum(), rel=0.02)


@pytest.mark.parametrize("samples", [0, 1, 5, 100])
def test_sounds_too_short_to_fade_are_kept_all_the_same(samples: int) -> None:
    assert len(trim_silence(np.full(samples, 0.5, np.float32), 24_000)) == samples


def test_the_loudness_of_a_line_of_two_minutes_takes_no_more_memory_than_that_of_a_short_one() -> None:
    """Its spectra are made block by block, and the power that is found does not depend on the pieces."""
    noise = (np.random.default_rng(1).standard_normal(24_000 * 120) * 0.1).astype(np.float32)
    tracemalloc.start()
    level = speech_level(noise, 24_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000
    whole, pieces = Meter(1, 24_000), Meter(1, 24_000)
    whole.feed(noise.reshape(-1, 1))
    for start in range(0, len(noise), 30_001):
        pieces.feed(noise[start : start + 30_001].reshape(-1, 1))
    power = whole.power()
    assert power == pytest.approx(pieces.power(), rel=1e-6)
    assert level == pytest.approx(loudness(float(power.mean())), abs=0.1)
