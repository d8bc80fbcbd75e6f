"""From a subtitle track to what has to be spoken: who, when, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyreel.engine.sentences import Line
from polyreel.engine.spoken import can_be_said, spoken_form
from polyreel.subtitles.cuetext import voices
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.spoken import sounds_in, without_sounds

# What captions say about sound, for who can't hear it: nobody says it aloud.
_DESCRIPTION = re.compile(
    r"\s*(?:[-–—]\s*)?(?:\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|［[^］]*］|[♪♫#*].*[♪♫#*]|[♪♫].*)[.!?…]*\s*",
    re.DOTALL,
)
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
    sounds = [sound for cue in track.cues for _, text in voices(cue) if _is_said(text) for sound in sounds_in(text)]
    for number, cue in enumerate(track.cues):
        found = list(_lines(number, cue))
        lines += found
        if not found:
            silent.append(cue)
    lines.sort(key=lambda line: (line.start_ms, line.cue))
    return Script(tuple(lines), (*_notes(silent), *_notes_of_sounds(sounds)))


def _lines(number: int, cue: Cue) -> Iterator[Line]:
    """One line per speaker of a cue; they share its time by how much each says."""
    said = [(who, spoken_form(_DASH.sub("", without_sounds(text)))) for who, text in voices(cue) if _is_said(text)]
    said = [(who, words) for who, words in said if can_be_said(words)]
    total, before = sum(len(words) for _, words in said), 0
    for who, words in said:
        start = cue.start_ms + cue.duration_ms * before // total
        before += len(words)
        yield Line(number, start, cue.start_ms + cue.duration_ms * before // total, words, who)


def _is_said(text: str) -> bool:
    return not _DESCRIPTION.fullmatch(text)


def _notes_of_sounds(sounds: list[str]) -> tuple[str, ...]:
    found = list(dict.fromkeys(sounds))
    if not found:
        return ()
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return (f"Described inside lines, and so not spoken: {', '.join(found[:5])}{more}.",)


def _notes(silent: list[Cue]) -> tuple[str, ...]:
    if not silent:
        return ()
    shown = ", ".join(f"{cue.start_ms / 1000:.1f} s" for cue in silent[:5])
    more = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
    return (f"{len(silent)} cues hold nothing to say (sounds, lyrics, no words), at {shown}{more}.",)
