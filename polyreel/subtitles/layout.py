"""Text laid out as subtitle lines: broken where a phrase ends, the lower line longer, within a house's width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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


def house_of(profile: str) -> Profile:
    """The figures that text is laid out by: the job's profile, Netflix's where it has none."""
    return profile_named(profile) or NETFLIX


def laid_out(text: str, house: Profile, locale: str) -> str:
    """A text in as few lines as its width asks for; more than the house allows only where words leave no choice."""
    limits = house.limits(locale)
    flat = " ".join(text.split())
    count = 1
    while count < 12:
        lines = _in_lines(flat, limits, count)
        if lines:
            return "\n".join(lines)
        count += 1
    return flat


def fits(text: str, house: Profile, locale: str) -> bool:
    """Whether a text goes into one subtitle of the house."""
    return len(laid_out(text, house, locale).split("\n")) <= house.lines


def _in_lines(text: str, limits: ScriptLimits, count: int) -> list[str] | None:
    """The text in exactly so many lines, each within the width; None where that can't be."""
    if count == 1:
        return [text] if width_of(text, limits) <= limits.line else None
    best: tuple[float, list[str]] | None = None
    for place in _breaks(text):
        head, tail = text[:place].strip(), text[place:].strip()
        if not head or not tail or width_of(head, limits) > limits.line:
            continue
        rest = _in_lines(tail, limits, count - 1)
        if rest is None:
            continue
        cost = _cost(head, rest, limits)
        if best is None or cost < best[0]:
            best = (cost, [head, *rest])
        if count > 3:  # the first that fits: beyond three lines nothing is beautiful any more
            break
    return best[1] if best else None


def _cost(head: str, rest: Sequence[str], limits: ScriptLimits) -> float:
    upper, lower = width_of(head, limits), width_of(rest[0], limits)
    uneven = abs(upper - lower) / limits.line
    top_heavy = 0.15 if upper > lower else 0.0
    return uneven + top_heavy + break_cost(head)


def break_cost(before: str) -> float:
    """How bad it is to end a line, or a cue, after this text: 0 at the end of a sentence."""
    if _STOP.search(before):
        return 0.0
    if _PAUSE.search(before):
        return 0.1
    last = before.rstrip().rpartition(" ")[2].casefold()
    return 0.9 if last in _LEANING or last[-1:].isdigit() else 0.5


def _breaks(text: str) -> list[int]:
    """Where a line may end, from the last place to the first."""
    return sorted(_places(text), reverse=True)


@lru_cache(maxsize=64)
def _places(text: str) -> frozenset[int]:
    found = {match.start() for match in re.finditer(r"(?<=\S) (?=\S)", text)}
    return frozenset(found | {at for at in range(1, len(text)) if _between_wide(text[at - 1], text[at])})


def _between_wide(before: str, after: str) -> bool:
    """Between two characters of scripts without spaces, but not against their typesetting rules."""
    return (
        (_is_spaceless(before) or _is_spaceless(after))
        and not before.isspace()
        and not after.isspace()
        and after not in _NO_BREAK_BEFORE
        and before not in _NO_BREAK_AFTER
    )


def _is_spaceless(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uff65"
