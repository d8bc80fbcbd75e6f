"""Captions that roll: each one repeats the line before, so that a voice would say everything two or three times.

YouTube's automatic captions do (a line is shown while it is spoken, again above the next one, and for 10 ms alone in
between), captions that were recorded from television (CEA-608's roll-up of two or three lines), captions that grow
word by word, and those that begin with the last words of the cue before. They are known by their repetition: where half
of the neighbours repeat lines *and* add to them, the file rolls; so does a part of it, where several do in a row.
Somebody who says the same thing twice adds nothing to it, and stays as he is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.model import Cue, Note, Track

# Fewer can be chance: somebody says a line twice.
_LEAST_REPEATS = 2
_LEAST_SHARE = 0.5
# So many in a row roll, though the rest of the file does not.
_LEAST_RUN = 3
# In characters, in the mean: "No." comes back in any dialogue.
_LEAST_LENGTH = 6
# Lines that roll follow each other at once; a line that comes back after a pause is said again.
_PAUSE_MS = 3000
# Letters that are typed: so many cues in a row, each with at most so many more.
_LEAST_TYPED = 4
# Typists' and recognisers' cues grow by a letter or a few; what grows by words is rolled up.
_TYPED_AT_ONCE = 3
_TYPED_PAUSE_MS = 200
# Words at a cue's beginning that ended the cue before.
_LEAST_WORDS = 2
_LONGEST_CARRIED = 120
# Scripts that put no space between words.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65"
_WORD_ENDS = re.compile(rf"[^\w]|(?<=[{_SPACELESS}])|(?=[{_SPACELESS}])")
_SPACES = re.compile(r"\s+")
# The times of single words, and the class that marks a word as new: they mean nothing once a line stands alone.
_WORD_TIMES = re.compile(r"<[0-9][0-9:.]*>|</?c>")


@dataclass(slots=True)
class _Step:
    """What a cue adds to the one before: how many of its lines were there, and whether the last of those grew.

    ``carried`` is how many characters its first line begins with that ended the cue before.
    """

    cue: Cue
    lines: list[str]
    shown: list[str]
    repeated: int = 0
    grew: bool = False
    carried: int = 0

    @property
    def repeats(self) -> bool:
        """Whether it says again what the cue before said."""
        return self.repeated > 0 or self.carried > 0

    @property
    def adds(self) -> bool:
        """Whether it repeats, and says something new."""
        return self.carried > 0 or (self.repeated > 0 and (self.grew or self.repeated < len(self.lines)))

    @property
    def said_again(self) -> int:
        """How many characters of it are a repetition."""
        return self.carried + sum(map(len, self.lines[: self.repeated]))

    def stand_alone(self) -> None:
        """Take it as it is, whatever the cue before said."""
        self.repeated, self.grew, self.carried = 0, False, 0


@dataclass(slots=True)
class _Line:
    """A line of the collapsed track that may still grow."""

    cue: Cue
    shown: list[str] = field(default_factory=list)

    def as_cue(self) -> Cue:
        return replace(self.cue, text="\n".join(self.shown))


def collapse_rolling(track: Track) -> tuple[Track, tuple[Note, ...]]:
    """The track with every line once, from when it appears, and a note; the track itself where it does not roll."""
    steps = [_make_step(cue) for cue in track.cues]
    steps = [step for step in steps if step.lines]
    found = len(steps)
    steps = _drop_twins(steps)
    for before, step in pairwise(steps):
        follows = before.cue.start_ms < step.cue.start_ms <= before.cue.end_ms + _PAUSE_MS
        if follows and step.cue.duration_ms > 0:
            step.repeated, step.grew = _find_repetition(before.lines, step.lines)
            step.carried = 0 if step.repeated else _count_repeated(before.lines, step)
    _mark_typed(steps)
    has_twins = min(found - len(steps), len(steps)) >= _LEAST_RUN
    if not _rolls(steps) and not _keep_runs(steps) and not has_twins:
        return track, ()
    cues = _collapse_steps(steps)
    message = f"captions that roll: what they repeat is taken out, {len(track.cues)} became {len(cues)}"
    return (
        replace(track, cues=tuple(cues), comments=(), comments_before=()),
        (Note("noted", "rolling", message, track.cues[0].line),),
    )


def _drop_twins(steps: list[_Step]) -> list[_Step]:
    """Each cue once, where a file has the same words at the same time twice."""
    seen: set[tuple[int, int, tuple[str, ...]]] = set()
    alone = []
    for step in steps:
        key = (step.cue.start_ms, step.cue.end_ms, tuple(step.lines))
        if key not in seen:
            alone.append(step)
        seen.add(key)
    return alone


def _mark_typed(steps: list[_Step]) -> None:
    """Mark lines that appear letter by letter, as if somebody typed them, where many do in a row."""
    run: list[_Step] = []
    for before, step in [*pairwise(steps), (None, None)]:
        if before and step and _is_typed(before, step):
            run.append(step)
            continue
        if len({typed.lines[-1] for typed in run}) >= _LEAST_TYPED:
            for typed in run:
                typed.repeated, typed.grew, typed.carried = len(typed.lines), True, 0
        run = []


def _is_typed(before: _Step, step: _Step) -> bool:
    follows = before.cue.start_ms < step.cue.start_ms <= before.cue.end_ms + _TYPED_PAUSE_MS
    line, longer = before.lines[-1], step.lines[-1]
    same = len(before.lines) == len(step.lines) and before.lines[:-1] == step.lines[:-1]
    return follows and same and longer.startswith(line) and len(longer) - len(line) <= _TYPED_AT_ONCE


def _make_step(cue: Cue) -> _Step:
    pairs = [(_SPACES.sub(" ", plain_text(raw)).strip(), raw) for raw in cue.text.split("\n")]
    pairs = [(plain, raw) for plain, raw in pairs if plain]
    return _Step(cue, [plain for plain, _ in pairs], [_WORD_TIMES.sub("", raw).strip() for _, raw in pairs])


def _find_repetition(before: list[str], lines: list[str]) -> tuple[int, bool]:
    """How many lines at the beginning were the last ones before, and whether the last of them has more words now."""
    for count in range(min(len(before), len(lines)), 0, -1):
        tail = before[-count:]
        if list(map(_fold_line, tail[:-1])) != list(map(_fold_line, lines[: count - 1])):
            continue
        if _fold_line(tail[-1]) == _fold_line(lines[count - 1]):
            return count, False
        if _grows(_fold_line(tail[-1]), _fold_line(lines[count - 1])):
            return count, True
    return 0, False


def _fold_line(line: str) -> str:
    """A line as it is compared: recognisers write a capital or a full stop once they know more."""
    return line.casefold().rstrip(" .,;:!?…")


def _grows(line: str, longer: str) -> bool:
    """Whether a line goes on with more words: ``well now`` with ``well now then``, and not with ``well nowadays``."""
    return longer.startswith(line) and _WORD_ENDS.match(longer, len(line)) is not None


def _count_repeated(before: list[str], step: _Step) -> int:
    """How many characters the first line begins with that the last one before ended with."""
    line = step.lines[0]
    if step.shown[0] != line:
        return 0  # with tags in it, what is repeated can't be cut out by its length
    ended = before[-1][-_LONGEST_CARRIED:]
    for start in range(1, len(ended)):
        is_word = _WORD_ENDS.match(ended, start - 1) is not None
        if is_word and line.startswith(again := ended[start:].lstrip()) and _is_much(again) and _grows(again, line):
            return len(again)
    return 0


def _is_much(words: str) -> bool:
    return len(words) >= _LEAST_LENGTH and (len(words.split()) >= _LEAST_WORDS or not words.isascii())


def _rolls(steps: list[_Step]) -> bool:
    repeats = sum(step.repeats for step in steps)
    return _is_rolling(steps) and repeats >= _LEAST_SHARE * (len(steps) - 1)


def _is_rolling(steps: list[_Step]) -> bool:
    repeats = sum(step.repeats for step in steps)
    adding = sum(step.adds for step in steps)
    return adding >= _LEAST_REPEATS and sum(step.said_again for step in steps) >= _LEAST_LENGTH * repeats


def _keep_runs(steps: list[_Step]) -> bool:
    """Keep what is repeated where several neighbours in a row do so; whether there is such a run."""
    found = False
    for repeats, group in groupby(steps, key=lambda step: step.repeats):
        run = list(group)
        if repeats and (len(run) < _LEAST_RUN or not _is_rolling(run)):
            for step in run:
                step.stand_alone()
        else:
            found = found or repeats
    return found


def _collapse_steps(steps: list[_Step]) -> list[Cue]:
    lines: list[_Line] = []
    for step in steps:
        if step.grew:
            lines[-1].shown[-1] = step.shown[step.repeated - 1]
            lines[-1].cue = replace(lines[-1].cue, end_ms=step.cue.end_ms)
        new = step.shown[step.repeated :]
        if step.carried:
            new[0] = new[0][step.carried :].lstrip(" ,;")
        if new:
            lines.append(_Line(step.cue, new))
    return [line.as_cue() for line in lines]
