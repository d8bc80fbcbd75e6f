"""A finished dub is listened to as a whole and line by line at once, and a failure of either leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from polyreel.dubbing import hearing
from polyreel.dubbing.line_hearing import LinesHeard
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.transcribe.words import Heard
from polyreel.errors import EngineError
from polyreel.outcome import LineFit, StoredFile
from polyreel.plans import Plan
from tasks import listen as listening

LINE = LineFit(
    text="Hola.", cue_start_ms=0, cue_end_ms=1000, start_ms=0, end_ms=1000, natural_ms=1000, ratio=1.0, reused=False
)


class WatchedEars:
    """Stands where the two are called; says in which order what happened."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lines_begun, self.words_done = asyncio.Event(), asyncio.Event()
        self.error: EngineError | None = None
        self.at_once = True

    async def hear_words(self, *_: Any) -> Heard:
        self.told.append("words")
        if self.at_once:
            await asyncio.wait_for(self.lines_begun.wait(), 5)
        if self.error:
            raise self.error
        self.words_done.set()
        return Heard()

    async def hear_lines(self, *_: Any) -> LinesHeard:
        self.told.append("lines")
        self.lines_begun.set()
        try:
            await asyncio.wait_for(self.words_done.wait(), 5)
        except asyncio.CancelledError:
            self.told.append("lines stopped")
            raise
        return LinesHeard(of=1)


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> WatchedEars:
    found = WatchedEars()
    monkeypatch.setattr(hearing, "listen_to_dub", found.hear_words)
    monkeypatch.setattr(listening, "hear_lines", found.hear_lines)
    monkeypatch.setattr(listening, "listener_here", lambda: "whisper-base")
    return found


Listen = Callable[..., Any]


@pytest.fixture
def listen(plan: Callable[..., Plan], stored: Callable[[str], StoredFile]) -> Listen:
    request = DubRequest(locale="es-ES", source_locale="en-US", reel=stored("reel"), duration="60")

    def listen_to(**made: Any) -> Any:
        dubbed = Dubbed(locale="es-ES", audio=stored("mix"), **made)
        return listening.listen_closely(plan("es-ES").language("es-ES"), request, dubbed)

    return listen_to


async def test_lines_that_a_dub_names_are_heard_beside_its_words(
    ears: WatchedEars, listen: Listen, stored: Callable[[str], StoredFile]
) -> None:
    found = await listen(speech=stored("speech"), lines=(LINE,))
    assert sorted(ears.told) == ["lines", "words"]
    assert (found.heard, found.lines) == (Heard(), LinesHeard(of=1))


async def test_without_lines_the_words_are_heard_first(ears: WatchedEars, listen: Listen) -> None:
    ears.at_once = False
    await listen()
    assert ears.told == ["words", "lines"]


async def test_what_goes_wrong_with_the_words_is_raised_as_it_is_and_ends_the_lines(
    ears: WatchedEars, listen: Listen, stored: Callable[[str], StoredFile]
) -> None:
    ears.error = EngineError("the model can't be loaded", code="model_damaged", where="whisper-base")
    with pytest.raises(EngineError, match="can't be loaded"):
        await listen(speech=stored("speech"), lines=(LINE,))
    assert ears.told[-1] == "lines stopped"
