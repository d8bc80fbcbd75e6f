"""Lines into sentences, and back: what belongs to one sentence is spoken in one breath, then cut back to its cues.

A cue that ends in the middle of a sentence, followed soon by the same speaker, goes on in the next cue. Spoken apart,
both halves would fall in tone like two statements.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from polyreel.engine.voice.text.spoken import can_be_said, join_lines

# Full stops of the world: Latin, CJK, Arabic and Urdu, Devanagari, Armenian, Ethiopic, Khmer, Burmese, Tibetan.
_FINAL = ".!?…‽。！？｡．؟۔।॥։።፧។៕။།"
_CLOSING = "\"'”’»›)]}）］｝」』】〉》〕\u200f"
_ENDS = re.compile(rf"[{re.escape(_FINAL)}][{re.escape(_CLOSING)}\s]*$")
_TRAILS_OFF = re.compile(rf"(?:…|\.{{2,}})[{re.escape(_CLOSING)}\s]*$")


@dataclass(frozen=True, slots=True)
class Line:
    """One spoken line of a script: a cue, or one speaker's part of it, in spoken form. Times in ms.

    Only lines of one ``breath`` are spoken together: what a person chose for a line (`polyreel.engine.speech.choices`)
    holds for that line alone.
    """

    cue: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    breath: tuple[int, str, float] = (-1, "", 1.0)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Lines that are spoken in one breath."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """What the voice is given."""
        return join_lines(line.text for line in self.lines)

    @property
    def speaker(self) -> str | None:
        """Who says it."""
        return self.lines[0].speaker

    @property
    def start_ms(self) -> int:
        """When its first cue begins."""
        return self.lines[0].start_ms

    @property
    def end_ms(self) -> int:
        """When its last cue ends."""
        return self.lines[-1].end_ms


@dataclass(frozen=True, slots=True)
class Joining:
    """How far a sentence may reach. Without full stops (Thai, unpunctuated scripts) these bounds end it."""

    gap_ms: int = 700
    longest_ms: int = 15_000
    most_characters: int = 280


USUAL = Joining()


def into_sentences(lines: Iterable[Line], joining: Joining = USUAL) -> tuple[Sentence, ...]:
    """Group lines, in time order, by sentence. A line with nothing to say is left out."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: (each.start_ms, each.cue)):
        if not can_be_said(line.text):
            continue
        if groups and _goes_on(groups[-1], line, joining):
            groups[-1].append(line)
        else:
            groups.append([line])
    return tuple(Sentence(tuple(group)) for group in groups)


def cut_back(sentence: Sentence, start_ms: int, end_ms: int) -> tuple[tuple[int, int], ...]:
    """Share a sentence's spoken time among its lines by how much each has to say: (start, end) per line, in ms."""
    weights = [max(1, weigh(line.text)) for line in sentence.lines]
    total, said, length = sum(weights), 0, end_ms - start_ms
    cuts = [start_ms]
    for weight in weights:
        said += weight
        cuts.append(start_ms + length * said // total)
    # By what was said so far and not line by line, so that rounding adds up to the whole.
    return tuple(pairwise(cuts))


def weigh(text: str) -> int:
    """How much there is to say, in letters of an alphabet."""
    return sum(map(_weigh_character, text))


def _goes_on(group: list[Line], line: Line, joining: Joining) -> bool:
    last = group[-1]
    return (
        last.speaker == line.speaker
        and last.breath == line.breath
        and 0 <= line.start_ms - last.end_ms <= joining.gap_ms
        and line.end_ms - group[0].start_ms <= joining.longest_ms
        # Voices take texts of a bounded length, and whoever speaks has to breathe.
        and sum(len(each.text) for each in group) + len(line.text) <= joining.most_characters
        and not _is_over(last.text, line.text)
    )


def _is_over(text: str, following: str) -> bool:
    """A full stop ends it; dots at the end do so only where the next line does not go on in lower case."""
    if _TRAILS_OFF.search(text):
        return not (following[:1].islower() or following.startswith(("…", "..")))
    return bool(_ENDS.search(text))


def _weigh_character(character: str) -> int:
    """How long a character takes, roughly: an ideograph is a syllable, a letter a part of one, a mark nothing."""
    kind = unicodedata.category(character)[0]
    wide = unicodedata.east_asian_width(character) in "WF"
    return (3 if wide else 1) if kind in "LN" else 0
