"""Speech stems as they are read: a stretch of them, whatever lies behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyreel.engine.sound.stem import as_stem, read_stem


@pytest.mark.parametrize(
    ("start", "count", "length"),
    [(0, 10, 10), (95, 10, 5), (100, 10, 0), (5000, 10, 0), (10, 0, 0), (10, -1, 0), (10, -5, 0)],
)
def test_no_more_of_a_stem_is_read_than_is_asked_for(tmp_path: Path, start: int, count: int, length: int) -> None:
    """Nor where a stretch ends before it begins."""
    stem = tmp_path / "stem.s16"
    stem.write_bytes(as_stem(np.linspace(-1, 1, 100, dtype=np.float32)))
    assert len(read_stem(stem, start, count)) == length
