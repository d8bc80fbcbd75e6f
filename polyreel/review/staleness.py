"""Lines that were written for other words: the source's script has changed beside them, and they have not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from polyreel.outcome import StoredFile
from polyreel.review.state import Review
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue, Track

if TYPE_CHECKING:
    from polyreel.review.edits import SourceLines

# Each is two scripts to be read; a line that has stood for twenty versions is stale by one of them or not at all.
_MOST_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class _Look:
    """A script and what stood beside it then: of a version that went out, or of one that a person approved."""

    script: StoredFile
    source: StoredFile
    approved: bool


async def find_stale_lines(
    store: Store, review: Review, script: StoredFile, source: StoredFile | None
) -> tuple[int, ...]:
    """The lines of a script, counted from 1, beside which the source's words have changed since the line went out.

    A line that was changed itself since, or approved beside the new words, is not among them.
    """
    looks = _list_looks(review)
    if source is None or all(look.source.sha256 == source.sha256 for look in looks):
        return ()
    there = [look for look in looks if await store.present((look.script, look.source))]
    await store.fetch_files({script, source, *(each for look in there for each in (look.script, look.source))})
    return await asyncio.to_thread(_compare_looks, there, script, source)


def _list_looks(review: Review) -> list[_Look]:
    """The latest first."""
    found, shown = [], None
    for event in review.events:
        shown = event.shown or shown
        if event.kind in ("delivered", "approved") and event.script and shown and shown.source_script:
            found.append(_Look(event.script, shown.source_script, event.kind == "approved"))
    return found[: -_MOST_LOOKED_AT - 1 : -1]


def _compare_looks(looks: Sequence[_Look], script: StoredFile, source: StoredFile) -> tuple[int, ...]:
    from polyreel.review.edits import SourceLines

    # For this call alone: the same few scripts are needed once per line.
    read = lru_cache(maxsize=None)(lambda file: read_file(path_of(file)).track)
    beside = lru_cache(maxsize=None)(lambda file: SourceLines(read(file)))
    identities = lru_cache(maxsize=None)(lambda file: frozenset(map(_identity_of, read(file).cues)))
    stale = []
    track: Track = read(script)
    for number, cue in enumerate(track.cues, 1):
        then: StoredFile | None = None
        for look in looks:
            # From here back the line was another one, and what stood beside it then says nothing.
            if _identity_of(cue) not in identities(look.script):
                break
            then = look.source
            # A person approved it beside these words: nothing older can make it stale.
            if look.approved:
                break
        if then and _read_words_beside(beside(then), cue) != _read_words_beside(beside(source), cue):
            stale.append(number)
    return tuple(stale)


def _identity_of(cue: Cue) -> tuple[int, int, str]:
    return cue.start_ms, cue.end_ms, cue.text


def _read_words_beside(source: SourceLines, cue: Cue) -> list[str]:
    return [" ".join(plain_text(each.text).split()) for each in source.find_beside(cue)]
