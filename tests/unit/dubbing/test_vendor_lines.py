"""When a vendor's lines are heard: found in its speech track, as it tells nothing of its pace."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.line_checks import check_lines
from polyreel.dubbing.vendor_results import _list_lines
from polyreel.engine.sound.stem import RATE, as_stem
from polyreel.store.local import LocalStore

SCRIPT = b"WEBVTT\n\n00:01.000 --> 00:04.000\nShort.\n\n00:05.000 --> 00:06.000\nNever said.\n"


def test_a_short_line_in_a_long_cue_is_heard_and_an_empty_cue_is_not(tmp_path: Path) -> None:
    """Of three seconds, four tenths are spoken: that line is there. Where nothing is heard the cue stays, and fails."""
    sound = np.zeros(7 * RATE, np.float32)
    fade = np.hanning(RATE * 4 // 10).astype(np.float32)
    sound[RATE * 3 // 2 : RATE * 3 // 2 + len(fade)] = 0.5 * fade * np.sin(np.arange(len(fade)) / 30)
    store = LocalStore(tmp_path)
    speech = store.keep_bytes(as_stem(sound), ".raw")
    lines = _list_lines(store.keep_bytes(SCRIPT, ".vtt"), speech)
    assert 1480 <= lines[0].start_ms < lines[0].end_ms <= 1920
    assert (lines[0].cue_start_ms, lines[0].cue_end_ms) == (1000, 4000)
    assert (lines[1].start_ms, lines[1].end_ms) == (5000, 6000)
    silent = next(check for check in check_lines(speech, lines, LineLimits()) if check.name == "silent_lines")
    assert (silent.value, "5.0 s" in silent.detail) == (1, True)
