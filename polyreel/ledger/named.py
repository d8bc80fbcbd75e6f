"""What has a name of its own at a vendor (a folder, a project): found there, else made once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger

Look = Callable[[], Awaitable[str]]


async def find_or_make(
    ledger: Ledger,
    key: str,
    look: Look,
    make: Look,
    subject: Subject,
    is_there: Callable[[str], Awaitable[bool]] | None,
) -> str:
    """The id of what is there, else of what is made.

    ``look`` gives the id of what is there, "" where nothing is; ``make`` gives the new id. ``is_there`` says whether
    what an earlier run made still is: for places where looking by name may find nothing; without it, ``look`` says.
    """

    made: list[str] = []

    async def call() -> Receipt:
        made.append(await make())
        return Receipt(id=made[-1], state=State.COLLECTED)

    async def find(_entry: Entry) -> Finding:
        there = await look()
        return Found(Receipt(id=there, state=State.COLLECTED)) if there else NotThere()

    async def is_open() -> bool:
        entry = await ledger.get(key)
        return entry is not None and entry.is_open

    async def make_alone() -> str:
        if (there := await look()) and not await is_open():
            return there
        entry = await ledger.once(key, call, find, subject=subject)

        async def see_made() -> bool | None:
            return await (is_there(entry.vendor_id) if is_there else _says_something(look)) or None

        # Neither a list nor a look at the thing may show yet what was made a moment ago.
        if entry.vendor_id in made or await ledger.look_for_made(key, see_made):
            return entry.vendor_id
        # Made by an earlier run, and removed by somebody since.
        await ledger.advance(key, State.FORGOTTEN)
        await ledger.settle_not_bought(key)
        return (await ledger.once(key, call, find, subject=subject)).vendor_id

    # What a killed run left open is settled by what is there, or it would be a person's to settle for ever.
    if (there := await look()) and not await is_open():
        return there
    return await ledger.alone(key, make_alone, what=subject.job)


async def _says_something(look: Look) -> bool:
    return bool(await look())
