"""PerthNet (Resemble AI, MIT): a mark laid into the magnitudes below 2 kHz, and how surely it is found again.

Seven convolutions over time, written out in numpy: they need no torch, and take 0.03 seconds of one core per second of
sound. Layers, their order and their numbers are those of the package ``resemble-perth`` 1.0.1.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.cores import RUNS
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import WATERMARK
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.watermark.checkpoint import SUBBAND, Layer, Stack, Weights, read_weights
from polyreel.engine.watermark.spectrum import Levels, levels_of, magnitudes_at, sound_of, spectrum_of

NAME = "PerthNet 1.0.1"
"""What is said of the mark, and stands in keys: another network lays another mark."""
# What PyTorch's LeakyReLU takes by itself, and the network was trained with.
_SLOPE = np.float32(0.01)
_SLOWER, _FASTER = 1.25, 0.75
# A frame takes part where it is not as good as silent beside the loudest.
_SILENT_SHARE = 0.05


class PerthNet:
    """The network. Its weights are loaded when it is first used, and checked then. Thread-safe."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights
        self._loading = threading.Lock()

    def compute_mark(self, samples: Samples) -> Samples:
        """What has to be added to a sound (mono, 32 kHz) to mark it. Blocks. Raises EngineError (``model_missing``)."""
        spectrum = spectrum_of(samples)
        levels = levels_of(spectrum)
        added = self._run_stack(self._load_weights().encoder, levels[:, :SUBBAND]) * _find_heard(levels)[:, None]
        magnitudes = np.abs(spectrum[:, :SUBBAND])
        # The phase stays: only how loud each bin is changes.
        share = magnitudes_at(levels[:, :SUBBAND] + added) / np.maximum(magnitudes, np.float32(1e-9)) - 1
        mark = np.zeros_like(spectrum)
        mark[:, :SUBBAND] = spectrum[:, :SUBBAND] * share
        return sound_of(mark, len(samples))

    def find_mark(self, samples: Samples) -> float:
        """How surely a sound (mono, 32 kHz, some seconds) holds the mark: about 0 or about 1. Blocks, and raises as
        `compute_mark` does."""
        weights, levels = self._load_weights(), levels_of(spectrum_of(samples))
        heard = _find_heard(levels)
        if not heard.any():
            return 0.0
        seen = levels[:, :SUBBAND]
        branches = [(weights.slow, _SLOWER), (weights.plain, 1.0), (weights.fast, _FASTER)]
        means = np.array([self._ask_branch(stack, seen, heard, int(len(seen) * pace)) for stack, pace in branches])
        sureness = np.exp(means[:, 0] - means[:, 0].max())
        return float((sureness / sureness.sum() * means[:, 1]).sum())

    def _ask_branch(self, stack: Stack, levels: Levels, heard: NDArray[np.bool_], frames: int) -> NDArray[np.float32]:
        """A branch's answer (how sure it is, what it says), the mean of all frames that are heard."""
        answers = self._run_stack(stack, _stretch_levels(levels, frames))
        # A slower or faster branch has other frames: each is heard where the one it was made of is.
        kept = heard[np.arange(frames) * len(levels) // frames]
        means: NDArray[np.float32] = answers[kept].mean(axis=0)
        return means

    def _run_stack(self, stack: Stack, levels: Levels) -> NDArray[np.float32]:
        with RUNS.hold():
            for number, layer in enumerate(stack):
                if number:
                    levels = np.where(levels > 0, levels, levels * _SLOPE)
                levels = _convolve_layer(levels, layer)
        return levels

    def _load_weights(self) -> Weights:
        with self._loading:
            if self._weights is None:
                self._weights = read_weights(shelf.check_file(WATERMARK, WATERMARK.files[0].path))
            return self._weights


def _convolve_layer(frames: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
    taps, width, _ = layer.kernel.shape
    # Filled up, so that as many frames come out as go in: the mark is added to the levels frame by frame.
    around = np.pad(frames, ((taps // 2, taps // 2), (0, 0)))
    beside = [around[tap : tap + len(frames)] for tap in range(taps)]
    found: NDArray[np.float32] = np.concatenate(beside, axis=1) @ layer.kernel.reshape(taps * width, -1) + layer.bias
    return found


def _find_heard(levels: Levels) -> NDArray[np.bool_]:
    total = levels.sum(axis=1)
    found: NDArray[np.bool_] = total > total.max(initial=0.0) * _SILENT_SHARE
    return found


def _stretch_levels(levels: Levels, frames: int) -> Levels:
    """As many frames, from the first to the last, each between its two neighbours."""
    if frames == len(levels):
        return levels
    place = np.linspace(0, len(levels) - 1, frames, dtype=np.float32)
    before = np.minimum(place.astype(np.int64), len(levels) - 2)
    share = (place - before)[:, None].astype(np.float32)
    stretched: Levels = levels[before] * (1 - share) + levels[before + 1] * share
    return stretched
