"""How much can be said in the time that a line has, in characters."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel import locales
from polyreel.engine.speech import fit
from polyreel.subtitles.model import Cue

HURRIED = 1.15
"""How much faster than its own pace a voice may speak before listeners notice; beyond it, wording is shortened."""
# A line that runs on for longer after its cue is over seems to belong to the next picture.
_BORROWED_MS = 2000

# Characters that a voice says in a second at its own pace. Measured with the engine's voices on the narrated scripts
# where they are named; the rest is the usual of alphabets. The measured pace of the very voice replaces it at once.
_USUAL = 14.0
_PACE = {"zh": 4.2, "yue": 4.2, "ja": 6.8, "ko": 7.0, "th": 11.0, "hi": 12.0, "ar": 11.5, "he": 11.5, "fi": 13.0}


def usual_pace(locale: str) -> float:
    """Characters per second of a language, where no voice has been measured."""
    return _PACE.get(locales.language(locale), _USUAL)


def times_ms(cues: Sequence[Cue], reel_ms: int) -> tuple[int, ...]:
    """The time that each cue's words have: its own, and the silence after it up to a limit, but for a gap."""
    following = [*(cue.start_ms for cue in cues[1:]), reel_ms]
    # At least its own time, however close the next cue is.
    return tuple(
        max(cue.duration_ms, min(cue.duration_ms + _BORROWED_MS, then - fit.USUAL.gap_ms - cue.start_ms))
        for cue, then in zip(cues, following, strict=True)
    )


def count_characters(time_ms: int, pace: float) -> int:
    """How many characters fit into a time at a pace (per second), the voice hurrying as far as nobody notices."""
    return max(1, int(time_ms / 1000 * pace * HURRIED))
