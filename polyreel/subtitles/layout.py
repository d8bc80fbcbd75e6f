"""Text laid out as subtitle lines: broken where a phrase ends, the lower line longer, within a house's width."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate
from math import inf

from polyreel.subtitles.checks import width_of
from polyreel.subtitles.profiles import NETFLIX, Profile, ScriptLimits, profile_named

_STOP = re.compile(r"[.!?…。！？؟।]+[\"'”’»)\]」』]*$")
_PAUSE = re.compile(r"[,;:、，；：،—–][\"'”’»)\]」』]*$")
# Short words that a line does not end with, because they lean on what follows: articles, prepositions, conjunctions.
_LEANING = frozenset(
    word
    for words in (
        "a an the and or but of to in on at by for from with as if that this these i you he she it we they your my his",
        "el la los las un una y o de del en al con por para que se su mi lo",
        "le les des du et ou à au aux dans sur pour par avec qui ne ce cette une",
        "il gli i e ed di della da dal nel per che si",
        "os um uma do dos das no na em com",
        "der die das ein eine und oder von zu im am auf mit für dass ist ich sie er wir den dem",
    )
    for word in words.split()
)
_NO_BREAK_BEFORE = frozenset("。、，．！？：；）」』】〉》”’ー…々っッゃゅょャュョんン,.!?:;)]}»")
_NO_BREAK_AFTER = frozenset("（「『【〈《“‘([{«")

# So much of a text tells how bad it is to end a line behind it: its last word and the stops that follow.
LONGEST_WORD = 64


def house_of(profile: str) -> Profile:
    """The figures that text is laid out by: the job's profile, Netflix's where it has none."""
    return profile_named(profile) or NETFLIX


def lay_out(text: str, house: Profile, locale: str) -> str:
    """A text in as few lines as its width asks for; more than the house allows only where words leave no choice.

    A word that is wider than a line has one of its own.
    """
    return "\n".join(_into_lines(text, house.find_limits(locale)))


def fits(text: str, house: Profile, locale: str) -> bool:
    """Whether a text goes into one subtitle of the house."""
    measured = _Measured(text, house.find_limits(locale))
    return len(measured.fill_lines(house.lines + 1)) <= house.lines


def find_breaks(text: str) -> list[int]:
    """Where a line or a cue may end: at spaces, and between characters of scripts that are written without."""
    return [
        at
        for at in range(1, len(text))
        if (text[at] == " " and text[at - 1] != " ") or _between_wide(text[at - 1], text[at])
    ]


def _into_lines(text: str, limits: ScriptLimits) -> list[str]:
    measured = _Measured(text, limits)
    ends = measured.fill_lines()
    # Three lines are laid out well. Beyond them nothing is beautiful any more: those above are filled as they come,
    # which costs no more than the text is long, where each way to break it would cost more than anybody waits for.
    kept = ends[: max(len(ends) - 3, 0)]
    rest = measured.balance_lines(measured.after(kept[-1]) if kept else 0, len(ends) - len(kept))
    done = [*kept, *rest] if rest else ends
    starts = [0, *map(measured.after, done[:-1])]
    return [measured.text[start:end] for start, end in zip(starts, done, strict=True)]


class _Measured:
    """A text on one line, where it may be broken, and how wide it is up to each of its characters."""

    def __init__(self, text: str, limits: ScriptLimits) -> None:
        self.text = " ".join(text.split())
        self.line = limits.line
        self.breaks = find_breaks(self.text)
        self.widths = [0.0, *accumulate(width_of(char, limits) for char in self.text)]
        self.reached = [self.widths[place] for place in self.breaks]

    def after(self, end: int) -> int:
        """Where the next line begins."""
        return end + 1 if self.text[end : end + 1] == " " else end

    def measure_width(self, start: int, end: int) -> float:
        return self.widths[end] - self.widths[start]

    def fill_lines(self, most: int | None = None) -> list[int]:
        """Where lines end that hold as much as goes into each: the fewest there can be. Not more than ``most``."""
        ends: list[int] = []
        start = 0
        while most is None or len(ends) < most:
            if self.measure_width(start, len(self.text)) <= self.line:
                return [*ends, len(self.text)]
            places = self.list_ends(start) or self.breaks[self.place_behind(start) :][:1]
            if not places:
                return [*ends, len(self.text)]
            ends.append(places[-1])
            start = self.after(places[-1])
        return ends

    def place_behind(self, start: int) -> int:
        return bisect_right(self.breaks, start)

    def list_ends(self, start: int) -> list[int]:
        """The places where a line that begins here may end."""
        last = bisect_right(self.reached, self.widths[start] + self.line)
        return self.breaks[self.place_behind(start) : last]

    def balance_lines(self, start: int, count: int) -> list[int] | None:
        """The best ends of so many lines from here on, each within the width; None where that can't be."""
        if count == 1:
            return [len(self.text)] if self.measure_width(start, len(self.text)) <= self.line else None
        best: tuple[float, list[int]] | None = None
        for end in reversed(self.list_ends(start)):
            rest = self.balance_lines(self.after(end), count - 1)
            cost = self.find_cost(start, end, rest[0]) if rest else inf
            if rest and (best is None or cost < best[0]):
                best = (cost, [end, *rest])
        return best[1] if best else None

    def find_cost(self, start: int, end: int, following: int) -> float:
        upper, lower = self.measure_width(start, end), self.measure_width(self.after(end), following)
        uneven = abs(upper - lower) / self.line
        top_heavy = 0.15 if upper > lower else 0.0
        return uneven + top_heavy + break_cost(self.text[max(start, end - LONGEST_WORD) : end])


def break_cost(before: str) -> float:
    """How bad it is to end a line, or a cue, after this text: 0 at the end of a sentence. Its last word is enough."""
    before = before[-LONGEST_WORD:]
    if _STOP.search(before):
        return 0.0
    if _PAUSE.search(before):
        return 0.1
    last = before.rstrip().rpartition(" ")[2].casefold()
    return 0.9 if last in _LEANING or last[-1:].isdigit() else 0.5


def _between_wide(before: str, after: str) -> bool:
    """Between two characters of scripts without spaces, but not against their typesetting rules."""
    return (
        (_is_spaceless(before) or _is_spaceless(after))
        and not before.isspace()
        and not after.isspace()
        and after not in _NO_BREAK_BEFORE
        and before not in _NO_BREAK_AFTER
        and not is_mark(after)
    )


def is_mark(character: str) -> bool:
    """Whether a character sits on the one before, as accents and vowel signs do."""
    return unicodedata.category(character) in {"Mn", "Mc", "Me"}


def _is_spaceless(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uff65"
