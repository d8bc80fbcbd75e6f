"""Matroska files of strangers: what is large in them is not read, and what has no end is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from polyreel.errors import MediaError
from polyreel.media import matroska
from polyreel.media.matroska import TooLargeHeader, open_without_attachments
from polyreel.media.probe import probe

EBML = b"\x1a\x45\xdf\xa3\x80"
SEGMENT = b"\x18\x53\x80\x67"
ATTACHMENTS, TRACKS, CLUSTER = b"\x19\x41\xa4\x69", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75"
LARGE = 5 << 20


def element(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    """With a size of eight bytes."""
    return kind + ((len(content) if size is None else size) | 1 << 56).to_bytes(8, "big") + content


def film(folder: Path, *elements: bytes) -> Path:
    path = folder / "film.mkv"
    inside = b"".join(elements)
    path.write_bytes(EBML + element(SEGMENT, inside))
    return path


def test_a_large_attachment_is_shown_as_padding_of_its_length_and_all_else_as_it_is(tmp_path: Path) -> None:
    path = film(tmp_path, element(CLUSTER, b"picture"), element(ATTACHMENTS, b"f" * LARGE), element(CLUSTER, b"end"))
    content = path.read_bytes()
    at = content.index(ATTACHMENTS)
    with open_without_attachments(path) as shown:
        assert shown is not None
        found = b""
        while piece := shown.read(1 << 20):
            found += piece
    assert len(found) == len(content)
    assert found[:at] == content[:at]
    assert found[at] == 0xEC
    assert ATTACHMENTS not in found
    assert found.endswith(element(CLUSTER, b"end"))
    # The padding ends where the attachment did: its own head says so.
    size = int.from_bytes(found[at + 1 : at + 9], "big") & ((1 << 56) - 1)
    assert at + 9 + size == content.index(element(CLUSTER, b"end"))


@pytest.mark.parametrize("inside", [element(ATTACHMENTS, b"small"), element(CLUSTER, b"picture"), b""])
def test_where_nothing_is_large_the_file_is_opened_as_it_is(tmp_path: Path, inside: bytes) -> None:
    with open_without_attachments(film(tmp_path, inside)) as shown:
        assert shown is None


@pytest.mark.parametrize(
    "content", [b"", b"\x1a", b"RIFF0000AVI ", EBML, EBML + SEGMENT, EBML + b"\0" * 20, EBML + SEGMENT + b"\0" * 9]
)
def test_what_is_broken_off_or_no_matroska_is_left_to_whoever_opens_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mkv"
    path.write_bytes(content)
    with open_without_attachments(path) as shown:
        assert shown is None


def test_a_description_of_tracks_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path, element(TRACKS, size=matroska.LARGEST_HEADER + 1))
    with pytest.raises(TooLargeHeader, match="describe its tracks"), open_without_attachments(path):
        pass


def test_elements_without_end_are_refused_and_not_counted_for_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bytes each: a file of a gigabyte would hold a thread for hours, and hide what lies behind them."""
    monkeypatch.setattr(matroska, "_MOST_ELEMENTS", 1000)
    path = film(tmp_path, b"\xec\x80" * 5000, element(ATTACHMENTS, b"f" * LARGE))
    begun = time.monotonic()
    with pytest.raises(MediaError, match="more than 1,000 elements") as refused:
        probe(path)
    assert (refused.value.code, bool(refused.value.remedy)) == ("unsupported_media", True)
    assert time.monotonic() - begun < 5
