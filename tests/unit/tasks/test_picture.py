"""A language whose picture gives way: where its shots begin in its own, longer reel."""

from __future__ import annotations

from collections.abc import Callable

from polyreel.outcome import PictureYield, Reel, StoredFile
from tasks.picture import retime_shots
from tasks.run.values import Shots


def test_shots_move_with_the_picture_and_stay_where_it_does_not_give_way(stored: Callable[[str], StoredFile]) -> None:
    """Slowed by 200 ms from 1 to 2 s, held for 300 ms at 2 s: what is shown later is that much later."""
    shots = Shots(starts_ms=(0, 500, 1500, 2000, 4000))
    reel = Reel(file=stored("reel"), duration="5")
    assert retime_shots(shots, reel) is shots
    gave_way = PictureYield(start_ms=1000, end_ms=2000, slow_ms=200, hold_ms=300, hold_at_ms=2000, line_ms=1000)
    longer = reel.model_copy(update={"yields": (gave_way,)})
    assert retime_shots(shots, longer).starts_ms == (0, 500, 1600, 2500, 4500)
