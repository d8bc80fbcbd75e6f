"""Speaking a script: sentences side by side, each text once, and stopped when nobody waits any more."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from polyreel.engine.cores import COUNT
from polyreel.engine.sound.stem import RATE
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.errors import EngineError
from polyreel.store.local import LocalStore
from polyreel.subtitles.model import Cue, Track
from tests.unit.engine.speech.humming import Humming


def spoken(
    texts: Sequence[str], voice: Humming, store: LocalStore, stopped: BaseException | None = None
) -> Performance:
    script = extract_spoken_script(Track(tuple(Cue(n * 5000, n * 5000 + 4000, text) for n, text in enumerate(texts))))

    def go_on() -> None:
        if stopped and voice.said:
            raise stopped

    direction = Direction(locale="es-ES", samples=RATE * 5 * len(texts))
    return perform(script, direction, voice, store, on_progress=lambda _: None, go_on=go_on)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_as_many_sentences_are_spoken_at_once_as_there_are_cores(store: LocalStore) -> None:
    """Each of them waits in the voice for the others: one at a time would wait for ever."""
    texts = [f"Line {'abcdefgh'[number]}." for number in range(COUNT)]
    done = spoken(texts, Humming(threading.Barrier(COUNT)), store)
    assert [line.text for line in done.lines] == texts


def test_what_is_said_twice_is_spoken_once(store: LocalStore) -> None:
    """The same words, the same recording, also within one script; lines keep their order and places."""
    voice = Humming()
    done = spoken(["Hello.", "A longer line.", "Hello."], voice, store)
    assert voice.said == {"Hello.": 1, "A longer line.": 1}
    assert [(line.text, line.start_ms) for line in done.lines] == [
        ("Hello.", 0),
        ("A longer line.", 5000),
        ("Hello.", 10000),
    ]


def test_a_voice_that_fails_says_so(store: LocalStore) -> None:
    """The first failure ends the performance, with the voice's own error."""
    with pytest.raises(EngineError, match="the voice broke"):
        spoken(["Fine.", "This one is broken.", "Fine, too."], Humming(), store)


def test_a_stopped_performance_speaks_no_further_and_loses_nothing(store: LocalStore) -> None:
    """What is said when the stop comes is kept, and the next run goes on from there."""

    class Stopped(BaseException):
        pass

    texts = [f"Sentence {'abcdefghij'[number]}." for number in range(10)]
    first, second = Humming(), Humming()
    with pytest.raises(Stopped):
        spoken(texts, first, store, Stopped())
    assert 0 < first.said.total() <= 2 * COUNT
    spoken(texts, second, store)
    assert first.said.total() + second.said.total() == len(texts)


def test_a_changed_pronunciation_speaks_the_sentences_that_have_its_term(store: LocalStore) -> None:
    """The voice is given the respelling, the script keeps its words, and what has no such term is not said again."""

    def said_as(respelling: str) -> tuple[list[str], Performance]:
        voice = Humming()
        direction = Direction(
            locale="es-ES", samples=RATE * 10, pronunciations=(Pronunciation("Nguyen", respelling, locale="es"),)
        )
        script = extract_spoken_script(Track((Cue(0, 4000, "Hola, Nguyen."), Cue(5000, 9000, "Buenos días."))))
        done = perform(script, direction, voice, store, on_progress=lambda _: None, go_on=lambda: None)
        return sorted(voice.said), done

    first, done = said_as("Güín")
    assert first == ["Buenos días.", "Hola, Güín."]
    assert [line.text for line in done.lines] == ["Hola, Nguyen.", "Buenos días."]
    assert said_as("Guin")[0] == ["Hola, Guin."]
    assert said_as("Güín")[0] == []
