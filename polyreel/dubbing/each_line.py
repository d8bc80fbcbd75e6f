"""What is checked of each line with all that is known of a finished dub: its place, its loudness, what is under it."""

from __future__ import annotations

from polyreel.dubbing.limits import LineLimits
from polyreel.dubbing.line_levels import check_line_loudness, check_over_background
from polyreel.dubbing.placement import check_timing
from polyreel.dubbing.port import Dubbed
from polyreel.engine.sound.meter import Power
from polyreel.engine.transcribe.words import Heard
from polyreel.outcome import Check


def check_each_line(dubbed: Dubbed, heard: Heard | None, power: Power | None, limits: LineLimits) -> tuple[Check, ...]:
    """``line_timing``, ``line_loudness`` and ``speech_over_background``, as far as there is something to go by. Blocks.

    ``power`` is the finished track's (`polyreel.dubbing.outlines.load_power`); ``heard`` is None where nobody listened.
    """
    if not dubbed.lines:
        return ()
    found = (
        check_timing(dubbed.lines, dubbed.speech, heard, dubbed.locale, limits),
        check_line_loudness(dubbed.lines, dubbed.speech, power, limits),
        None if power is None else check_over_background(dubbed.lines, dubbed.speech, power, limits),
    )
    return tuple(check for check in found if check is not None)
