"""The mark in dubbed speech: the network's layers, the pieces that a stem is marked in, and what is said of a track."""

from __future__ import annotations

import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from polyreel.engine.models.registry import WATERMARK
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stem import RATE, as_stem, read_stem
from polyreel.engine.watermark.checkpoint import HIDDEN, SUBBAND, Layer, Weights, read_weights
from polyreel.engine.watermark.network import PerthNet
from polyreel.engine.watermark.spectrum import STEP, levels_of, magnitudes_at, sound_of, spectrum_of
from polyreel.engine.watermark.stem import Search, mark_stem, search_track
from polyreel.errors import EngineError
from polyreel.job import Job
from polyreel.planning.marks import require_watermark


def noise(seconds: float, rate: int) -> Samples:
    return (np.random.default_rng(7).standard_normal(round(seconds * rate)) * 0.1).astype(np.float32)


class Echo:
    """Marks a sound with itself, a tenth as loud; finds the mark where it is louder than a threshold."""

    def compute_mark(self, samples: Samples) -> Samples:
        return samples * np.float32(0.1)

    def find_mark(self, samples: Samples) -> float:
        return float(np.abs(samples).max() > 0.5)


# -- the network


def convolve_by_hand(
    frames: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> list[float]:
    """One output channel of a convolution, written as its definition."""
    taps = len(kernel)
    found = []
    for at in range(len(frames)):
        total = float(bias[0])
        for tap in range(taps):
            place = at + tap - taps // 2
            if 0 <= place < len(frames):
                total += float(frames[place] @ kernel[tap, :, 0])
        found.append(total)
    return found


def small_stack(rng: np.random.Generator, out: int) -> tuple[Layer, ...]:
    widths = (SUBBAND, 4, out)
    return tuple(
        Layer(
            rng.standard_normal((taps, widths[at], widths[at + 1])).astype(np.float32) / 50,
            rng.standard_normal(widths[at + 1]).astype(np.float32) / 50,
        )
        for at, taps in enumerate((7, 1))
    )


def test_a_stack_is_convolutions_with_a_leak_between_them() -> None:
    rng = np.random.default_rng(1)
    stack = small_stack(rng, 2)
    frames = rng.standard_normal((40, SUBBAND)).astype(np.float32)
    hidden = np.array(
        [convolve_by_hand(frames, stack[0].kernel[:, :, [n]], stack[0].bias[[n]]) for n in range(4)], dtype=np.float32
    ).T
    leaked = np.where(hidden > 0, hidden, hidden * 0.01).astype(np.float32)
    expected = convolve_by_hand(leaked, stack[1].kernel[:, :, [1]], stack[1].bias[[1]])
    net = PerthNet(Weights(stack, stack, stack, stack))
    assert net._run_stack(stack, frames)[:, 1] == pytest.approx(expected, abs=1e-4)


def test_a_spectrum_is_the_sound_again_and_levels_are_its_magnitudes() -> None:
    sound = noise(1.0, 32_000)
    spectrum = spectrum_of(sound)
    assert len(spectrum) == len(sound) // STEP + 1
    assert np.abs(sound_of(spectrum, len(sound)) - sound).max() < 1e-4
    assert np.allclose(magnitudes_at(levels_of(spectrum)), np.abs(spectrum), rtol=1e-3, atol=1e-12)


def test_only_what_lies_below_2_khz_is_changed_and_silence_stays_silent() -> None:
    rng = np.random.default_rng(2)
    stack = small_stack(rng, SUBBAND)
    net = PerthNet(Weights(stack, stack, stack, stack))
    mark = np.abs(np.fft.rfft(net.compute_mark(noise(2.0, 32_000))))
    assert mark[4200:].max() < mark[:4000].max() / 50  # half a hertz a bin
    assert not net.compute_mark(np.zeros(32_000, dtype=np.float32)).any()
    assert net.find_mark(np.zeros(32_000, dtype=np.float32)) == 0


def write_checkpoint(path: Path, hidden: int = HIDDEN) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        number = 0
        for last in (SUBBAND, 2, 2, 2):
            widths = (SUBBAND, *[hidden] * 6, last)
            for at, taps in enumerate((1, 7, 7, 7, 7, 7, 1)):
                for count in (widths[at + 1] * widths[at] * taps, widths[at + 1]):
                    archive.writestr(f"archive/data/{number}", np.full(count, number, "<f4").tobytes())
                    number += 1
    return path


def test_a_checkpoint_is_read_as_raw_tensors_in_the_order_of_its_layers(tmp_path: Path) -> None:
    weights = read_weights(write_checkpoint(tmp_path / "net.pth.tar"))
    assert [stack[0].kernel[0, 0, 0] for stack in (weights.encoder, weights.slow, weights.plain, weights.fast)] == [
        0,
        14,
        28,
        42,
    ]
    assert weights.encoder[6].kernel.shape == (1, HIDDEN, SUBBAND)
    assert weights.fast[6].bias.tolist() == [55, 55]


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="other layers") as caught:
        read_weights(write_checkpoint(tmp_path / "net.pth.tar", hidden=8))
    assert caught.value.code == "model_damaged"


# -- a stem, and a file


def test_a_stem_is_marked_in_pieces_without_a_seam_as_long_as_it_was(tmp_path: Path) -> None:
    stem, marked = tmp_path / "a.s16", tmp_path / "b.s16"
    tone = (np.sin(np.arange(RATE * 25 + 77) * 0.03) * 0.3).astype(np.float32)
    tone[RATE * 12 : RATE * 21] = 0
    stem.write_bytes(as_stem(tone))
    steps: list[None] = []
    mark_stem(stem, marked, Echo(), lambda: steps.append(None))
    assert marked.stat().st_size == stem.stat().st_size
    assert len(steps) == 3
    found = read_stem(marked, 0, len(tone))
    # Where sound begins or ends, a filter rings; everywhere else, also where two pieces meet, the mark is whole.
    inside = np.r_[RATE : RATE * 11, RATE * 22 : RATE * 24]
    assert np.abs(found[inside] - tone[inside] * 1.1).max() < 2e-3
    assert not found[RATE * 13 : RATE * 20].any()


def test_what_people_said_themselves_is_not_marked(tmp_path: Path) -> None:
    stem, marked = tmp_path / "a.s16", tmp_path / "b.s16"
    tone = (np.sin(np.arange(RATE * 22) * 0.03) * 0.3).astype(np.float32)
    stem.write_bytes(as_stem(tone))
    mark_stem(stem, marked, Echo(), lambda: None, spared=[(2000, 4000), (9000, 11_000)])
    added = np.abs(read_stem(marked, 0, len(tone)) - read_stem(stem, 0, len(tone)))
    assert not added[RATE * 2 : RATE * 4].any()
    assert not added[RATE * 9 : RATE * 11].any()
    assert added[RATE * 5 : RATE * 8].max() > 0.02


async def test_a_track_is_searched_in_stretches_and_silent_ones_count_for_nothing(tmp_path: Path) -> None:
    tone = np.sin(np.arange(320_000) * 0.05).astype(np.float32)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(32_000)
        # The last two seconds are too short to say anything of.
        file.writeframes(as_stem(np.concatenate([tone * 0.8, tone * 0.2, tone * 0, tone * 0.2, tone[:64_000]])))
    found = await search_track(tmp_path / "a.wav", 0, Echo())
    assert (found.stretches, found.marked, found.surest) == (3, 1, 1.0)
    assert found.is_found


def test_one_stretch_of_many_is_no_mark() -> None:
    assert not Search(stretches=40, marked=1, surest=0.6).is_found
    assert Search(stretches=40, marked=9, surest=0.9).is_found
    assert not Search(stretches=0, marked=0, surest=0.0).is_found


# -- before any work


def test_a_job_that_asks_for_a_mark_without_the_weights_is_refused_with_the_command(polyreel_home: Path) -> None:
    asked = {
        "name": "reel",
        "source": {"media": "reel.mp4", "locale": "en-US"},
        "targets": [{"locale": "es-ES"}],
        "provenance": {"watermark": True},
    }
    with pytest.raises(EngineError, match="watermark") as caught:
        require_watermark(Job.model_validate(asked))
    assert caught.value.code == "model_missing"
    assert f"polyreel models pull {WATERMARK.name}" in (caught.value.remedy or "")
    require_watermark(Job.model_validate({**asked, "provenance": {}}))
