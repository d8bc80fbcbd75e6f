"""Listening again only to what has changed: of a dub that was listened to before, the words that are unchanged stay.

After one cue of a film was corrected, its speech stem is the old one but for a few seconds. Everything else of the mix
is as it was, too, so the listener would write down the same. What is compared is the sound itself, never the script.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.sound.ducking import merge_spans
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.transcribe.whisper import RATE as HEARD_RATE
from polyreel.engine.transcribe.words import Heard, Phrase
from polyreel.keys import stage_key
from polyreel.outcome import StoredFile, Value
from polyreel.store.local import path_of
from polyreel.store.port import Store

_VERSION = 2
_STEP = RATE // 10
_PER_READ = 100
_SILENT = 10 ** (-60 / 20)
_SAME_SHARE = 0.01  # of a block's power: what an encoder's rounding and a voice's common gain leave
_GAINS = (0.7, 1.4)
_LOUDER_LU = 1.0
# Twice this is less than the gap between two lines (120 ms): a changed line doesn't take its neighbours along.
_BETWEEN_LINES_MS = 40
_MOST_SHARE = 0.35
"""Where more than this of a film has changed, all of it is listened to."""

Span = tuple[int, int]
"""Start and end in ms."""


class Before(Value):
    """What was heard in a dub, and the dub's speech and level, to compare another with."""

    speech: StoredFile
    lufs: float | None
    heard: Heard


@dataclass(frozen=True, slots=True)
class Relistening:
    """The parts of a dub that must be listened to, and what was heard of the rest."""

    spans: tuple[Span, ...]
    kept: Heard


def memory_key(request: DubRequest, listener: str) -> str:
    """What the last listening to this reel in this language is kept under: everything but the script."""
    bed = request.stems.background or request.stems.original if request.stems else None
    return stage_key(
        "heard-before",
        _VERSION,
        locale=request.locale,
        length=request.duration,
        mix=request.mix,
        bed=bed.audio.sha256 if bed else "",
        listener=listener,
    )


def remember_heard(store: Store, key: str, dubbed: Dubbed, heard: Heard) -> None:
    """Keep what was heard for the next time that this dub is made otherwise."""
    if dubbed.speech is not None:
        before = Before(speech=dubbed.speech, lufs=dubbed.lufs, heard=heard)
        store.save_record(key, before.model_dump(mode="json"))


def what_to_hear(store: Store, key: str, dubbed: Dubbed, length_ms: int) -> Relistening | None:
    """What has changed since it was listened to last; None where all of it must be heard. Reads two stems; blocks."""
    found = store.load_record(key)
    before = Before.model_validate(found) if found else None
    if before is None or dubbed.speech is None or not store.has(before.speech):
        return None
    # At another level the whole mix sounds otherwise, and nothing that was heard before holds.
    if before.lufs is None or dubbed.lufs is None or abs(before.lufs - dubbed.lufs) > _LOUDER_LU:
        return None
    changed = list_changes(path_of(before.speech), path_of(dubbed.speech), dubbed.speech.bytes // 2)
    spans = _with_whole_lines(changed, dubbed, length_ms)
    if sum(end - start for start, end in spans) > _MOST_SHARE * length_ms:
        return None
    return Relistening(tuple(spans), _remove_spans(before.heard, spans))


@lru_cache(maxsize=16)
def list_changes(before: Path, after: Path, samples: int) -> tuple[Span, ...]:
    """What `find_changes` finds in two stems of the store, whose names are their content: they are compared once."""
    return tuple(find_changes(before, after, samples))


def find_changes(before: Path, after: Path, samples: int) -> Iterator[Span]:
    """Where two stems differ, in tenths of a second; a gain that a whole voice got is no difference. Blocks."""
    for start in range(0, samples, _STEP * _PER_READ):
        old, new = (
            _cut_blocks(read_stem(path, start, min(_STEP * _PER_READ, samples - start))) for path in (before, after)
        )
        count = min(len(old), len(new))
        old, new = old[:count], new[:count]
        power, common = np.square(old).sum(axis=1), (old * new).sum(axis=1)
        # Bounded, or a line that was replaced by another would pass as a very soft one.
        gain = np.clip(common / np.maximum(power, 1e-12), *_GAINS)
        rest = np.square(new - gain[:, None] * old).sum(axis=1)
        loud = np.maximum(np.abs(old).max(axis=1), np.abs(new).max(axis=1)) > _SILENT
        for block in np.flatnonzero(loud & (rest > _SAME_SHARE * np.square(new).sum(axis=1))):
            at = (start // _STEP + int(block)) * 100
            yield at, at + 100


def _cut_blocks(sound: Samples) -> Samples:
    return np.pad(sound, (0, -len(sound) % _STEP)).reshape(-1, _STEP)


def _with_whole_lines(changed: Sequence[Span], dubbed: Dubbed, length_ms: int) -> list[Span]:
    """Changed spans, widened to the pauses between lines: no line is cut in two."""
    taken = [(line.start_ms, line.end_ms) for line in dubbed.lines]
    # A pause belongs to neither line: what has changed is heard from pause to pause.
    whole = merge_spans((start - _BETWEEN_LINES_MS, end + _BETWEEN_LINES_MS) for start, end in (*taken, *changed))
    hit = [span for span in whole if any(start < span[1] and end > span[0] for start, end in changed)]
    return [(max(0, start), min(length_ms, end)) for start, end in hit]


def _remove_spans(heard: Heard, spans: Sequence[Span]) -> Heard:
    phrases = (_cut_spans(phrase, spans) for phrase in heard.phrases)
    return heard.model_copy(update={"phrases": tuple(phrase for phrase in phrases if phrase.words)})


def _cut_spans(phrase: Phrase, spans: Sequence[Span]) -> Phrase:
    words = (
        word
        for word in phrase.words
        if not any(start <= (word.start_ms + word.end_ms) // 2 < end for start, end in spans)
    )
    return phrase.model_copy(update={"words": tuple(words)})


def put_together(kept: Heard, span: Span, heard: Heard) -> Heard:
    """What was kept and what was heard in a span, whose times are from the span's start."""
    moved = (
        phrase.model_copy(
            update={
                "words": tuple(
                    word.model_copy(update={"start_ms": word.start_ms + span[0], "end_ms": word.end_ms + span[0]})
                    for word in phrase.words
                )
            }
        )
        for phrase in heard.phrases
    )
    ordered = sorted((*kept.phrases, *moved), key=lambda phrase: phrase.start_ms)
    return kept.model_copy(
        update={"phrases": tuple(ordered), "dropped": tuple(dict.fromkeys((*kept.dropped, *heard.dropped)))}
    )


async def cut(sound: AsyncIterator[Samples], span: Span) -> AsyncGenerator[Samples, None]:
    """A span of a sound at a listener's rate."""
    first, last, at = span[0] * HEARD_RATE // 1000, span[1] * HEARD_RATE // 1000, 0
    async for block in sound:
        piece = block[max(0, first - at) : max(0, last - at)]
        at += len(block)
        if len(piece):
            yield piece
        if at >= last:
            return
