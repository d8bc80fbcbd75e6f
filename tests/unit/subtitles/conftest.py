"""What the subtitle tests share."""

import pytest

from polyreel.subtitles import read_bytes
from polyreel.subtitles.model import Reading


@pytest.fixture
def srt():
    """Read SubRip text."""

    def read(text: str) -> Reading:
        return read_bytes(text.encode(), name="test.srt")

    return read


@pytest.fixture
def vtt():
    """Read WebVTT text."""

    def read(text: str) -> Reading:
        return read_bytes(text.encode(), name="test.vtt")

    return read
