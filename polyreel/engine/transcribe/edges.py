"""When words begin and end, by the sound itself: a listener's own times come a little too early, and run into pauses.

Whisper's times are read off its attention, which looks at a word before it sounds: on our own speech, whose words'
places are known, they were 60 to 140 ms early. So they are moved, and where they lie in a pause, to the edge of speech.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.transcribe.words import Phrase, Word

LEAD_MS = 60
"""By how much the listener is early where nobody pauses."""
_FRAME_MS = 10
_BELOW_LOUDEST_DB = 30.0
_LONGEST_WAIT_MS, _LONGEST_TAIL_MS = 500, 250
_SHORTEST_MS = 40


def settle_words(phrases: Sequence[Phrase], sound: Samples, rate: int) -> list[Phrase]:
    """The same phrases, their words' times corrected. ``sound`` is mono; times count from its start."""
    loud = _find_loud_frames(sound, rate)
    words = [word for phrase in phrases for word in phrase.words]
    starts = [word.start_ms + LEAD_MS for word in words]
    settled = iter(
        _settle_word(word, loud, starts[at + 1] if at + 1 < len(words) else len(loud) * _FRAME_MS)
        for at, word in enumerate(words)
    )
    return [phrase.model_copy(update={"words": tuple(next(settled) for _ in phrase.words)}) for phrase in phrases]


def _find_loud_frames(sound: Samples, rate: int) -> NDArray[np.bool_]:
    """Which frames somebody may be speaking in: those near the loudest. Over loud music, all."""
    size = rate * _FRAME_MS // 1000
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    if not len(power):
        return np.zeros(0, np.bool_)
    # Not of the loudest frame: a click would make all speech look quiet.
    loud: NDArray[np.bool_] = power > np.percentile(power, 95) * 10 ** (-_BELOW_LOUDEST_DB / 10)
    return loud


def _settle_word(word: Word, loud: NDArray[np.bool_], following_ms: int) -> Word:
    length = len(loud) * _FRAME_MS
    start, end = min(word.start_ms + LEAD_MS, length), min(word.end_ms + LEAD_MS, length)
    start = _skip_pause(loud, start, min(end, start + _LONGEST_WAIT_MS))
    end = _end_of_speech(loud, start, end, min(max(end, following_ms), end + _LONGEST_TAIL_MS))
    end = max(end, min(start + _SHORTEST_MS, length))
    return word.model_copy(update={"start_ms": min(start, end), "end_ms": end})


def _skip_pause(loud: NDArray[np.bool_], start: int, until: int) -> int:
    """The first moment from ``start`` on that is no pause; ``start`` itself where there is none before ``until``."""
    ahead = np.flatnonzero(loud[start // _FRAME_MS : until // _FRAME_MS])
    return start + int(ahead[0]) * _FRAME_MS if len(ahead) else start


def _end_of_speech(loud: NDArray[np.bool_], start: int, end: int, latest: int) -> int:
    """Where the speech that a word ends in does: behind ``end`` where it goes on, before it where it is over."""
    last, limit = end // _FRAME_MS, latest // _FRAME_MS
    if last < len(loud) and loud[last]:
        quiet = np.flatnonzero(~loud[last:limit])
        return (last + int(quiet[0])) * _FRAME_MS if len(quiet) else max(end, min(latest, limit * _FRAME_MS))
    before = np.flatnonzero(loud[start // _FRAME_MS : last])
    return (start // _FRAME_MS + int(before[-1]) + 1) * _FRAME_MS if len(before) else end
