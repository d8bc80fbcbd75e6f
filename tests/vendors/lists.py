"""What was just made may show in a vendor's lists a moment later: no page promises that it does at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from polyreel.vendors.errors import NotFound
from polyreel.vendors.waiting import Patience, wait_for

SHOWN = Patience(first=0.1, cap=0.5, total=30)
T = TypeVar("T")


async def wait_until_listed(list_ids: Callable[[], Awaitable[list[str]]], made: Iterable[str]) -> list[str]:
    """The ids of a list, once all that were made are among them."""
    wanted = set(made)
    return await wait_for(list_ids, lambda listed: wanted <= set(listed), "a list to show what was made", SHOWN)


async def wait_until_gone(list_ids: Callable[[], Awaitable[list[str]]], deleted: str) -> None:
    """Until a list no longer has what was deleted."""
    await wait_for(list_ids, lambda listed: deleted not in listed, "a list to lose what was deleted", SHOWN)


async def wait_until_found(look: Callable[[], Awaitable[T]]) -> T:
    """What a look-up finds, once it does."""

    async def try_once() -> T | None:
        try:
            return await look()
        except NotFound:
            return None

    found = await wait_for(try_once, lambda seen: seen is not None, "a look-up to find what was made", SHOWN)
    assert found is not None
    return found
