"""Messages as weights and tokenizers have them: every wire type, and what is cut off or was never one."""

from __future__ import annotations

import pytest

from polyreel.engine.models.protobuf import NoMessage, read_fields, read_varint

# By the encoding page of Protocol Buffers: 150 in field 1, "testing" in field 2, fixed numbers in 3 and 4, none in 5.
WHOLE = b"\x08\x96\x01" + b"\x12\x07testing" + b"\x1d\0\0\x80\x3f" + b"\x21" + b"\1" * 8 + b"\x2a\x00"


def test_every_field_is_given_by_its_number_in_the_order_of_the_message() -> None:
    assert list(read_fields(WHOLE)) == [(1, 150), (2, b"testing"), (3, b"\0\0\x80\x3f"), (4, b"\1" * 8), (5, b"")]
    assert list(read_fields(b"")) == []


@pytest.mark.parametrize(
    "damaged",
    [WHOLE[:-1], WHOLE[:11], WHOLE[:14], b"\x0b\x0c", b"\x08" + b"\xff" * 10 + b"\1", b"\xff\xff\xff"],
    ids=["a length missing", "a text cut off", "a number cut off", "a group", "a number of eleven bytes", "no end"],
)
def test_what_is_cut_off_or_no_message_is_said_to_be_none(damaged: bytes) -> None:
    with pytest.raises(NoMessage):
        list(read_fields(damaged))


def test_a_number_is_read_from_its_place_up_to_64_bits() -> None:
    assert read_varint(b"\0\xac\x02\0", 1) == (300, 3)
    assert read_varint(b"\xff" * 9 + b"\1", 0) == (2**64 - 1, 10)
