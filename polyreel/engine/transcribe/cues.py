"""Words into cues as a house wants them: sentence by sentence, broken at phrases and pauses, long enough to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from polyreel.engine.transcribe.words import Word
from polyreel.subtitles.checks import width_of
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.layout import LONGEST_WORD, break_cost, fits, house_of, lay_out
from polyreel.subtitles.model import Cue
from polyreel.subtitles.profiles import Profile

_STOP = re.compile(r"[.!?…。！？؟।][\"'”’»)\]」』]*$")
# "Dr." and "U.S." end no sentence; neither does a figure's point.
_NO_STOP = re.compile(r"(?:^|\s)(?:[A-Z]|Dr|Mr|Mrs|Ms|Sr|Sra|St|Prof|vs|etc|No|M|Mme|[A-Z]\.[A-Z])\.$")
# As sentences are spoken in one breath: a longer pause is a new line for the voice as well.
_PAUSE_MS = 700
# Netflix's timed text guide: from five sixths of a second to seven seconds, at 24 frames.
_LONGEST_MS = 7000
_SHORTEST_MS = 833
_LINGER_MS = 300
_FRAME_RATE = 24


def into_cues(words: Sequence[Word], profile: str, locale: str, length_ms: int) -> tuple[Cue, ...]:
    """Cues for what was heard, none overlapping, all inside ``length_ms``; as the profile has it (none: Netflix's)."""
    house = house_of(profile)
    groups = [part for sentence in _split_sentences(words) for part in _divide_sentence(sentence, house, locale)]
    groups = _join_short(groups, house, locale)
    cues: list[Cue] = []
    for at, group in enumerate(groups):
        following = groups[at + 1][0].start_ms if at + 1 < len(groups) else length_ms + _gap_ms(house)
        cue = _make_cue(group, house, locale, following)
        floor = cues[-1].end_ms if cues else 0
        start = max(cue.start_ms, floor)
        if start < min(cue.end_ms, length_ms):
            cues.append(replace(cue, start_ms=start, end_ms=min(cue.end_ms, length_ms)))
    return tuple(cues)


def text_of(words: Sequence[Word]) -> str:
    """Words as a text."""
    return " ".join("".join(word.text for word in words).split())


def _split_sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words up to a full stop or a pause."""
    held: list[Word] = []
    for word in words:
        if held and (word.start_ms - held[-1].end_ms >= _PAUSE_MS or _ends(held)):
            yield held
            held = []
        held.append(word)
    if held:
        yield held


def _ends(held: Sequence[Word]) -> bool:
    text = held[-1].text.strip()
    return bool(_STOP.search(text)) and not _NO_STOP.search(text)


def _divide_sentence(words: Sequence[Word], house: Profile, locale: str) -> Iterator[Sequence[Word]]:
    """A sentence in pieces that fit a cue each, divided where it hurts least."""
    long = words[-1].end_ms - words[0].start_ms > (house.longest_ms or _LONGEST_MS)
    if len(words) < 2 or not (long or not fits(text_of(words), house, locale)):
        yield words
        return
    said = [0, *accumulate(len(word.text) for word in words)]
    # In two and again in two, and not filled from the front: that would leave a last cue of one word.
    cut = min(range(1, len(words)), key=lambda place: _cut_cost(words, place, said[place], said[-1]))
    yield from _divide_sentence(words[:cut], house, locale)
    yield from _divide_sentence(words[cut:], house, locale)


def _cut_cost(words: Sequence[Word], place: int, said: int, total: int) -> float:
    """How bad it is to begin a cue with this word. ``said`` of ``total`` characters stand before it."""
    off_centre = abs(2 * said / total - 1)
    pause = min(1.0, (words[place].start_ms - words[place - 1].end_ms) / 400)
    # A cue of one word is worse than an uneven one.
    lonely = 1.0 if said < total * 0.15 or said > total * 0.85 else 0.0
    before = text_of(words[max(place - LONGEST_WORD, 0) : place])
    return off_centre + break_cost(before) - 0.6 * pause + lonely


def _join_short(groups: Sequence[Sequence[Word]], house: Profile, locale: str) -> list[Sequence[Word]]:
    """Pieces too short to be read with the one after them, where both go into one cue."""
    shortest = house.shortest_ms or _SHORTEST_MS
    kept: list[Sequence[Word]] = []
    for group in groups:
        if kept and group[0].start_ms - kept[-1][0].start_ms < shortest + _gap_ms(house):
            both = [*kept[-1], *group]
            if fits(text_of(both), house, locale) and both[-1].end_ms - both[0].start_ms <= _LONGEST_MS:
                kept[-1] = both
                continue
        kept.append(group)
    return kept


def _make_cue(words: Sequence[Word], house: Profile, locale: str, following_ms: int) -> Cue:
    text = text_of(words)
    start, end = words[0].start_ms, words[-1].end_ms
    limits = house.find_limits(locale)
    wanted = max(
        house.shortest_ms or 0,
        (house.shortest_ms_per_word or 0) * len(text.split()),
        round(width_of(text, limits) * 1000 / limits.per_second) + 1,
        end - start + _LINGER_MS,
    )
    latest = following_ms - _gap_ms(house)
    until = max(min(start + min(wanted, house.longest_ms or _LONGEST_MS), latest), min(end, latest), start + 1)
    if house.may_touch and following_ms - until < (house.gap_ms or 0):
        until = following_ms
    return Cue(start, until, escape_text(lay_out(text, house, locale)))


def _gap_ms(house: Profile) -> int:
    """Between two cues: the house's frames, at the slowest usual rate. Where cues may touch, nothing."""
    if house.may_touch:
        return 0
    return house.gap_ms or -(-(house.gap_frames or 0) * 1000 // _FRAME_RATE)
