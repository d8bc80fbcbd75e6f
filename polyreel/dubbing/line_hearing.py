"""Each line of a dub by ear: which language it is taken for, whose voice it is; and how clean all of its speech sounds.

As far as the weights for it are here. Of a film with more lines than `MOST_LINES`, so many are heard, evenly spread.
Lines whose sound is what it was the last time (a voice's gain aside) keep what was heard in them then.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.backcheck.votes import JudgedWindow, Votes
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SPEECH_QUALITY, VOICE_PRINTS
from polyreel.engine.threads import GoOn, in_thread
from polyreel.engine.transcribe.tongues import find_likeliest_language, share_of
from polyreel.engine.transcribe.whisper import LINE_S, RATE
from polyreel.engine.transcribe.words import Heard
from polyreel.outcome import StoredFile, Value
from polyreel.store.local import path_of
from polyreel.store.port import Store

if TYPE_CHECKING:
    from polyreel.engine.backcheck.quality import Judge
    from polyreel.engine.backcheck.votes import Figures, Spans
    from polyreel.engine.separation.stems import Stems
    from polyreel.engine.sound.pcm import Samples
    from polyreel.engine.speakers.likeness import Prints
    from polyreel.engine.speakers.voiceprint import Encoder

# Goes up with the form of what is kept, too: a version of polyreel that shares the store can't read another's.
_VERSION = 3
# Each takes a run of the listener's encoder: two hundred show a wrong voice or language as well as two thousand.
MOST_LINES = 200
_PRINTED_MS = 3000


class LineHeard(Value):
    """What one line sounds like. ``language`` and ``print`` are there as far as their weights were."""

    start_ms: int
    end_ms: int
    speaker: str = ""
    voice: str = ""
    text: str = ""
    share: float | None = None
    """How likely it is the dub's language."""
    other: str = ""
    other_share: float = 0.0
    print: str = ""
    """Its voice print: 256 signed bytes, base64."""
    chosen: bool = False
    """It need not sound like its speaker's others: a person chose who says it, or it was mended by another voice."""
    number: int = 0
    """Its cue's number in the script, counted from 1; 0: not known."""


class LinesHeard(Value):
    """The lines that were heard, and the votes on the dub's and the original's speech."""

    lines: tuple[LineHeard, ...] = ()
    of: int = 0
    """How many lines are long enough to say something."""
    votes: Votes | None = None
    original: Votes | None = None


Known = Mapping[tuple[int, int, str], LineHeard]
"""What was heard in a line before, by its place and its words."""


class _Before(Value):
    speech: StoredFile
    lines: tuple[LineHeard, ...]
    windows: tuple[JudgedWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What was heard the last time of all that sounds the same in this dub, a voice's gain aside."""

    lines: Known = field(default_factory=dict)
    windows: Mapping[Spans, Figures] = field(default_factory=dict)


class LineIdentifier(Protocol):
    """Tells the language of a line. Its method blocks; whoever calls it does so in a thread."""

    def identify_line(self, sound: Samples, go_on: GoOn) -> dict[str, float]:
        """Probability by language (Whisper's codes) of mono sound at 16 kHz."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What there is to hear with on this machine; each of them may be None. The makers load weights at first use."""

    languages: LineIdentifier | None = None
    voices: Callable[[], Encoder] | None = None
    quality: Callable[[], Judge] | None = None

    @property
    def hear_anything(self) -> bool:
        """Whether there is any of them."""
        return bool(self.languages or self.voices or self.quality)


@dataclass(frozen=True, slots=True)
class Given:
    """What is listened to: a finished dub, what it was asked for, the original's sound, and the words heard so far."""

    dubbed: Dubbed
    request: DubRequest
    stems: Stems | None = None
    heard: Heard | None = None


def ears_key() -> str:
    """The weights beside the listener's that dubs are judged with: part of the key of what was heard."""
    return " ".join(model.fingerprint for model in (VOICE_PRINTS, SPEECH_QUALITY) if shelf.is_here(model))


async def hear_lines(given: Given, ears: Ears, store: Store) -> LinesHeard | None:
    """What each line of a finished dub sounds like; None where it has neither lines nor words that were heard.

    A vendor's dub without the speech alone is listened to in its mix: for languages, not for voices.
    Raises EngineError where weights can't be loaded.
    """
    from polyreel.dubbing.relistening import memory_key
    from polyreel.dubbing.speech_votes import judge_dub, remember_judgements, vote_on_original
    from polyreel.engine.backcheck.quality import count_votes

    dubbed, request = given.dubbed, given.request
    lines = _lines_of(dubbed, given.heard)
    if dubbed.audio is None or not lines:
        return None
    chosen = _choose_spread(lines)
    if dubbed.speech is None:
        found = await _hear_in_mix(path_of(dubbed.audio), chosen, request.locale, ears)
        # No voices: music under a line changes a print more than another speaker does.
        return LinesHeard(lines=tuple(found), of=len(lines))
    stem = path_of(dubbed.speech)
    key = memory_key(request, f"lines {_VERSION} {ears_key()} {ears.languages is not None}")
    kept = await in_thread(lambda _: _load_kept(store, key, dubbed))
    found = await in_thread(lambda go_on: _hear_in_stem(stem, chosen, kept.lines, request.locale, ears, go_on))
    # Now already: a run that is killed while the judge hears goes on from here.
    await in_thread(lambda _: _remember_heard(store, key, dubbed, found, _list_windows(kept)))
    judge = remember_judgements(ears.quality, store) if ears.quality else None
    windows = await in_thread(lambda go_on: judge_dub(dubbed, judge, kept.windows, go_on)) if judge else ()
    if not windows or judge is None:
        return LinesHeard(lines=tuple(found), of=len(lines))
    await in_thread(lambda _: _remember_heard(store, key, dubbed, found, windows))
    original = await in_thread(lambda go_on: vote_on_original(dubbed, given.stems, judge, go_on))
    votes = count_votes([each.figures for each in windows])
    return LinesHeard(lines=tuple(found), of=len(lines), votes=votes, original=original)


def prints_of(lines: Sequence[LineHeard]) -> Prints:
    """The prints of lines that have one, in their order."""
    import numpy as np

    held = [np.frombuffer(base64.b64decode(line.print), np.int8) for line in lines]
    prints = np.array(held, np.float32)
    unit: Prints = (prints / np.linalg.norm(prints, axis=1, keepdims=True)).astype(np.float32)
    return unit


# To its loudest number, as only the direction of a print counts.
def _pack_print(found: Samples) -> str:
    import numpy as np

    return base64.b64encode((found / np.abs(found).max() * 127).round().astype(np.int8).tobytes()).decode()


def _lines_of(dubbed: Dubbed, heard: Heard | None) -> list[LineHeard]:
    """What is long enough to be heard: the dub's lines, or, of a dub without any, the phrases that were heard."""
    from polyreel.engine.speakers.likeness import LEAST_MS

    lines = [
        LineHeard(
            start_ms=line.start_ms,
            end_ms=line.end_ms,
            speaker=line.speaker or "",
            voice=line.voice,
            chosen=line.chosen or line.retaken,
            text=line.text,
            number=line.number,
        )
        for line in dubbed.lines
    ]
    phrases = () if lines or heard is None else heard.phrases
    lines += [LineHeard(start_ms=each.start_ms, end_ms=each.end_ms, text=each.text) for each in phrases]
    return [line for line in lines if line.end_ms - line.start_ms >= LEAST_MS]


def _choose_spread(lines: Sequence[LineHeard]) -> list[LineHeard]:
    # Evenly spread, so that a film's end is heard as well as its beginning.
    step = max(1.0, len(lines) / MOST_LINES)
    return [lines[int(place * step)] for place in range(min(len(lines), MOST_LINES))]


# -- in the speech stem


def _hear_in_stem(
    path: Path, lines: Sequence[LineHeard], known: Known, locale: str, ears: Ears, go_on: GoOn
) -> list[LineHeard]:
    from polyreel.engine.sound.resample import resample
    from polyreel.engine.sound.stem import RATE as STEM_RATE
    from polyreel.engine.sound.stem import read_span

    encode = ears.voices() if ears.voices else None
    found: list[LineHeard] = []
    for line in lines:
        before = known.get((line.start_ms, line.end_ms, line.text))
        if before is None:
            go_on()
            sound = read_span(path, line.start_ms, line.end_ms)
            before = _identify_line(line, resample(sound, STEM_RATE, RATE), locale, ears, go_on)
            before = before.model_copy(update={"print": _make_print(sound, encode)})
        found.append(line.model_copy(update=before.model_dump(include={"share", "other", "other_share", "print"})))
    return found


def _identify_line(line: LineHeard, sound: Samples, locale: str, ears: Ears, go_on: GoOn) -> LineHeard:
    import numpy as np

    if ears.languages is None or not np.any(sound):
        return line
    languages = ears.languages.identify_line(sound, go_on)
    other, share = find_likeliest_language(languages)
    told = {"share": round(share_of(locale, languages), 3), "other": other, "other_share": round(share, 3)}
    return line.model_copy(update=told)


def _make_print(sound: Samples, encode: Encoder | None) -> str:
    import numpy as np

    from polyreel.engine.sound.stem import RATE as STEM_RATE
    from polyreel.engine.speakers.voiceprint import voice_print

    if encode is None or not np.any(sound):
        return ""
    most = _PRINTED_MS * STEM_RATE // 1000
    # From its middle, where nobody is just beginning or ending.
    first = max(0, len(sound) - most) // 2
    return _pack_print(voice_print(sound[first : first + most], encode))


def _load_kept(store: Store, key: str, dubbed: Dubbed) -> Kept:
    """What the last listening heard where this dub sounds the same."""
    from polyreel.dubbing.relistening import list_changes

    found = store.load_record(key)
    before = _Before.model_validate(found) if found else None
    # A stem that is gone can't be compared, so that everything is heard again.
    if before is None or dubbed.speech is None or not store.has(before.speech):
        return Kept()
    changed = list_changes(path_of(before.speech), path_of(dubbed.speech), dubbed.speech.bytes // 2)

    def is_same(begin: int, end: int) -> bool:
        return not any(start < end and stop > begin for start, stop in changed)

    return Kept(
        {(each.start_ms, each.end_ms, each.text): each for each in before.lines if is_same(each.start_ms, each.end_ms)},
        {each.spans: each.figures for each in before.windows if all(starmap(is_same, each.spans))},
    )


def _list_windows(kept: Kept) -> tuple[JudgedWindow, ...]:
    return tuple(JudgedWindow(spans=spans, figures=figures) for spans, figures in kept.windows.items())


def _remember_heard(
    store: Store, key: str, dubbed: Dubbed, lines: Sequence[LineHeard], windows: tuple[JudgedWindow, ...]
) -> None:
    if dubbed.speech is not None:
        before = _Before(speech=dubbed.speech, lines=tuple(lines), windows=windows)
        store.save_record(key, before.model_dump(mode="json"))


# -- in the mix of a vendor


async def _hear_in_mix(path: Path, lines: Sequence[LineHeard], locale: str, ears: Ears) -> list[LineHeard]:
    from polyreel.engine.transcribe.sound import of_file

    if ears.languages is None:
        return list(lines)
    found: list[LineHeard] = []
    async with aclosing(of_file(path)) as sound, aclosing(_cut_pieces(sound, lines)) as pieces:
        async for line, piece in pieces:
            found.append(await in_thread(partial(_identify_line, line, piece, locale, ears)))
    return found


async def _cut_pieces(
    sound: AsyncIterator[Samples], lines: Sequence[LineHeard]
) -> AsyncGenerator[tuple[LineHeard, Samples], None]:
    """Each line with its sound, at 16 kHz, in the order of their ends; no more than `LINE_S` of each is held."""
    import numpy as np

    waiting = sorted(lines, key=lambda line: line.start_ms)
    held, at = np.zeros(0, np.float32), 0
    async for block in sound:
        held = np.concatenate((held, block))
        while waiting and _find_last(waiting[0]) <= at + len(held):
            line = waiting.pop(0)
            yield line, held[max(0, line.start_ms * RATE // 1000 - at) : max(0, _find_last(line) - at)]
        done = (min(_find_last(waiting[0]), waiting[0].start_ms * RATE // 1000) if waiting else at + len(held)) - at
        if done > 0:
            held, at = held[done:], at + min(done, len(held))
    for line in waiting:
        yield line, held[max(0, line.start_ms * RATE // 1000 - at) : max(0, _find_last(line) - at)]


def _find_last(line: LineHeard) -> int:
    return min(line.end_ms * RATE // 1000, line.start_ms * RATE // 1000 + int(LINE_S * RATE))
