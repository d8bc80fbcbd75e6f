"""What a library's ids are called by."""

from __future__ import annotations

import pytest

from polyreel.delivery.library import format_name
from polyreel.delivery.port import Item
from polyreel.outcome import StoredFile


@pytest.mark.parametrize(
    ("ending", "name"),
    [("vtt", "vtt"), ("ttml", "ttml"), ("imsc.ttml", "imsc"), ("ebu-tt-d.ttml", "ebu-tt-d"), ("docx", "docx")],
)
def test_formats_that_share_a_suffix_have_names_of_their_own(ending: str, name: str) -> None:
    file = StoredFile(uri="file:///a", sha256="0" * 64, bytes=1)
    assert format_name(Item(path=f"es-ES/reel.es-ES.{ending}", stored_file=file, role="subtitles")) == name
