"""The seam between the vendors' APIs and whoever does the dubbing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from polyreel.sandbox.work.script import Line

Mix = Literal["dub", "voiceover", "speech_only"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be dubbed. ``script`` are the lines in the target language, if the client sent them; times in ms."""

    media: Path
    source_locale: str
    target_locale: str
    mix: Mix
    folder: Path
    script: tuple[Line, ...] = ()
    source_script: tuple[Line, ...] = ()
    background: Path | None = None
    background_start: float = 0.0


@dataclass(frozen=True, slots=True)
class Dubbed:
    """A dub: a video as long as the source, its speech alone as WAV, and the lines in both languages."""

    video: Path
    voice: Path
    source_lines: tuple[Line, ...]
    target_lines: tuple[Line, ...]


class NothingSaid(Exception):
    """No spoken content in the media."""


class Studio(Protocol):
    """Somebody who dubs."""

    async def dub(self, order: Order) -> Dubbed:
        """Dub the media; `NothingSaid` when there is nothing to dub."""
        ...

    async def listen(self, order: Order) -> tuple[Line, ...]:
        """What is said in the media; `NothingSaid` when nothing is."""
        ...
