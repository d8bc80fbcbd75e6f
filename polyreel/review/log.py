"""Reviews in the store: one small file per event, numbered; whoever writes a number first has it.

::

    reviews/welcome~0123456789ab/es-ES/000001.json

So two reviewers never overwrite each other, on one machine or on many: who comes second reads what the first one wrote,
and judges again whether what they want still fits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from polyreel.errors import StoreError
from polyreel.review.events import Event, ReviewKey
from polyreel.review.state import Review
from polyreel.store.port import Store

Step = Callable[[Review], Event | None]
"""From what is there to what happens next; None: nothing. Raises `ReviewRefused` where it does not fit."""
DAMAGED = "review_damaged"
# Each try loses only to somebody who has written: fifty in a row is a program, not a meeting.
_MOST_TRIES = 50
# Events are read side by side, without flooding an object store.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Damaged:
    """A review of which an event can't be read, and what is wrong with that."""

    key: ReviewKey
    error: StoreError


class ReviewLog:
    """All reviews of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, key: ReviewKey) -> Review:
        """One language's events. Raises `StoreError`, also for one that can't be read: nothing is guessed."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Event:
            async with places:
                return await self._read_event(f"{key.folder}/{name}")

        return Review(key, tuple(await asyncio.gather(*map(one, await self._list_events(key)))))

    async def read_sound(self, key: ReviewKey) -> Review:
        """What can be read of one language's events, to be shown: a decision may never stand on it.

        Its numbers are not those of the events where one is missing. Raises `StoreError` for a store that is away.
        """
        sound = []
        for name in await self._list_events(key):
            try:
                sound.append(await self._read_event(f"{key.folder}/{name}"))
            except StoreError as error:
                # Only damage is passed over: a store that is away must not look like an empty review.
                if error.code != DAMAGED:
                    raise
        return Review(key, tuple(sound))

    async def count_events(self, key: ReviewKey) -> int:
        """How many events there are, without reading them: a review's revision."""
        return len(await self._list_events(key))

    async def write(self, key: ReviewKey, step: Step) -> Review:
        """Let something happen, judged by what is there at that moment. Raises what ``step`` raises."""
        for _ in range(_MOST_TRIES):
            review = await self.read(key)
            event = step(review)
            if event is None:
                return review
            # Padded, so that the order of names is that of numbers.
            name = f"{key.folder}/{review.revision + 1:06d}.json"
            if await self._store.create_file(name, event.model_dump_json(exclude_defaults=True).encode()):
                return Review(key, (*review.events, event))
        raise StoreError("others write this review all the time", where=key.folder, remedy="Try again.")

    async def keys(self) -> list[ReviewKey]:
        """Every language that has events."""
        found = []
        for folder in await self._store.names_below("reviews"):
            # A job's name can't hold a tilde, so the last one is ours.
            job, _, source = folder.rpartition("~")
            locales = await self._store.names_below(f"reviews/{folder}")
            found += [ReviewKey(job=job, source=source, locale=locale) for locale in locales if job]
        return found

    async def read_all(self, keys: Sequence[ReviewKey] | None = None) -> tuple[list[Review], list[Damaged]]:
        """Every review there is, or those of ``keys``; and by itself each that can't be read: it hides no other."""
        reviews, damaged = [], []
        for key in await self.keys() if keys is None else keys:
            try:
                reviews.append(await self.read(key))
            except StoreError as error:
                if error.code != DAMAGED:
                    raise
                damaged.append(Damaged(key, error))
        return reviews, damaged

    async def _list_events(self, key: ReviewKey) -> list[str]:
        return [name for name in await self._store.names_below(key.folder) if name.endswith(".json")]

    async def _read_event(self, name: str) -> Event:
        try:
            return Event.model_validate_json(await self._store.read_file(name) or b"")
        except ValidationError as error:
            raise StoreError(
                "a review's event can't be read",
                code=DAMAGED,
                where=name,
                remedy=f"Restore that file, or move the folder away to begin anew. ({error.error_count()} faults)",
            ) from None
