"""A track's sound in a few hundred points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from polyreel.engine.sound.outline import outline_stem

_OUTLINE = """
import resource, sys
from pathlib import Path
from polyreel.engine.sound.outline import outline_stem
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(outline_stem(Path(sys.argv[1]))), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_each_point_is_the_peak_of_its_stretch(tmp_path: Path) -> None:
    samples = np.zeros(4000, "<i2")
    samples[[10, 1500, 3999]] = 32767, -32768, 16384
    (tmp_path / "stem.s16").write_bytes(samples.tobytes())
    assert outline_stem(tmp_path / "stem.s16", 4) == (100, 100, 0, 50)


def test_a_long_stem_takes_no_memory(tmp_path: Path) -> None:
    """Mapped as a whole it would be counted as this process's own: 690 MB for two hours."""
    with (tmp_path / "stem.s16").open("wb") as file:
        file.truncate(300_000_000)
    asked = [sys.executable, "-c", _OUTLINE, str(tmp_path / "stem.s16")]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    points, more_kb = map(int, told.split())
    assert points == 480
    assert more_kb < 60_000
