"""PerthNet's weights out of its torch checkpoint, which is a zip of raw tensors: neither torch nor pickle is needed.

The zip's own index is a pickle, which could run code; it is never opened. The registry's hash says that it is exactly
this checkpoint, and in this checkpoint the tensors are numbered in the order of the network's layers.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.errors import EngineError

HIDDEN, SUBBAND = 256, 128
"""Channels of the hidden layers, and how many of the spectrum's bins the network works on: those up to 2 kHz."""
_KERNELS = (1, 7, 7, 7, 7, 7, 1)
_MARKS = 2  # how sure a branch is, and what it says


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution over time: ``kernel`` as (taps, in, out), float32."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


Stack = tuple[Layer, ...]
"""Layers one after the other, a leaky ReLU between two."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The network that lays the mark, and the three that look for it: in slowed, plain and quickened sound."""

    encoder: Stack
    slow: Stack
    plain: Stack
    fast: Stack


def read_weights(path: Path) -> Weights:
    """The weights of a checkpoint. Raises EngineError (``model_damaged``) where it is another network's."""
    with zipfile.ZipFile(path) as archive:
        stacks = [_read_stack(archive, number) for number in range(4)]
    return Weights(*stacks)


def _read_stack(archive: zipfile.ZipFile, number: int) -> Stack:
    widths = (SUBBAND, *[HIDDEN] * (len(_KERNELS) - 1), SUBBAND if number == 0 else _MARKS)
    first = number * len(_KERNELS) * 2
    return tuple(
        _read_layer(archive, first + 2 * at, (widths[at + 1], widths[at], taps)) for at, taps in enumerate(_KERNELS)
    )


def _read_layer(archive: zipfile.ZipFile, number: int, shape: tuple[int, int, int]) -> Layer:
    kernel = _read_tensor(archive, number, shape)
    # (out, in, taps) becomes (taps, in, out): a convolution is then one product of matrices.
    return Layer(np.ascontiguousarray(kernel.transpose(2, 1, 0)), _read_tensor(archive, number + 1, shape[:1]))


def _read_tensor(archive: zipfile.ZipFile, number: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    content = archive.read(f"archive/data/{number}")
    if len(content) != 4 * int(np.prod(shape)):
        raise EngineError(
            "the watermark's network has other layers than PerthNet's.",
            code="model_damaged",
            remedy="Pull it anew: `polyreel models remove watermark`, then `pull watermark`.",
        )
    return np.frombuffer(content, "<f4").reshape(shape)
