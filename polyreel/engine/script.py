"""From a subtitle track to what has to be spoken: who, when, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyreel.engine.sentences import Line
from polyreel.engine.spoken import can_be_said, spoken_form
from polyreel.subtitles.cuetext import voices
from polyreel.subtitles.model import Cue, Track

# What captions say about sound, for who can't hear it: nobody says it aloud.
_DESCRIPTION = re.compile(
    r"\s*(?:[-–—]\s*)?(?:\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|［[^］]*］|[♪♫#*].*[♪♫#*]|[♪♫].*)[.!?…]*\s*",
    re.DOTALL,
)
# Square brackets hold sounds wherever they stand; round ones may hold what somebody says aside.
_ASIDE = re.compile(r"\[[^\[\]]{0,80}\]|［[^［］]{0,80}］|【[^【】]{0,80}】")
_DASH = re.compile(r"(?m)^\s*[-–—]\s*(?=[^\d\s])")


@dataclass(frozen=True, slots=True)
class Script:
    """What is spoken, in time order, and what of the cues is not, said for a person."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def spoken_script(track: Track) -> Script:
    """The lines to speak. Sounds (``[applause]``), lyrics and cues without a word are left out, and noted."""
    lines: list[Line] = []
    silent: list[Cue] = []
    for number, cue in enumerate(track.cues):
        found = list(_lines(number, cue))
        lines += found
        if not found:
            silent.append(cue)
    lines.sort(key=lambda line: (line.start_ms, line.cue))
    return Script(tuple(lines), _notes(silent))


def _lines(number: int, cue: Cue) -> Iterator[Line]:
    """One line per speaker of a cue; they share its time by how much each says."""
    heard = [(who, text) for who, text in voices(cue) if not _DESCRIPTION.fullmatch(text)]
    said = [(who, spoken_form(_DASH.sub("", _ASIDE.sub(" ", text)))) for who, text in heard]
    said = [(who, words) for who, words in said if can_be_said(words)]
    total, before = sum(len(words) for _, words in said), 0
    for who, words in said:
        start = cue.start_ms + cue.duration_ms * before // total
        before += len(words)
        yield Line(number, start, cue.start_ms + cue.duration_ms * before // total, words, who)


def _notes(silent: list[Cue]) -> tuple[str, ...]:
    if not silent:
        return ()
    shown = ", ".join(f"{cue.start_ms / 1000:.1f} s" for cue in silent[:5])
    more = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
    return (f"{len(silent)} cues hold nothing to say (sounds, lyrics, no words), at {shown}{more}.",)
