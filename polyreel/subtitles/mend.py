"""Subtitles mended by a house's figures: wrapped anew at phrases, split, merged, extended. Each mend is listed.

No word is changed, and nothing that is as the house wants it is touched. What can't be mended without moving a cue
beyond its neighbours stays, for the check to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from polyreel.subtitles.checks import width_of
from polyreel.subtitles.cuetext import escape_text, plain_text
from polyreel.subtitles.formats.base import excerpt
from polyreel.subtitles.layout import LONGEST_WORD, break_cost, find_breaks, fits, is_mark, lay_out
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.profiles import Profile, profile_named
from polyreel.subtitles.timing import clock

_USUAL_RATE = Fraction(24)
# Cues so near belong to one sentence or one exchange.
_MERGE_GAP_MS = 500


@dataclass(frozen=True, slots=True)
class Mend:
    """One change: where, what, why."""

    start_ms: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{clock(self.start_ms)}: {self.kind}: {self.text}"


def mend(
    track: Track, profile: str, locale: str, *, frame_rate: Fraction | None = None, length_ms: int | None = None
) -> tuple[Track, tuple[Mend, ...]]:
    """The track mended by a profile (``none``: nothing is), and the list of mends in their order."""
    house = profile_named(profile)
    if house is None:
        return track, ()
    mender = _Mender(house, locale, frame_rate or _USUAL_RATE, length_ms)
    cues = mender.mend_cues(sorted(track.cues, key=lambda cue: cue.start_ms))
    return replace(track, cues=tuple(cues), comments=(), comments_before=()), tuple(
        sorted(mender.mends, key=lambda each: each.start_ms)
    )


class _Mender:
    def __init__(self, house: Profile, locale: str, rate: Fraction, length_ms: int | None) -> None:
        self.house = house
        self.locale = locale
        self.limits = house.find_limits(locale)
        self.gap = 0 if house.may_touch else house.gap_ms or -(-(house.gap_frames or 0) * 1000 // rate)
        self.gap = int(self.gap)
        self.length = length_ms
        self.mends: list[Mend] = []

    def mend_cues(self, cues: Sequence[Cue]) -> list[Cue]:
        divided = [part for cue in cues for part in self.divide_cue(cue)]
        return self.extend_cues(self.merge_cues([self.wrap_cue(cue) for cue in divided]))

    def note_mend(self, cue: Cue, kind: str, why: str) -> None:
        self.mends.append(Mend(cue.start_ms, kind, f"{why}: {excerpt(plain_text(cue.text), 40)}"))

    # -- lines

    def wrap_cue(self, cue: Cue) -> Cue:
        lines = plain_text(cue.text).split("\n")
        wide = max(width_of(line, self.limits) for line in lines)
        if (wide <= self.limits.line and len(lines) <= self.house.lines) or _is_marked(cue) or _has_turns(lines):
            return cue
        text = escape_text(lay_out(" ".join(lines), self.house, self.locale))
        if text == cue.text:
            return cue
        why = f"a line of {wide:g} characters" if wide > self.limits.line else f"{len(lines)} lines"
        self.note_mend(cue, "wrapped", why)
        return replace(cue, text=text)

    # -- too much for one cue

    def divide_cue(self, cue: Cue) -> list[Cue]:
        """A cue of too much text or time in two or more, divided at phrases, each with its share of the time."""
        text = " ".join(plain_text(cue.text).split())
        is_long = self.house.longest_ms is not None and cue.duration_ms > self.house.longest_ms
        shortest = 2 * (self.house.shortest_ms or 500) + self.gap
        if (fits(text, self.house, self.locale) and not is_long) or _is_marked(cue) or cue.duration_ms < shortest:
            return [cue]
        place = _best_cut(text)
        if place is None:
            return [cue]
        head, tail = text[:place].strip(), text[place:].strip()
        share = width_of(head, self.limits) / max(width_of(text.replace(" ", ""), self.limits), 1)
        middle = cue.start_ms + round(cue.duration_ms * min(max(share, 0.2), 0.8))
        self.note_mend(cue, "split", "too long for one cue")
        first = replace(cue, end_ms=middle - self.gap, text=escape_text(head))
        second = replace(cue, start_ms=middle, text=escape_text(tail), identifier=None)
        return [*self.divide_cue(first), *self.divide_cue(second)]

    # -- too little for one cue

    def merge_cues(self, cues: Sequence[Cue]) -> list[Cue]:
        done: list[Cue] = []
        for cue in cues:
            before = done[-1] if done else None
            if before is not None and self.may_merge(before, cue):
                text = escape_text(lay_out(_join_texts(before, cue), self.house, self.locale))
                self.note_mend(before, "merged", "too short to be read alone, with the cue behind it")
                done[-1] = replace(before, end_ms=max(before.end_ms, cue.end_ms), text=text)
            else:
                done.append(cue)
        return done

    def may_merge(self, before: Cue, cue: Cue) -> bool:
        is_short = min(before.duration_ms, cue.duration_ms) < (self.house.shortest_ms or 500)
        apart = cue.start_ms - before.end_ms
        together = cue.end_ms - before.start_ms
        return (
            is_short
            and 0 <= apart <= _MERGE_GAP_MS
            and together <= (self.house.longest_ms or 7000)
            and before.speaker == cue.speaker
            and before.settings == cue.settings
            and not (_is_marked(before) or _is_marked(cue))
            and fits(_join_texts(before, cue), self.house, self.locale)
        )

    # -- too fast

    def extend_cues(self, cues: Sequence[Cue]) -> list[Cue]:
        """Cues that are too short or too fast last longer, as far as the next one lets them."""
        done: list[Cue] = []
        for at, cue in enumerate(cues):
            following = cues[at + 1].start_ms if at + 1 < len(cues) else self.length
            latest = following - self.gap if following is not None else cue.end_ms + 10_000
            if cue.end_ms > latest > cue.start_ms and cue.end_ms - latest <= 2 * self.gap:
                self.note_mend(cue, "shortened", "too near the next cue")
                done.append(replace(cue, end_ms=latest))
                continue
            wanted = min(cue.start_ms + self.compute_wanted_ms(cue), latest)
            if wanted > cue.end_ms:
                self.note_mend(cue, "extended", f"by {wanted - cue.end_ms} ms")
                cue = replace(cue, end_ms=wanted)  # noqa: PLW2901 - the cue as it goes on
            done.append(cue)
        return done

    def compute_wanted_ms(self, cue: Cue) -> int:
        text = plain_text(cue.text)
        read = sum(width_of(line, self.limits) for line in text.split("\n")) * 1000 / self.limits.per_second
        words = (self.house.shortest_ms_per_word or 0) * len(text.split())
        wanted = max(self.house.shortest_ms or 0, words, -(-read // 1))
        return int(min(wanted, self.house.longest_ms or wanted))


def _join_texts(before: Cue, cue: Cue) -> str:
    return " ".join(f"{plain_text(before.text)} {plain_text(cue.text)}".split())


def _is_marked(cue: Cue) -> bool:
    """Whether its text has markup, which a new line break could tear apart."""
    return "<" in cue.text


def _has_turns(lines: Sequence[str]) -> bool:
    return any(line.lstrip()[:1] in "-–—" and line.strip() for line in lines)


def _best_cut(text: str) -> int | None:
    """Where a text is best divided: near its middle, at the end of a phrase."""
    inner = [at for at in find_breaks(text) if _is_inner(at, text)]
    inner = inner or [at for at in range(1, len(text)) if _is_inner(at, text) and not is_mark(text[at])]
    if not inner:
        return None
    # A text may be a whole book: its last word alone is looked at, wherever it is divided.
    return min(inner, key=lambda at: abs(2 * at / len(text) - 1) + break_cost(text[max(at - LONGEST_WORD, 0) : at]))


def _is_inner(at: int, text: str) -> bool:
    return 0.2 * len(text) <= at <= 0.8 * len(text)
