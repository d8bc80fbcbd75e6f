"""Edits of a script: a whole file, or lines by number; judged before they count, and merged where two people edit."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from polyreel.errors import InvalidEdit, ReviewRefused, SubtitleError
from polyreel.outcome import Reel, StoredFile
from polyreel.planning.scripts import ScriptRequest, read_script, require_language
from polyreel.retiming import sound_at, sound_before
from polyreel.review.decisions import Reviewer, describe_event, place_of, shorten_lines
from polyreel.review.events import Change, Event, ReviewKey, Shown, format_now
from polyreel.review.line_choices import describe_choices, find_recordings, require_choosable
from polyreel.review.log import ReviewLog
from polyreel.review.state import Review
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import plain_text, read_file, write
from polyreel.subtitles.choices import NO_CHOICE, LineChoice, carry_choices, read_choices, with_choices
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.drift import Correction
from polyreel.subtitles.fit import find_outside, quote
from polyreel.subtitles.formats.base import ReadingOptions
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import Move, clock, move

# Far beyond any cue, and short enough that no edit fills the store.
_LONGEST_LINE = 5000


@dataclass(frozen=True, slots=True)
class Edit:
    """Who edits what, and why; for which order, where it is one that counts once."""

    reviewer: Reviewer
    change: Change
    reason: str = ""
    order: str = ""


def from_file(path: Path, locale: str, *, accept_repairs: bool = False) -> Change:
    """The script in a file, instead of the one that is there; what SubRip can't carry is kept from that one.

    A delivered file counts from the reel's zero, where the job trims, and goes with a picture that gave way: that is
    seen, and what lies outside stays.
    """

    def change(before: Track, shown: Shown) -> Track:
        found, reel = read_file(path, ReadingOptions(locale)).track, shown.reel
        own = _find_own_pace(found, before, shown)
        window = reel and (_span_of(reel) if own else _window_of(found, before, reel))
        offset = window[0] if window and not own else 0
        asked = ScriptRequest(str(path), locale, "{}", Correction("", offset), accept_repairs)
        given = read_script(path, asked, None, None if offset or own else before).track
        given = move(given, own) if own else given
        # SubRip has no place for them: without this, an edit by file would silently give every line its old voice back.
        return carry_choices(_with_speakers(_put_into(before, given, *window) if window else given, before), before)

    return change


def _find_own_pace(given: Track, before: Track, shown: Shown) -> Move | None:
    """From the times of a dub whose picture gave way to the source's, where a file is timed to that one."""
    if not shown.reel or not shown.yields:
        return None
    start, at, back = shown.reel.start_ms, sound_at(shown.yields), sound_before(shown.yields)
    begins = {cue.start_ms - start for cue in before.cues}
    as_it_was = sum(cue.start_ms in begins for cue in given.cues)
    # Exactly the times that the script has: a millisecond beside them is another line, which would be spoken again.
    known = {at(ms - start): ms for cue in before.cues for ms in (cue.start_ms, cue.end_ms)}
    begins = {at(ms) for ms in begins}
    # In doubt it is the source's time: a move would touch lines that nobody has edited.
    if sum(cue.start_ms in begins for cue in given.cues) <= as_it_was:
        return None
    return lambda ms: known.get(ms, back(ms) + start)


def _span_of(reel: Reel) -> tuple[int, int]:
    return reel.start_ms, reel.start_ms + reel.duration_ms


def _window_of(given: Track, before: Track, reel: Reel) -> tuple[int, int] | None:
    """The reel's part of the source, in milliseconds, where a file is timed to the reel; None where to the source."""
    known = {cue.start_ms for cue in before.cues}
    as_it_is = sum(cue.start_ms in known for cue in given.cues)
    moved = sum(cue.start_ms + reel.start_ms in known for cue in given.cues)
    start, end = _span_of(reel)
    # From the source's own zero both count alike. A file of the reel has nothing of what the script says after it.
    ends_with_reel = start == 0 and all(cue.start_ms < end for cue in given.cues)
    is_longer = any(cue.end_ms > end for cue in before.cues)
    return (start, end) if moved > as_it_is or (ends_with_reel and is_longer) else None


def _put_into(before: Track, given: Track, start_ms: int, end_ms: int) -> Track:
    """The script with its part inside the window replaced; lines that the trim had cut get their own times again."""
    outside = [cue for cue in before.cues if cue.end_ms <= start_ms or cue.start_ms >= end_ms]
    cut = [cue for cue in before.cues if cue not in outside and (cue.start_ms < start_ms or cue.end_ms > end_ms)]

    def whole(cue: Cue) -> Cue:
        for old in cut:
            if (max(old.start_ms, start_ms), min(old.end_ms, end_ms)) == (cue.start_ms, cue.end_ms):
                return replace(cue, start_ms=old.start_ms, end_ms=old.end_ms)
        return cue

    cues = sorted([*outside, *map(whole, given.cues)], key=lambda cue: cue.start_ms)
    return replace(given, cues=tuple(cues))


def from_lines(texts: Mapping[int, str]) -> Change:
    """New texts by line number, counted from 1; plain text, in which nothing is markup."""

    def change(before: Track, _shown: Shown) -> Track:
        cues = list(before.cues)
        for number, text in texts.items():
            if not 1 <= number <= len(cues):
                raise InvalidEdit(
                    f"there is no line {number}: the script has {len(cues)}",
                    code="no_such_line",
                    where=f"{number}",
                    remedy="Take a number of the script as it is now: lines are counted from 1.",
                )
            cues[number - 1] = replace(cues[number - 1], text=_read_text(text, number))
        return replace(before, cues=tuple(cues))

    return change


def _read_text(text: str, number: int) -> str:
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    words = "\n".join(line for line in lines if line)
    if not words or len(words) > _LONGEST_LINE:
        why = "is empty" if not words else f"has more than {_LONGEST_LINE} characters"
        raise InvalidEdit(
            f"line {number} {why}",
            code="bad_line",
            where=f"{number}",
            remedy="To leave lines out or to divide them, edit the script's file and give that.",
        )
    # They come with text pasted from terminals and PDFs; no subtitle format can carry them.
    if any(ord(letter) < 32 and letter != "\n" for letter in words):
        raise InvalidEdit(
            f"line {number} holds control characters",
            code="bad_line",
            where=f"{number}",
            remedy="Type the line anew; they came with pasted text.",
        )
    return escape_text(words)


async def edit_script(store: Store, key: ReviewKey, edit: Edit) -> Review:
    """Write an edit. What others edited meanwhile stays: in other lines both hold, in the same ones it is refused.

    Raises `ReviewRefused` and SubtitleError (``wrong_language``, ``script_outside_reel``); nothing is changed then.
    """
    log = ReviewLog(store)
    while True:
        review = await log.read(key)
        edit.reviewer.require_allowed(review)
        seen, now = _find_scripts(review, edit.reviewer)
        await store.fetch_files((seen, now))
        event = await asyncio.to_thread(_make_event, review, seen, now, edit, store)
        if event is None:
            return review
        written = await log.write(key, _write_if_unchanged(review, event))
        # Somebody wrote in between: the edit is judged again, by what is there now.
        if written.events[-1] is event:
            return written


def _write_if_unchanged(seen: Review, event: Event) -> Callable[[Review], Event | None]:
    return lambda now: event if now.revision == seen.revision else None


def _find_scripts(review: Review, reviewer: Reviewer) -> tuple[StoredFile, StoredFile]:
    """What the reviewer has seen, and what is there now. Raises `ReviewRefused`."""
    now = review.script()
    if now is None:
        raise ReviewRefused(
            "no run has come as far as this language's script",
            code="nothing_waits",
            where=place_of(review.key),
            remedy="Run the job first.",
        )
    if reviewer.revision is not None:
        return Review(review.key, review.events[: reviewer.revision]).script() or now, now
    # Without a revision, the reviewer's own edits count as seen and those of others don't.
    others = [each for each in _list_since_asked(review) if each.kind == "edited" and each.by != reviewer.name]
    if others:
        raise ReviewRefused(
            describe_event(others[-1]),
            code="changed_meanwhile",
            where=place_of(review.key),
            remedy=f"Look at it; then give the edit with --revision {review.revision}.",
        )
    return now, now


def _list_since_asked(review: Review) -> tuple[Event, ...]:
    asked = [number for number, each in enumerate(review.events) if each.kind in ("asked", "delivered")]
    return review.events[asked[-1] :] if asked else review.events


def _make_event(review: Review, seen: StoredFile, now: StoredFile, edit: Edit, store: Store) -> Event | None:
    before, there = _read_kept(seen), _read_kept(now)
    wanted = edit.change(before, find_shown(review))
    merged = wanted if seen == now else _merge_edits(before, there, wanted, review)
    changed = find_changed_lines(there, merged)
    if not changed and len(there.cues) == len(merged.cues):
        return None
    require_fitting(merged, there, review)
    require_choosable(store, there, merged, review.key, find_shown(review))
    # WebVTT, as SubRip has no place for speakers, settings and choices.
    script = store.keep_bytes(write(merged, "vtt").text.encode(), ".vtt")
    return Event(
        kind="edited", by=edit.reviewer.name, at=format_now(), subject=now.sha256, script=script,
        changed=changed, reason=edit.reason, order=edit.order, recordings=find_recordings(merged),
    )  # fmt: skip


def require_fitting(track: Track, before: Track, review: Review) -> None:
    """See that an edited script still is a script for this reel, in this language. Raises SubtitleError."""
    require_language(track, review.key.locale)
    reel = find_reel(review)
    if reel is None:
        return
    end_ms = reel.start_ms + reel.duration_ms
    outside = find_outside(track, end_ms)
    # Lines that lay outside before are not this edit's fault.
    if len(outside) > len(find_outside(before, end_ms)):
        raise SubtitleError(
            f"lines lie outside the reel and would be lost: {quote(outside)}",
            code="script_outside_reel",
            where=place_of(review.key),
            remedy="Give them times inside the reel, or leave them out.",
        )


def find_shown(review: Review) -> Shown:
    """What reviewers were shown last."""
    return next((each.shown for each in reversed(review.events) if each.shown), Shown())


def find_reel(review: Review) -> Reel | None:
    """The reel that reviewers were shown last, where there is one."""
    return next((each.shown.reel for each in reversed(review.events) if each.shown and each.shown.reel), None)


def find_changed_lines(before: Track, after: Track) -> tuple[int, ...]:
    """The lines of ``after`` (counted from 1) that ``before`` does not have: so timed, worded, and with that choice."""
    if len(before.cues) == len(after.cues):
        pairs = enumerate(zip(_identities_of(before), _identities_of(after), strict=True), 1)
        return tuple(number for number, (old, new) in pairs if old != new)
    known = set(_identities_of(before))
    return tuple(number for number, each in enumerate(_identities_of(after), 1) if each not in known)


_Identity = tuple[int, int, str, str | None, LineChoice]


def _identities_of(track: Track) -> list[_Identity]:
    """What makes each line what it is."""
    choices = read_choices(track)
    return [
        (cue.start_ms, cue.end_ms, cue.text, cue.speaker, choices.get(place, NO_CHOICE))
        for place, cue in enumerate(track.cues)
    ]


def _merge_edits(before: Track, there: Track, wanted: Track, review: Review) -> Track:
    """Both edits of one script, line by line. Raises `ReviewRefused` where they touch the same lines."""
    same_length = len(before.cues) == len(there.cues) == len(wanted.cues)
    if not same_length:
        raise _refuse_merge(review, "the script has other lines than it had")
    sides = list(zip(_identities_of(before), _identities_of(there), _identities_of(wanted), strict=True))
    # Changed on both sides, and not to the same.
    both = [number for number, (old, theirs, mine) in enumerate(sides, 1) if old != theirs != mine != old]
    if both:
        raise _refuse_merge(review, f"line{'s' * (len(both) > 1)} {shorten_lines(both)} changed on both sides")
    mine_here = [mine != old for old, _, mine in sides]
    cues = [mine if here else theirs for here, theirs, mine in zip(mine_here, there.cues, wanted.cues, strict=True)]
    theirs, mine = read_choices(there), read_choices(wanted)
    chosen = {place: (mine if here else theirs).get(place, NO_CHOICE) for place, here in enumerate(mine_here)}
    return with_choices(replace(there, cues=tuple(cues)), chosen)


def _refuse_merge(review: Review, why: str) -> ReviewRefused:
    last = next(each for each in reversed(review.events) if each.kind == "edited")
    return ReviewRefused(
        f"{why}: {describe_event(last)}",
        code="changed_meanwhile",
        where=place_of(review.key),
        remedy=f"Take their version (revision {review.revision}) and make your changes in that.",
    )


def _with_speakers(track: Track, before: Track) -> Track:
    """Lines that stand where one stood keep what a plainer format has no place for: who says it, where it is shown."""
    there = {(cue.start_ms, cue.end_ms): cue for cue in before.cues}

    def one(cue: Cue) -> Cue:
        old = there.get((cue.start_ms, cue.end_ms))
        if old is None or cue.speaker:
            return cue
        return replace(cue, speaker=old.speaker, settings=cue.settings or old.settings, identifier=old.identifier)

    return replace(track, cues=tuple(map(one, track.cues)), header=before.header, styles=track.styles or before.styles)


# -- the script, to be looked at


async def script_of(store: Store, review: Review) -> Track:
    """The script in force. Raises `ReviewRefused` where no run has told which one that is."""
    _, now = _find_scripts(review, Reviewer("", review.revision))
    await store.fetch_files((now,))
    return await asyncio.to_thread(_read_kept, now)


@lru_cache(maxsize=8)
def _read_kept(script: StoredFile) -> Track:
    """A script of the store. Kept, as its name says what is in it: each look and each edit needs the same few again."""
    return read_file(path_of(script)).track


async def lines_of(store: Store, review: Review) -> list[dict[str, Any]]:
    """The script beside its source, line by line: ``{"number", "at", "start_ms", "end_ms", "speaker", "text",
    "source", "choice"}``; the source's words are those that sound at the same time, and the choice is None, or
    ``{"voice", "pace", "recording": {"by", "ms", "sha256", "counts"}}``."""
    track = await script_of(store, review)
    source = SourceLines(await _source_of(store, review))
    choices = describe_choices(track)
    return [
        {
            "number": number,
            "at": clock(cue.start_ms),
            "start_ms": cue.start_ms,
            "end_ms": cue.end_ms,
            "speaker": cue.speaker,
            "text": plain_text(cue.text),
            "source": "\n".join(plain_text(each.text) for each in source.find_beside(cue)),
            "choice": choices.get(number),
        }
        for number, cue in enumerate(track.cues, 1)
    ]


async def _source_of(store: Store, review: Review) -> Track:
    shown = find_shown(review)
    if shown.source_script is None:
        return Track()
    await store.fetch_files((shown.source_script,))
    return await asyncio.to_thread(_read_kept, shown.source_script)


class SourceLines:
    """The source's lines, to be found by time: a script of ten thousand lines has as many beside it."""

    def __init__(self, track: Track) -> None:
        self._cues = sorted(track.cues, key=lambda cue: cue.start_ms)
        self._starts = [cue.start_ms for cue in self._cues]
        self._longest = max((cue.duration_ms for cue in self._cues), default=0)

    def find_beside(self, cue: Cue) -> list[Cue]:
        """Those of which the middle lies in the line's time, or in whose time its middle lies."""
        # Starts are sorted, ends are not: what sounds here may have begun as early as the longest line lasts.
        first = bisect_left(self._starts, cue.start_ms - self._longest)
        last = bisect_left(self._starts, cue.end_ms)
        return [each for each in self._cues[first:last] if _share_middle(cue, each)]


def _share_middle(cue: Cue, other: Cue) -> bool:
    middle, others = (cue.start_ms + cue.end_ms) // 2, (other.start_ms + other.end_ms) // 2
    return other.start_ms <= middle < other.end_ms or cue.start_ms <= others < cue.end_ms
