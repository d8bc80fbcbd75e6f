"""Lines that are cut off: what is abrupt for a voice is judged by how the dub's other lines begin and end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.line_checks import check_lines, measure_lines
from polyreel.engine.sound.stem import RATE
from polyreel.outcome import LineFit, StoredFile

LINES = 6


def spoken(folder: Path, *, begins_db: float, cut_db: float | None) -> tuple[StoredFile, list[LineFit]]:
    """Six lines of a second each that begin and end so loud, of their loudest; the third begins at ``cut_db``."""
    stem = np.zeros(2 * LINES * RATE, np.float32)
    lines = []
    for number in range(LINES):
        loud = np.full(RATE, 0.3, np.float32) * np.sign(np.sin(np.arange(RATE) * 0.4)).astype(np.float32)
        edge = np.linspace(0, 1, RATE // 2, dtype=np.float32)
        first = begins_db if cut_db is None or number != 2 else cut_db
        for way, level in ((loud, first), (loud[::-1], begins_db)):
            way[: len(edge)] *= np.maximum(edge, 10 ** (level / 20))
        start = (2 * number + 1) * RATE - RATE // 2
        stem[start : start + RATE] = loud
        ms = start * 1000 // RATE
        facts = {"cue_start_ms": ms, "cue_end_ms": ms + 1000, "start_ms": ms, "end_ms": ms + 1000, "natural_ms": 1000}
        lines.append(LineFit.model_validate({"text": "x", "ratio": 1.0, "too_long": False, **facts}))
    path = folder / "speech.s16"
    path.write_bytes((stem * 32767).astype("<i2").tobytes())
    return StoredFile(uri=path.as_uri(), sha256="0" * 64, bytes=path.stat().st_size), lines


@pytest.mark.parametrize(
    ("begins_db", "cut_db", "cut"),
    [(-50, None, 0), (-50, -22, 1), (-50, -30, 0), (-20, None, 0), (-20, -18, 0), (-20, -10, 1), (-12, None, LINES)],
)
def test_a_line_that_begins_otherwise_than_its_voice_does_is_cut(
    tmp_path: Path, begins_db: float, cut_db: float | None, cut: int
) -> None:
    """Soft voices are held to less than abrupt ones, and no voice to more than -16 dB."""
    stem, lines = spoken(tmp_path, begins_db=begins_db, cut_db=cut_db)
    found = {check.name: check.value for check in check_lines(stem, lines, LineLimits())}
    assert found == {"silent_lines": 0, "clipped_speech": cut}
    assert sum(each.is_cut for each in measure_lines(stem, lines)) == cut
