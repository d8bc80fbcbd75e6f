"""Plans and finished languages as stages hand them on, without any media behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polyreel.engine.separation.stems import Bed, Stems
from polyreel.job import Job
from polyreel.outcome import Check, LineFit, Reel, StoredFile
from polyreel.plans import LanguagePlan, Plan
from tasks.run import progress
from tasks.run.progress import Board
from tasks.run.values import LanguageResult, Tracks

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def empty_board() -> Iterator[Board]:
    """Every test has a board of its own, as every run has."""
    mine = Board()
    token = progress._board.set(mine)
    yield mine
    progress._board.reset(token)


@pytest.fixture
def stored() -> Callable[[str], StoredFile]:
    """A stored file by a name: the same name is the same content."""

    def file(name: str) -> StoredFile:
        return StoredFile(uri=f"file:///{name}", sha256=hashlib.sha256(name.encode()).hexdigest(), bytes=len(name))

    return file


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """A plan for locales: ``plan("es-ES", "fr-FR", quality={"on_fail": "hold"})``."""

    def make(*locales: str, **changes: Any) -> Plan:
        source = {"media": "reel.mp4", "locale": "en-US"}
        job = Job.model_validate({"name": "reel", "source": source, "targets": list(locales), **changes})
        return Plan(job=job, languages=tuple(LanguagePlan(job=job, locale=locale) for locale in locales))

    return make


@pytest.fixture
def finished(stored: Callable[[str], StoredFile]) -> Callable[..., LanguageResult]:
    """A language that was made: ``finished("es-ES", ("fit", "fail"), notes=("quick",))``."""

    def make(locale: str, *checks: tuple[str, str], notes: tuple[str, ...] = (), **lines: str) -> LanguageResult:
        files = {kind: stored(f"{locale}.{kind}") for kind in ("vtt", "srt")}
        return LanguageResult(
            locale=locale,
            video=stored(f"{locale}.mp4"),
            tracks=Tracks(files=files, script=files["vtt"]),
            checks=tuple(Check.model_validate({"name": name, "status": status}) for name, status in checks),
            lines=tuple(_line(speaker, voice) for speaker, voice in lines.items()),
            notes=notes,
        )

    return make


def _line(speaker: str, voice: str) -> LineFit:
    times = {"cue_start_ms": 0, "cue_end_ms": 900, "start_ms": 0, "end_ms": 900, "natural_ms": 900}
    return LineFit(text="Hello.", speaker=speaker, voice=voice, ratio=1.0, **times)


@pytest.fixture
def reel(stored: Callable[[str], StoredFile]) -> Reel:
    """Two minutes, with a note of its own."""
    return Reel(file=stored("reel"), duration="120", notes=("The whole picture was encoded.",))


@pytest.fixture
def stems(stored: Callable[[str], StoredFile]) -> Stems:
    """Sound that was only ducked, with a note of its own."""
    bed = Bed(audio=stored("sound"), power=stored("power"))
    return Stems(kind="ducked", channels=2, samples=120 * 48_000, original=bed, notes=("No weights to part it with.",))
