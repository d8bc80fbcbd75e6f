"""Cues and tracks: what every subtitle format is read into and written from. Times are integer milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. ``text`` keeps inline markup in WebVTT's spelling (``<i>``, ``<b>``, ``<c.x>``, ``<ruby>``).

    ``speaker`` is the voice's name (``<v Ana>`` over the whole cue, or ``Ana:`` where that is asked for); it is not
    repeated in ``text``. ``settings`` are WebVTT cue settings by name. ``line`` is where the cue stood in its file.
    """

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    identifier: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    line: int = 0

    @property
    def duration_ms(self) -> int:
        """How long the cue is shown."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Track:
    """Cues in the order of their file, and what the file says beside them (WebVTT's STYLE, REGION, NOTE, header).

    ``header`` is what follows ``WEBVTT`` on its line, then the header's further lines. ``regions`` are settings by
    region (``id:top width:40%``), ``styles`` and ``comments`` the text of their blocks; ``comments_before[i]`` is the
    index of the cue that comment *i* stood before (missing: before the first).
    """

    cues: tuple[Cue, ...] = ()
    header: str = ""
    styles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    comments_before: tuple[int, ...] = ()


NoteKind = Literal["repaired", "dropped", "lost", "noted"]

# A note quotes what it speaks of; a value of a megabyte must not become a note of a megabyte.
LONGEST_NOTE = 240


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is not as it stood. ``line`` counts from 1; 0 is no line in particular.

    ``repaired``: read, though it was not written as it should be. ``dropped``: words that are not in the track.
    ``lost``: something other than words (a setting, a style, a name) that could not be carried, in or out.
    ``noted``: read by a convention that leaves no doubt (captions that roll, frames at a known rate): no word is at
    stake, and nobody has to accept it.

    A message is on one line and at most `LONGEST_NOTE` characters long.
    """

    kind: NoteKind
    code: str
    message: str
    line: int = 0

    def __post_init__(self) -> None:
        if len(self.message) > LONGEST_NOTE:
            object.__setattr__(self, "message", self.message[: LONGEST_NOTE - 1] + "…")


@dataclass(frozen=True, slots=True)
class Reading:
    """A track, and everything that had to be repaired or dropped to get it."""

    track: Track
    notes: tuple[Note, ...] = ()
    encoding: str = "utf-8"
    format: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """The text of a file, and everything that its format could not carry."""

    text: str
    notes: tuple[Note, ...] = field(default=())
