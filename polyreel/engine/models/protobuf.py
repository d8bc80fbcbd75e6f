"""Protocol buffers read as data, without their library: weights and tokenizers come in such messages.

Source of the facts: the encoding page of Protocol Buffers (tags, varints, wire types 0, 1, 2 and 5).
"""

from __future__ import annotations

from collections.abc import Iterator

_FIXED = {1: 8, 5: 4}
"""Bytes of the wire types whose length is fixed."""


class NoMessage(ValueError):
    """Bytes that are no protobuf message, or not all of one."""


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """A message's fields by number, as they come: numbers as int; texts, messages and fixed-width numbers as bytes.

    Raises `NoMessage` where it is cut off, or none at all.
    """
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
            yield tag >> 3, value
            continue
        length, at = read_varint(message, at) if kind == 2 else (_FIXED.get(kind, -1), at)
        # Groups (3 and 4) are older than every file that is read here.
        if length < 0 or at + length > len(message):
            raise NoMessage(f"a message that is cut off, or has wire type {kind}")
        yield tag >> 3, message[at : at + length]
        at += length


def read_varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of up to 64 bits from a place on, and the place behind it. Raises `NoMessage` where it does not end."""
    value = 0
    # Ten bytes hold 64 bits; more of them are damage.
    for number, byte in enumerate(content[at : at + 10]):
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value, at + number + 1
    raise NoMessage("a number without an end")
