"""Reads a TensorFlow checkpoint's tensors without TensorFlow.

A checkpoint is a tensor bundle: ``NAME.index`` is a sorted table of LevelDB's kind (blocks of prefix-compressed keys, a
footer with a magic number), its values are ``BundleEntryProto`` messages that say where in ``NAME.data-00000-of-00001``
a tensor lies. Source of the facts: TensorFlow's ``tensor_bundle.proto``, LevelDB's ``table_format.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.models.protobuf import read_fields, read_varint
from polyreel.errors import EngineError

Tensor = NDArray[np.float32]

# LevelDB's table format, as TensorFlow writes its index: the footer's last eight bytes.
_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_UNCOMPRESSED = 0
_DT_FLOAT = 1
_MOST_INDEX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a tensor lies in the data file, in bytes."""

    shape: tuple[int, ...]
    offset: int
    size: int
    dtype: int


class Checkpoint:
    """The float tensors of a bundle with one shard, by name; each is read when it is asked for."""

    def __init__(self, index: Path, data: Path) -> None:
        """Reads the index. Raises EngineError (``model_damaged``) for what is no tensor bundle."""
        self._data = data
        self._entries = _entries(index)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every float tensor's shape."""
        return {name: entry.shape for name, entry in self._entries.items()}

    def tensor(self, name: str) -> Tensor:
        """One tensor. Raises EngineError where there is none, or where it lies outside the data file."""
        entry = self._entries.get(name)
        if entry is None:
            raise _describe_damage(self._data, f"it has no tensor '{name}'")
        # Read where it lies: the whole file is 79 MB, and only the tensors of one graph are needed, once.
        found = np.fromfile(self._data, "<f4", entry.size // 4, offset=entry.offset)
        if found.size != entry.size // 4 or found.size != int(np.prod(entry.shape)):
            raise _describe_damage(self._data, f"the tensor '{name}' is cut off")
        return found.reshape(entry.shape)


def _entries(index: Path) -> dict[str, _Entry]:
    # A real index has 5 KB. What is larger is no index, and is not read into memory to find that out.
    content = index.read_bytes() if index.stat().st_size <= _MOST_INDEX_BYTES else b""
    try:
        return {
            key.decode(): entry
            for key, value in _read_table(content)
            # The empty key holds the bundle's header.
            if key and (entry := _read_entry(value)).dtype == _DT_FLOAT
        }
    except (struct.error, IndexError, ValueError) as error:
        raise _describe_damage(index, str(error) or type(error).__name__) from None


def _describe_damage(file: Path, why: str) -> EngineError:
    return EngineError(
        f"this is not the checkpoint it should be: {why}.",
        code="model_damaged",
        where=file.name,
        remedy="Run `polyreel models verify`.",
    )


# -- the table


def _read_table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    footer = content[-_FOOTER:]
    if len(footer) < _FOOTER or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise ValueError("its footer is missing")
    _, at = _read_handle(footer, 0)
    top, _ = _read_handle(footer, at)
    for _, value in _read_block(content, *top):
        yield from _read_block(content, *_read_handle(value, 0)[0])


def _read_handle(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = read_varint(content, at)
    size, at = read_varint(content, at)
    return (offset, size), at


def _read_block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """A block's keys and values. After the entries come their restart points, which a reader of everything skips."""
    if content[offset + size] != _UNCOMPRESSED:
        raise ValueError("its table is compressed")
    block = content[offset : offset + size]
    end = len(block) - 4 - 4 * struct.unpack("<I", block[-4:])[0]
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        fresh, at = read_varint(block, at)
        length, at = read_varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


# -- the messages in it


def _read_entry(message: bytes) -> _Entry:
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for field, value in read_fields(message):
        if isinstance(value, int):
            numbers[field] = value
        elif field == 2:
            shape = tuple(_read_shape(value))
    if numbers.get(3, 0):
        raise ValueError("it has more than one data file")
    return _Entry(shape, numbers.get(4, 0), numbers.get(5, 0), numbers.get(1, 0))


def _read_shape(message: bytes) -> Iterator[int]:
    for field, dimension in read_fields(message):
        if field == 2 and isinstance(dimension, bytes):
            yield next((value for number, value in read_fields(dimension) if number == 1 and isinstance(value, int)), 0)
