"""The little of H.264 that joining two encodings takes: parameter sets and their numbers (ITU-T H.264, 7.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# nal_unit_type 5 (ITU-T H.264, table 7-1): after such a picture a decoder refers to none before it.
_IDR = 5
# A track has one width for all its packets, so both streams need the same; ffmpeg always writes four bytes.
_LENGTH_BYTES = 4


class NotJoinable(ValueError):
    """This stream is not laid out in a way that another encoding can be joined to."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """An ``avcC`` record (ISO/IEC 14496-15, 5.3.3.1) taken apart: what a decoder has to know beforehand."""

    profile: bytes
    level: int
    sequence: tuple[bytes, ...]
    picture: tuple[bytes, ...]
    extension: bytes = b""

    @classmethod
    def parse(cls, record: bytes) -> ParameterSets:
        """Read an avcC record with four-byte lengths. Raises NotJoinable for anything else."""
        if len(record) < 7 or record[0] != 1 or record[4] & 3 != _LENGTH_BYTES - 1:
            raise NotJoinable("no avcC record with four-byte lengths")
        sequence, position = _read_sets(record, 6, record[5] & 31)
        if position >= len(record):
            raise NotJoinable("a truncated avcC record")
        picture, position = _read_sets(record, position + 1, record[position])
        if not sequence or not picture:
            raise NotJoinable("an avcC record without parameter sets")
        return cls(record[1:3], record[3], sequence, picture, record[position:])

    def join(self, other: ParameterSets) -> bytes:
        """The avcC record of both streams in one. Their sets must differ in number (see ``free_number``)."""
        sequence, picture = self.sequence + other.sequence, self.picture + other.picture
        # 0xFF and 0xE0: reserved bits are ones, lengths take four bytes. The higher level holds for both streams.
        head = bytes([1]) + self.profile + bytes([max(self.level, other.level), 0xFF, 0xE0 | len(sequence)])
        return head + _pack_sets(sequence) + bytes([len(picture)]) + _pack_sets(picture) + self.extension

    def free_number(self) -> int:
        """A number that no set here has: x264 gives it to both of its own (``sps-id``)."""
        # A sequence set's number follows the NAL head, profile, constraints and level; a picture set's its NAL head.
        taken = {_read_number(one[4:]) for one in self.sequence} | {_read_number(one[1:]) for one in self.picture}
        # A sequence set's number is 31 at most; 0 is what nearly every encoder gives to its first.
        free = [number for number in range(1, 32) if number not in taken]
        if not free:
            raise NotJoinable("all parameter set numbers are taken")
        return free[0]


def is_idr(packet: bytes) -> bool:
    """Whether a packet (four-byte lengths) starts a picture that nothing before it is needed for."""
    return any(kind == _IDR for kind in _unit_kinds(packet))


def _unit_kinds(packet: bytes) -> Iterator[int]:
    position = 0
    while position + _LENGTH_BYTES < len(packet):
        length = int.from_bytes(packet[position : position + _LENGTH_BYTES], "big")
        yield packet[position + _LENGTH_BYTES] & 31
        position += _LENGTH_BYTES + max(length, 1)


def _read_sets(record: bytes, position: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        length = int.from_bytes(record[position : position + 2], "big")
        one = record[position + 2 : position + 2 + length]
        if len(one) != length or length < 2:
            raise NotJoinable("a truncated parameter set")
        found.append(one)
        position += 2 + length
    return tuple(found), position


def _pack_sets(sets: tuple[bytes, ...]) -> bytes:
    return b"".join(len(one).to_bytes(2, "big") + one for one in sets)


def _read_number(payload: bytes) -> int:
    """The first Exp-Golomb number of a payload (ITU-T H.264, 9.1)."""
    bits = "".join(f"{byte:08b}" for byte in payload[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1
