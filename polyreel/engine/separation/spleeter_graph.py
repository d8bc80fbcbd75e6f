"""Spleeter's two U-Nets as one ONNX graph: the mix's magnitudes in, the soft mask of the speech out.

The layers, their order and their numbers are those of Spleeter's ``unet.unet`` with the parameters of its 2-stem model
(MIT): six strided convolutions down, six transposed ones up with skips, a mask per stem; then the masks are made to add
up to one. Tensors are (1, channels, frames, bins) here, and (frames, bins, channels) in the checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from polyreel.engine.separation.spleeter_checkpoint import Checkpoint, Tensor

if TYPE_CHECKING:
    import onnx

CHANNELS = 2
INPUT, OUTPUT = "magnitude", "speech_mask"
_LEVELS = 6
_STEMS = 2
# Spleeter's own; what ONNX takes where nothing is said is 0.01.
_SLOPE = 0.2
# Keras's own, and so the checkpoint's; ONNX's is 1e-5.
_BATCH_NORM_EPSILON = 1e-3
# Spleeter's: where both stems are silent, each gets half and nothing is divided by zero.
_MASK_EPSILON = 1e-10
# Said outright: onnx would write its newest, which an older onnxruntime refuses to load.
_OPSET, _IR_VERSION = 17, 8
# TensorFlow's "same" for a kernel of five in steps of two: one before, two after.
_STRIDED: dict[str, Any] = {"strides": [2, 2], "pads": [1, 1, 2, 2]}
_DILATED: dict[str, Any] = {"dilations": [2, 2], "pads": [3, 3, 3, 3]}


def speech_mask_model(checkpoint: Checkpoint, frames: int, bins: int) -> bytes:
    """An ONNX model from a 2-stem checkpoint, for patches of ``frames`` by ``bins`` (multiples of 64).

    In: ``magnitude``, float32 (1, 2, frames, bins). Out: ``speech_mask``, the same shape, 0 to 1. Raises EngineError
    where the checkpoint lacks a tensor.
    """
    from onnx import TensorProto, helper

    shape = [1, CHANNELS, frames, bins]
    drawn = _Drawing(checkpoint)
    stems = [_draw_stem(drawn, number) for number in range(_STEMS)]
    _draw_share(drawn, *stems)
    graph = helper.make_graph(
        drawn.nodes,
        "two-stems",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)],
        drawn.weights,
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="polyreel")
    content: bytes = model.SerializeToString()
    return content


@dataclass(slots=True)
class _Drawing:
    """A graph while it is drawn: every method adds a node, and gives the name of what comes out of it."""

    checkpoint: Checkpoint
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, name: str, value: Tensor) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(f"number_{len(self.weights)}", np.array(value, dtype=np.float32))

    def add_convolution(self, given: str, layer: str, kind: str = "Conv", **attributes: Any) -> str:
        # (rows, columns, in, out) becomes (out, in, rows, columns); transposed ones have in and out the other way round
        # in both worlds.
        kernel = self.constant(f"{layer}/kernel", self.checkpoint.tensor(f"{layer}/kernel").transpose(3, 2, 0, 1))
        bias = self.constant(f"{layer}/bias", self.checkpoint.tensor(f"{layer}/bias"))
        return self.node(kind, given, kernel, bias, **attributes)

    def add_normalisation(self, given: str, layer: str) -> str:
        parts = [f"{layer}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        named = [self.constant(name, self.checkpoint.tensor(name)) for name in parts]
        return self.node("BatchNormalization", given, *named, epsilon=_BATCH_NORM_EPSILON)


def _draw_stem(drawn: _Drawing, number: int) -> str:
    """One U-Net: the magnitudes of one stem."""
    down, up, norm = number * (_LEVELS + 1), number * _LEVELS, number * 2 * _LEVELS
    skips: list[str] = []
    given = INPUT
    for level in range(_LEVELS):
        skips.append(drawn.add_convolution(given, _name_layer("conv2d", down + level), **_STRIDED))
        # The lowest level's norm leads nowhere: the way up begins at its convolution.
        if level < _LEVELS - 1:
            batch = drawn.add_normalisation(skips[-1], _name_layer("batch_normalization", norm + level))
            given = drawn.node("LeakyRelu", batch, alpha=_SLOPE)
    given = skips.pop()
    for level in range(_LEVELS):
        risen = drawn.add_convolution(given, _name_layer("conv2d_transpose", up + level), "ConvTranspose", **_STRIDED)
        batch = drawn.add_normalisation(
            drawn.node("Relu", risen), _name_layer("batch_normalization", norm + _LEVELS + level)
        )
        given = drawn.node("Concat", skips.pop(), batch, axis=1) if skips else batch
    # Spleeter's output layer is dilated and keeps the size, where all layers before it halve or double it.
    mask = drawn.node("Sigmoid", drawn.add_convolution(given, _name_layer("conv2d", down + _LEVELS), **_DILATED))
    return drawn.node("Mul", mask, INPUT)


def _draw_share(drawn: _Drawing, speech: str, rest: str) -> None:
    """The speech's share of the power, bin by bin."""
    own, other = drawn.node("Mul", speech, speech), drawn.node("Mul", rest, rest)
    total = drawn.node("Add", drawn.node("Add", own, other), drawn.number(_MASK_EPSILON))
    drawn.node("Div", drawn.node("Add", own, drawn.number(_MASK_EPSILON / _STEMS)), total, output=OUTPUT)


def _name_layer(kind: str, number: int) -> str:
    """TensorFlow's names: ``conv2d``, ``conv2d_1``, ``conv2d_2``..."""
    return f"{kind}_{number}" if number else kind
