"""How clean a dub's speech sounds beside the original's: windows of both, at the same places of the film, are judged.

A window that was judged before is not judged again: of a dub by its place, where its sound is as it was but for a
voice's gain, else by its very samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.port import Dubbed
from polyreel.engine.backcheck.quality import WINDOW, Judge, judge_speech, judge_window
from polyreel.engine.backcheck.votes import Figures, JudgedWindow, Spans, Votes
from polyreel.engine.models.registry import SPEECH_QUALITY
from polyreel.engine.separation.speech import original_speech
from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE as STEM_RATE
from polyreel.engine.sound.stem import read_span
from polyreel.engine.threads import GoOn
from polyreel.engine.transcribe.whisper import RATE
from polyreel.keys import stage_key
from polyreel.store.local import path_of
from polyreel.store.port import Store

_VERSION = 1
_WINDOWS = 4
_LEAST_JUDGED_MS = 2000
"""Less speech than this is no sample of a dub."""

Place = tuple[int, int, int, int]
"""When a line sounds, and when its cue is there: start and end of both, in ms."""


def remember_judgements(load: Callable[[], Judge], store: Store) -> Judge:
    """A judge that does not hear the same window twice, and is loaded when there is one that it has not heard.

    A window is known by its very samples, so what is remembered is what it would say: of the original, and of all of a
    dub that is as it was.
    """
    judge = cache(load)

    def hear(window: NDArray[np.float32]) -> NDArray[np.float32]:
        sound = hashlib.sha256(window.tobytes()).hexdigest()
        key = stage_key("judged", _VERSION, sound=sound, judge=SPEECH_QUALITY.fingerprint)
        if (found := store.load_record(key)) is None:
            found = {"figures": judge()(window).tolist()}
            store.save_record(key, found)
        return np.array(found["figures"], np.float32)

    return hear


def judge_dub(dubbed: Dubbed, judge: Judge, kept: Mapping[Spans, Figures], go_on: GoOn) -> tuple[JudgedWindow, ...]:
    """What the judge says of the dub's speech, window by window; nothing where there is too little of it."""
    if dubbed.speech is None:
        return ()
    path, judged = path_of(dubbed.speech), list[JudgedWindow]()
    for group in group_windows(_list_places(dubbed)):
        spans = tuple((start, end) for start, end, _, _ in group)
        figures = kept.get(spans)
        if figures is None:
            sound = _at_16_khz([read_span(path, *span) for span in spans])
            if not len(sound):
                continue
            go_on()
            figures = judge_window(sound, judge)
        judged.append(JudgedWindow(spans=spans, figures=figures))
    return tuple(judged)


def vote_on_original(dubbed: Dubbed, stems: Stems | None, judge: Judge, go_on: GoOn) -> Votes | None:
    """The votes on the original's speech, at the same places of the film; None where nothing is heard there."""
    if stems is None:
        return None
    read = original_speech(stems)
    originals = [[read(start, end) for _, _, start, end in group] for group in group_windows(_list_places(dubbed))]
    heard = [piece for pieces in originals if np.any(piece := _at_16_khz(pieces))]
    return judge_speech(heard, judge, go_on) if heard else None


def _list_places(dubbed: Dubbed) -> list[Place]:
    return [(line.start_ms, line.end_ms, line.cue_start_ms, line.cue_end_ms) for line in dubbed.lines]


def _at_16_khz(pieces: Sequence[Samples]) -> Samples:
    return resample(np.concatenate(pieces), STEM_RATE, RATE)


def group_windows(lines: Sequence[Place]) -> list[list[Place]]:
    """Lines in groups that fill a window of the judge, `_WINDOWS` of them at most, evenly spread over the film.

    By their cues' time and not by what was spoken: one line that is said anew must not move all windows after it, which
    would have to be judged again, and those of the original with them.
    """
    groups: list[list[Place]] = []
    length = WINDOW
    for line in lines:
        if length >= WINDOW * 1000 // RATE:
            groups.append([])
            length = 0
        groups[-1].append(line)
        length += line[3] - line[2]
    # A last window that is hardly half full would be judged by its own repetition.
    full = groups if len(groups) < 2 or length >= WINDOW * 500 // RATE else groups[:-1]
    if sum(end - start for group in full for start, end, _, _ in group) < _LEAST_JUDGED_MS:
        return []
    step = max(1.0, len(full) / _WINDOWS)
    return [full[int(place * step)] for place in range(min(len(full), _WINDOWS))]
