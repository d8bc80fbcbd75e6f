"""Of a dub that was listened to before, only what sounds otherwise is listened to again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.relistening import cut, memory_key, put_together, remember_heard, what_to_hear
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.outcome import LineFit, StoredFile
from polyreel.store.local import LocalStore, path_of

LENGTH_MS = 10_000
LINES = ((1000, 3000), (5000, 7000))
REQUEST = DubRequest(
    locale="es-ES", source_locale="en-US", reel=StoredFile(uri="file:///r", sha256="0" * 64, bytes=1), duration="10"
)
KEY = memory_key(REQUEST, "listener 1")


def phrase(text: str, start: int, end: int) -> Phrase:
    return Phrase(words=(Word(text=text, start_ms=start, end_ms=end),))


HEARD = Heard(phrases=(phrase(" uno", 1100, 2900), phrase(" dos", 5100, 6900)), languages={"es": 0.9})


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def dub(
    store: LocalStore,
    *pitches: float,
    lufs: float = -23.0,
    gain: float = 0.3,
    lines: tuple[tuple[int, int], ...] = LINES,
) -> Dubbed:
    """A dub whose lines are tones of these pitches."""
    sound = np.zeros(LENGTH_MS * 48)
    for pitch, (start, end) in zip(pitches, lines, strict=False):
        sound[start * 48 : end * 48] = gain * np.sin(np.arange((end - start) * 48) * pitch)
    fits = tuple(
        LineFit(text="a", cue_start_ms=a, cue_end_ms=b, start_ms=a, end_ms=b, natural_ms=b - a, ratio=1.0)
        for a, b in lines
    )
    speech = store.keep_bytes((sound * 32_767).astype("<i2").tobytes(), ".s16")
    return Dubbed(locale="es-ES", speech=speech, lufs=lufs, lines=fits)


@pytest.fixture
def before(store: LocalStore) -> Dubbed:
    made = dub(store, 0.05, 0.08)
    remember_heard(store, KEY, made, HEARD)
    return made


def texts(heard: Heard) -> str:
    return "".join(word.text for word in heard.words())


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(
    ("pitches", "gain", "spans", "kept"),
    [
        ((0.05, 0.08), 0.3, (), " uno dos"),
        ((0.05, 0.08), 0.27, (), " uno dos"),
        ((0.05, 0.09), 0.3, ((4960, 7040),), " uno"),
        ((0.06, 0.08), 0.3, ((960, 3040),), " dos"),
        ((0.05,), 0.3, ((4960, 7040),), " uno"),
    ],
)
def test_a_line_that_sounds_otherwise_is_heard_again_as_a_whole(
    store: LocalStore, pitches: tuple[float, ...], gain: float, spans: tuple[tuple[int, int], ...], kept: str
) -> None:
    """A voice that is a little quieter all along is the same."""
    found = what_to_hear(store, KEY, dub(store, *pitches, gain=gain), LENGTH_MS)
    assert found is not None
    assert (found.spans, texts(found.kept)) == (spans, kept)
    assert found.kept.languages == {"es": 0.9}


@pytest.mark.usefixtures("before")
def test_where_much_or_the_level_has_changed_all_of_it_is_heard(store: LocalStore) -> None:
    assert what_to_hear(store, KEY, dub(store, 0.06, 0.09), LENGTH_MS) is None
    assert what_to_hear(store, KEY, dub(store, 0.05, 0.08, lufs=-21.5), LENGTH_MS) is None


def test_without_a_memory_or_its_sound_all_of_it_is_heard(store: LocalStore, before: Dubbed) -> None:
    assert what_to_hear(store, memory_key(REQUEST, "another listener"), before, LENGTH_MS) is None
    assert what_to_hear(store, KEY, before, LENGTH_MS) is not None
    assert before.speech
    path_of(before.speech).unlink()
    assert what_to_hear(store, KEY, dub(store, 0.05, 0.09), LENGTH_MS) is None


def test_what_is_heard_anew_stands_at_its_time() -> None:
    kept = HEARD.model_copy(update={"phrases": HEARD.phrases[:1]})
    found = put_together(kept, (4960, 7040), Heard(phrases=(phrase(" tres", 100, 1900),), dropped=("a loop: x",)))
    assert [(word.text, word.start_ms) for word in found.words()] == [(" uno", 1100), (" tres", 5060)]
    assert found.dropped == ("a loop: x",)


async def test_only_the_span_of_a_sound_reaches_the_listener() -> None:
    async def sound() -> AsyncIterator[np.ndarray]:
        for start in range(0, 160_000, 50_000):
            yield np.arange(start, min(start + 50_000, 160_000), dtype=np.float32)

    heard = np.concatenate([block async for block in cut(sound(), (2000, 7040))])
    assert (heard[0], heard[-1], len(heard)) == (32_000, 112_639, 80_640)
