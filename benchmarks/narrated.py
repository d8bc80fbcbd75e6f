"""The narrated reel that benchmarks dub: 42.4 s, spoken from the tests' scripts once, and kept in benchmarks/out."""

from __future__ import annotations

import asyncio
import shutil
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "data" / "narrated"
NARRATED = ROOT / "benchmarks" / "out" / "narrated"
CLIP_S = Fraction(424, 10)


def make_narrated() -> Path:
    """The folder of ``narrated.mp4`` and ``narrated.LOCALE.srt``; made at the first call."""
    video = NARRATED / "narrated.mp4"
    if not video.exists():
        # Only here: it imports the sandbox, and what a benchmark measures imports this module.
        from polyreel.sandbox.spoken import ReelRecipe, make_spoken_reel

        NARRATED.mkdir(parents=True, exist_ok=True)
        for script in SCRIPTS.glob("*.srt"):
            shutil.copyfile(script, NARRATED / script.name)
        part = NARRATED / "part.mp4"
        asyncio.run(make_spoken_reel(NARRATED / "narrated.en-US.srt", part, ReelRecipe(CLIP_S)))
        part.replace(video)
    return NARRATED
