"""From a subtitle track to what has to be spoken: who, when, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from polyreel.engine.speech.sentences import Line
from polyreel.engine.voice.text.spoken import can_be_said, make_speakable
from polyreel.errors.wording import spell_count
from polyreel.subtitles.cuetext import voices
from polyreel.subtitles.kinds import is_forced
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.spoken import part_speech, split_turns

# So many different pieces are quoted, each of at most so many characters.
_MOST_QUOTED = 40
_LONGEST_QUOTE = 80


@dataclass(frozen=True, slots=True)
class Script:
    """What is spoken, in time order, and what of the cues is not, said for a person."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def extract_spoken_script(track: Track) -> Script:
    """The lines to speak. Sounds (``[applause]``) and lyrics are left out, and quoted in a note."""
    lines: list[Line] = []
    silent: list[Cue] = []
    left_out: dict[str, int] = {}
    for number, cue in enumerate(track.cues):
        found, unsaid = _split_turns_of(number, cue)
        lines += found
        for each in unsaid:
            left_out.setdefault(each, cue.start_ms)
        if not found and not unsaid and not is_forced(cue):
            silent.append(cue)
    # Cues may overlap and stand in any order; lines are fitted front to back.
    lines.sort(key=lambda line: (line.start_ms, line.cue))
    return Script(tuple(lines), (*_quote_left_out(left_out), *_note_silent(silent)))


def _split_turns_of(number: int, cue: Cue) -> tuple[list[Line], list[str]]:
    """One line per turn of a cue, which share its time by how much each says; and what is not spoken."""
    if is_forced(cue):
        return [], []  # a sign, or a line in another language: it is read, and the original is heard
    parted = [(who, part_speech(text)) for who, text in voices(cue)]
    turns = [(who, make_speakable(turn)) for who, part in parted for turn in split_turns(part.said)]
    said = [(who, words) for who, words in turns if can_be_said(words)]
    return list(_share_time(number, cue, said)), [each for _, part in parted for each in part.left_out]


def _share_time(number: int, cue: Cue, said: list[tuple[str | None, str]]) -> Iterator[Line]:
    total, before = sum(len(words) for _, words in said), 0
    for who, words in said:
        start = cue.start_ms + cue.duration_ms * before // total
        before += len(words)
        yield Line(number, start, cue.start_ms + cue.duration_ms * before // total, words, who)


def _quote_left_out(left_out: dict[str, int]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = [f"“{_shorten_text(text)}” ({at / 1000:.1f} s)" for text, at in list(left_out.items())[:_MOST_QUOTED]]
    more = f" and {len(left_out) - _MOST_QUOTED} more" if len(left_out) > _MOST_QUOTED else ""
    return (f"Not spoken (sounds, lyrics, directions): {', '.join(shown)}{more}.",)


def _shorten_text(text: str) -> str:
    flat = " / ".join(text.split("\n"))
    return flat if len(flat) <= _LONGEST_QUOTE else flat[: _LONGEST_QUOTE - 1] + "…"


def _note_silent(silent: list[Cue]) -> tuple[str, ...]:
    if not silent:
        return ()
    shown = ", ".join(f"{cue.start_ms / 1000:.1f} s" for cue in silent[:5])
    more = f" and {len(silent) - 5} more" if len(silent) > 5 else ""
    return (f"Nothing to say (no words) in {spell_count(len(silent), 'cue')}, at {shown}{more}.",)
