"""What the subtitle tests share."""

from pathlib import Path

import pytest

from polyreel.subtitles import read_bytes
from polyreel.subtitles.model import Reading

_TESTDATA = Path(__file__).parents[3] / "../shared/testdata"


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real files, or a skip that says where it should be."""
    if not _TESTDATA.is_dir():
        pytest.skip("../shared/testdata, beside the project, is not here")
    return _TESTDATA


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
