"""Listening to a track of any length with flat memory: a window at a time, only where somebody speaks.

The window's speech is packed into slices of what the listener takes at once, with its own short pauses and without the
long silences: a listener that is given silence invents words. What is under way at a window's end moves to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.threads import GoOn, in_thread
from polyreel.engine.transcribe.doubt import Judged, judge_phrases
from polyreel.engine.transcribe.edges import settle_words
from polyreel.engine.transcribe.melody import measure_held
from polyreel.engine.transcribe.whisper import RATE, SLICE_S, Listener
from polyreel.engine.transcribe.words import Heard, Phrase, Word

WINDOW_S = 150
_UNFINISHED_S = 1.0
_WORTH_A_SLICE_S = 20.0
_ASKED_FOR_LANGUAGE = 3
# Whisper hears 30 s at once: with the padding around it, a longer stretch would be cut within a word.
_LONGEST_SPEECH_S = 25.0
_LEAST_WORD_S = 0.9  # with the sound around it that a stretch of speech comes with
# After half a minute of loud notes the detector hears nothing for a second: a first short word was lost. Asked anew
# about what is just before a stretch, it finds it. In 180 mixes of speech after music (plucked, held, choir, drums; -18
# to 6 dB; pauses of 0 to 0.5 s) it lost 15; 14 of them are found so, and nothing else is.
_LOOK_BACK_S, _MISSED_PAD_S = 1.5, 0.15
_UNSURE_S = 0.4  # asked anew, it takes the first moments of music for speech
_LEAST_MISSED_S = 0.25

Span = tuple[int, int]
"""First sample and the one after the last."""


async def listen(
    sound: AsyncIterator[Samples],
    listener: Listener,
    locale: str,
    *,
    samples: int,
    on_progress: Callable[[float], None],
) -> Heard:
    """What is said in a track. ``sound`` gives mono blocks at 16 kHz, ``samples`` in all; ``locale`` is expected.

    Cancelling stops it between two segments. Raises EngineError where the listener can't be loaded.
    """
    ear = _Ear(listener, locale)
    held, at = np.zeros(0, dtype=np.float32), 0
    async for block in sound:
        held = np.concatenate((held, block))
        if len(held) >= WINDOW_S * RATE:
            used = await in_thread(_hear_window(ear, held, at, last=False))
            held, at = held[used:], at + used
            on_progress(min(1.0, at / max(1, samples)))
    await in_thread(_hear_window(ear, held, at, last=True))
    on_progress(1.0)
    return ear.summarise()


def _hear_window(ear: _Ear, held: Samples, at: int, *, last: bool) -> Callable[[GoOn], int]:
    return lambda go_on: ear.window(held, at, last, go_on)


@dataclass
class _Ear:
    """What has been heard so far."""

    listener: Listener
    locale: str
    phrases: list[Phrase] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    votes: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    asked: float = 0.0
    slices: int = 0
    speech: int = 0

    def window(self, held: Samples, at: int, last: bool, go_on: GoOn) -> int:
        """Hear a window; returns how many of its samples are done with. Blocks."""
        groups = list(_pack_slices(speech_in(held)))
        done = len(held)
        if not last and groups and _goes_on(groups, len(held)):
            done = groups.pop()[0][0]
        for group in groups:
            self.speech += sum(end - start for start, end in group)
            unheard = self._hear_slice(held, group, at, go_on)
            # What went under among longer speech may be heard alone.
            for span in unheard if len(group) > 1 else ():
                self._hear_slice(held, [span], at, go_on)
        return done

    def _hear_slice(self, held: Samples, group: Sequence[Span], at: int, go_on: GoOn) -> list[Span]:
        """Hear a slice; returns the stretches of speech in it of which not a word was heard."""
        sound = np.concatenate([held[start:end] for start, end in group])
        # Telling the language costs time at each slice, and the first minutes say what the rest is in.
        ask = self.slices < _ASKED_FOR_LANGUAGE
        found = self.listener.hear(sound, self.locale, ask, go_on)
        self.slices += 1
        for language, share in found.languages.items():
            self.votes[language] += share * len(sound)
        self.asked += len(sound) if found.languages else 0
        checked: Judged = judge_phrases(found.phrases, sound, RATE)
        for left_out in checked.dropped:
            start_ms = _place_word(left_out.first, group, at).start_ms
            self.dropped.append(f"{start_ms / 1000:.1f} s: {left_out.why}")
        settled = [_with_held_notes(each, sound) for each in settle_words(checked.believed, sound, RATE)]
        self.phrases += [_place_phrase(phrase, group, at) for phrase in settled]
        return _find_wordless_spans(found.phrases, group)

    def summarise(self) -> Heard:
        shares = {code: round(vote / self.asked, 4) for code, vote in self.votes.items()} if self.asked else {}
        return Heard(
            # Stretches that were heard a second time come after what follows them.
            phrases=tuple(sorted(self.phrases, key=lambda phrase: phrase.start_ms)),
            languages={code: share for code, share in shares.items() if share >= 0.001},
            speech_ms=self.speech * 1000 // RATE,
            dropped=tuple(self.dropped),
        )


def speech_in(sound: Samples) -> list[Span]:
    """Where somebody speaks: Silero's voice activity detector, with a little sound around each stretch."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(sound):
        return []
    # A stretch is at most 25 s, so that a slice of 28 holds it whole; pauses below 1.5 s belong to the speech.
    options = VadOptions(max_speech_duration_s=_LONGEST_SPEECH_S, min_silence_duration_ms=1500, speech_pad_ms=300)
    words = VadOptions(min_silence_duration_ms=200, speech_pad_ms=0)
    found: list[Span] = []
    for stretch in get_speech_timestamps(sound, options):
        start, end = stretch["start"], stretch["end"]
        first = max(start - round(_LOOK_BACK_S * RATE), found[-1][1] if found else 0)
        heard = get_speech_timestamps(sound[first : start + RATE], words) if first < start else []
        begins = [first + word["start"] for word in heard if _is_missed(word["start"], word["end"])]
        missed = [begin - round(_MISSED_PAD_S * RATE) for begin in begins if begin < start]
        found.append((min([start, *missed]), end))
    return found


def _is_missed(start: int, end: int) -> bool:
    """Whether what was found in the look back from a stretch of speech is a word, by its samples there."""
    return start >= _UNSURE_S * RATE and end - start >= _LEAST_MISSED_S * RATE


def _pack_slices(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Stretches of speech, as many at once as the listener takes."""
    group: list[Span] = []
    length = 0
    for start, end in spans:
        if group and length + end - start > SLICE_S * RATE:
            yield group
            group, length = [], 0
        group.append((start, end))
        length += end - start
    if group:
        yield group


def _goes_on(groups: Sequence[Sequence[Span]], samples: int) -> bool:
    """Whether the last slice had better wait for the next window: it may be cut in a word, or have room for more."""
    last = groups[-1]
    length = sum(end - start for start, end in last)
    unfinished = last[-1][1] > samples - _UNFINISHED_S * RATE
    # Something of the window must be used up, or memory would grow.
    return last[0][0] > samples // 2 and (unfinished or length < _WORTH_A_SLICE_S * RATE)


def _find_wordless_spans(phrases: Sequence[Phrase], group: Sequence[Span]) -> list[Span]:
    """The stretches of a slice that hold no word at all, and are long enough to hold one."""
    middles = [(word.start_ms + word.end_ms) * RATE // 2000 for phrase in phrases for word in phrase.words]
    found: list[Span] = []
    before = 0
    for start, end in group:
        after = before + end - start
        if end - start >= _LEAST_WORD_S * RATE and not any(before <= middle < after for middle in middles):
            found.append((start, end))
        before = after
    return found


def _with_held_notes(phrase: Phrase, sound: Samples) -> Phrase:
    said = sound[phrase.start_ms * RATE // 1000 : phrase.end_ms * RATE // 1000]
    return phrase.model_copy(update={"held": round(measure_held(said, RATE), 2)})


def _place_phrase(phrase: Phrase, group: Sequence[Span], at: int) -> Phrase:
    """A phrase with its words' times from the track's start."""
    return phrase.model_copy(update={"words": tuple(_place_word(word, group, at) for word in phrase.words)})


def _place_word(word: Word, group: Sequence[Span], at: int) -> Word:
    middle = (word.start_ms + word.end_ms) * RATE // 2000
    before = 0
    for start, end in group:
        if middle < before + end - start or (start, end) == group[-1]:
            shift = (at + start - before) * 1000 // RATE
            first, last = (at + start) * 1000 // RATE, (at + end) * 1000 // RATE
            begin = min(max(word.start_ms + shift, first), last)
            return word.model_copy(update={"start_ms": begin, "end_ms": min(max(word.end_ms + shift, begin), last)})
        before += end - start
    return word
