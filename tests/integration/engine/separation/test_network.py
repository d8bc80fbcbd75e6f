"""The separation network: its checkpoint read without TensorFlow, its layers against the same written out by hand."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest

from polyreel.engine.models.sessions import Session
from polyreel.engine.separation.spleeter_checkpoint import Checkpoint
from polyreel.engine.separation.spleeter_graph import INPUT, speech_mask_model
from polyreel.engine.separation.spleeter_model import ensure_graph
from polyreel.errors import EngineError

FILTERS = (2, 3, 3, 4, 4, 5)


# -- a checkpoint of our own, with every layer that Spleeter's has, and hardly any weights


def tiny_tensors(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.4).astype(np.float32)

    def numbered(kind: str, number: int) -> str:
        return f"{kind}_{number}" if number else kind

    tensors: dict[str, np.ndarray] = {}
    for stem in range(2):
        sizes = [(2, FILTERS[0]), *itertools.pairwise(FILTERS)]
        for level, (given, made) in enumerate(sizes):
            layer = numbered("conv2d", stem * 7 + level)
            tensors |= {f"{layer}/kernel": some(5, 5, given, made), f"{layer}/bias": some(made)}
        layer = numbered("conv2d", stem * 7 + 6)
        tensors |= {f"{layer}/kernel": some(4, 4, 1, 2), f"{layer}/bias": some(2)}
        rising = [*FILTERS[-2::-1], 1]
        taken = [FILTERS[-1], *(2 * size for size in rising[:-1])]
        for level, (given, made) in enumerate(zip(taken, rising, strict=True)):
            layer = numbered("conv2d_transpose", stem * 6 + level)
            tensors |= {f"{layer}/kernel": some(5, 5, made, given), f"{layer}/bias": some(made)}
        for level, made in enumerate([*FILTERS, *rising]):
            layer = numbered("batch_normalization", stem * 12 + level)
            tensors |= {f"{layer}/{part}": some(made) for part in ("gamma", "beta", "moving_mean")}
            tensors[f"{layer}/moving_variance"] = np.abs(some(made)) + 0.5
    return tensors


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A table's block: each key says only what differs from the one before it."""
    body, last = b"", b""
    for key, value in entries:
        shared = next(
            (at for at, pair in enumerate(zip(key, last, strict=False)) if pair[0] != pair[1]), min(len(key), len(last))
        )
        body += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return body + struct.pack("<II", 0, 1)


def write_bundle(folder: Path, tensors: dict[str, np.ndarray]) -> tuple[Path, Path]:
    """A tensor bundle as TensorFlow writes it: an index in two blocks, one data file."""
    entries, data = [(b"", b"\x08\x01\x1a\x02\x08\x01")], b""
    for name, tensor in sorted(tensors.items()):
        sizes = [b"\x12" + varint(len(size)) + size for size in (b"\x08" + varint(each) for each in tensor.shape)]
        shape = b"".join(sizes)
        place = b"\x20" + varint(len(data)) + b"\x28" + varint(tensor.nbytes) + b"\x35" + b"\0\0\0\0"
        entries.append((name.encode(), b"\x08\x01\x12" + varint(len(shape)) + shape + place))
        data += tensor.astype("<f4").tobytes()
    content, handles = b"", []
    half = len(entries) // 2
    for some in (entries[:half], entries[half:]):
        made = block(some)
        handles.append((some[-1][0], varint(len(content)) + varint(len(made))))
        content += made + b"\0" + b"crc!"
    tops = []
    for made in (block([]), block(handles)):
        tops.append(varint(len(content)) + varint(len(made)))
        content += made + b"\0" + b"crc!"
    footer = b"".join(tops)
    content += footer + b"\0" * (40 - len(footer)) + struct.pack("<Q", 0xDB4775248B80FB57)
    index, file = folder / "model.index", folder / "model.data-00000-of-00001"
    index.write_bytes(content)
    file.write_bytes(data)
    return index, file


@pytest.fixture
def tiny(tmp_path: Path) -> Checkpoint:
    return Checkpoint(*write_bundle(tmp_path, tiny_tensors()))


def test_every_tensor_of_a_checkpoint_is_read_as_it_was_written(tiny: Checkpoint) -> None:
    written = tiny_tensors()
    assert tiny.shapes == {name: tensor.shape for name, tensor in written.items()}
    for name, tensor in written.items():
        assert np.array_equal(tiny.tensor(name), tensor)


@pytest.mark.parametrize("harm", ["cut", "scrambled", "empty", "data"])
def test_a_damaged_checkpoint_is_refused_and_never_run(tmp_path: Path, harm: str) -> None:
    index, data = write_bundle(tmp_path, tiny_tensors())
    content = bytearray(index.read_bytes())
    if harm == "cut":
        index.write_bytes(content[: len(content) // 2])
    elif harm == "scrambled":
        content[10:2000] = bytes(np.random.default_rng(3).integers(128, 255, 1990, dtype=np.uint8))
        index.write_bytes(content)
    elif harm == "empty":
        index.write_bytes(b"")
    else:
        data.write_bytes(data.read_bytes()[:-40_000])
    with pytest.raises(EngineError, match="not the checkpoint") as caught:
        speech_mask_model(Checkpoint(index, data), 64, 64)
    assert caught.value.code == "model_damaged"


# -- the network, against Spleeter's layers written out by hand


def same_conv(given: np.ndarray, kernel: np.ndarray, bias: np.ndarray, step: int = 1, apart: int = 1) -> np.ndarray:
    """TensorFlow's Conv2D with padding="same": (rows, columns, in) and (rows, columns, in, out)."""
    reach = (kernel.shape[0] - 1) * apart + 1
    rows, columns = -(-given.shape[0] // step), -(-given.shape[1] // step)
    missing = (rows - 1) * step + reach - given.shape[0]
    before = missing // 2
    padded = np.pad(given, ((before, missing - before), (before, missing - before), (0, 0)))
    made = np.zeros((rows, columns, kernel.shape[3])) + bias
    for y in range(kernel.shape[0]):
        for x in range(kernel.shape[1]):
            window = padded[y * apart :, x * apart :][: rows * step : step, : columns * step : step]
            made += window[:rows, :columns] @ kernel[y, x]
    return made


def risen(given: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """TensorFlow's Conv2DTranspose, strides of two, padding="same": what a strided convolution's gradient does."""
    rows, columns = 2 * given.shape[0], 2 * given.shape[1]
    padded = np.zeros((rows + 3, columns + 3, kernel.shape[2]))
    for y in range(5):
        for x in range(5):
            padded[y : y + rows : 2, x : x + columns : 2] += given @ kernel[y, x].T
    return padded[1 : 1 + rows, 1 : 1 + columns] + bias


def stem_by_hand(tensors: dict[str, np.ndarray], mix: np.ndarray, number: int) -> np.ndarray:
    def layer(kind: str, at: int) -> tuple[np.ndarray, np.ndarray]:
        name = f"{kind}_{at}" if at else kind
        return tensors[f"{name}/kernel"], tensors[f"{name}/bias"]

    def norm(given: np.ndarray, at: int) -> np.ndarray:
        name = f"batch_normalization_{at}" if at else "batch_normalization"
        gamma, beta, mean, variance = (
            tensors[f"{name}/{each}"] for each in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (given - mean) / np.sqrt(variance + 1e-3) + beta

    down, up, norms = 7 * number, 6 * number, 12 * number
    found, given = [], mix
    for level in range(6):
        found.append(same_conv(given, *layer("conv2d", down + level), step=2))
        batch = norm(found[-1], norms + level)
        given = np.where(batch > 0, batch, 0.2 * batch)
    given = found[5]
    for level in range(6):
        batch = norm(np.maximum(0, risen(given, *layer("conv2d_transpose", up + level))), norms + 6 + level)
        given = np.concatenate([found[4 - level], batch], axis=2) if level < 5 else batch
    logits = same_conv(given, *layer("conv2d", down + 6), apart=2)
    return mix / (1 + np.exp(-logits))


def test_the_network_does_what_spleeters_layers_do(tiny: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "two.onnx").write_bytes(speech_mask_model(tiny, 64, 128))
    mix = np.abs(np.random.default_rng(2).standard_normal((64, 128, 2))).astype(np.float32)
    speech, rest = (stem_by_hand(tiny_tensors(), mix, stem) for stem in range(2))
    expected = (speech**2 + 0.5e-10) / (speech**2 + rest**2 + 1e-10)
    found = Session(tmp_path / "two.onnx").run({INPUT: mix.transpose(2, 0, 1)[None]})[0]
    assert np.allclose(found, expected.transpose(2, 0, 1), atol=2e-5)


def test_the_graph_is_written_once_and_again_only_where_it_was_changed(tiny: Checkpoint, tmp_path: Path) -> None:
    first = ensure_graph(tiny, tmp_path)
    before = first.stat().st_mtime_ns
    assert ensure_graph(tiny, tmp_path) == first
    assert first.stat().st_mtime_ns == before
    whole = first.read_bytes()
    first.write_bytes(b"\0" * 100 + whole[100:])
    assert ensure_graph(tiny, tmp_path).read_bytes() == whole
