"""The way to what a job names: one open client per saved credentials and run, whoever asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyreel.job import Job
from polyreel.objects.connection import Connection

if TYPE_CHECKING:
    from blocks.base import PolyreelCredentials
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.watch import Watchers

_Key = tuple[str, str]
SIGNING, OBJECT_STORE = "signing", "s3"
"""What the credentials of signers and of object stores are saved as."""


@dataclass(frozen=True, slots=True)
class Books:
    """What was bought, and who looks how it stands."""

    ledger: Ledger
    watchers: Watchers


class Clients:
    """The clients of one run and its ledger: each is opened when it is first asked for, and all are closed at the end.

    A client keeps its account's rate limit, so that twenty languages at one vendor share one.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._open: dict[_Key, tuple[Any, PolyreelCredentials]] = {}
        self._saved: dict[_Key, PolyreelCredentials] = {}
        self._books: Books | None = None
        self._lock = asyncio.Lock()

    async def books(self) -> Books:
        """The ledger and its watchers."""
        async with self._lock:
            if self._books is None:
                self._books = await _open_books(self._stack)
            return self._books

    async def load_saved(self, vendor: str, name: str) -> PolyreelCredentials:
        """Saved credentials, asked for once: the account in a run's keys is then the one that its clients use."""
        if (vendor, name) not in self._saved:
            self._saved[vendor, name] = await _load_saved(vendor, name)
        return self._saved[vendor, name]

    async def client(self, vendor: str, name: str) -> tuple[Any, PolyreelCredentials]:
        """The client of saved credentials, and these. Raises `InvalidJob` where there are none of that name."""
        # One at a time: languages that ask together get one client, and its one rate limit.
        async with self._lock:
            if (vendor, name) not in self._open:
                self._open[vendor, name] = await _open_client(self._stack, vendor, name)
            return self._open[vendor, name]


_clients: ContextVar[Clients | None] = ContextVar("polyreel_clients", default=None)


@asynccontextmanager
async def clients_open() -> AsyncIterator[None]:
    """Keep what is opened inside the block open until its end."""
    async with AsyncExitStack() as stack:
        token = _clients.set(Clients(stack))
        try:
            yield
        finally:
            _clients.reset(token)


@asynccontextmanager
async def client_of(vendor: str | None, name: str | None) -> AsyncIterator[Any]:
    """The client of a vendor's saved credentials, open inside the block; None where nothing is named.

    ``vendor`` is the block's (`blocks.base.PolyreelCredentials.vendor`). Raises `InvalidJob` (``unknown_credentials``).
    """
    if vendor is None or name is None:
        yield None
        return
    from blocks.credentials import refusals_explained

    async with AsyncExitStack() as stack:
        run = _clients.get()
        client, block = await (run.client(vendor, name) if run else _open_client(stack, vendor, name))
        with refusals_explained(block, name):
            yield client


@asynccontextmanager
async def books_of_run() -> AsyncIterator[Books]:
    """The run's ledger and watchers; outside a run, ones for the block alone."""
    if run := _clients.get():
        yield await run.books()
        return
    async with AsyncExitStack() as stack:
        yield await _open_books(stack)


async def _open_books(stack: AsyncExitStack) -> Books:
    # Here, and not above: SQLAlchemy takes longer to import than many runs take to begin.
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.watch import Watchers

    ledger = await stack.enter_async_context(Ledger())
    return Books(ledger, Watchers(ledger))


async def account_of(vendor: str, name: str) -> str:
    """What keys and the ledger know the account of saved credentials by. Raises `InvalidJob`."""
    block: Any = await load_saved(vendor, name)
    return str(block.account)


async def load_saved(vendor: str, name: str) -> PolyreelCredentials:
    """The saved credentials themselves. Raises `InvalidJob` (``unknown_credentials``)."""
    run = _clients.get()
    return await (run.load_saved(vendor, name) if run else _load_saved(vendor, name))


async def _load_saved(vendor: str, name: str) -> PolyreelCredentials:
    # Here, and not above: it brings the vendor's client along, which most runs have no use for.
    from blocks import credentials

    return await credentials.load_credentials(vendor, name)


async def connection_of(job: Job) -> Connection | None:
    """The way to the object stores that a job's sources name; None for the environment's. Raises `InvalidJob`."""
    if job.source.credentials is None or job.source.vendor is not None:
        return None
    from blocks.object_store import ObjectStoreCredentials

    block = await load_saved(ObjectStoreCredentials.vendor, job.source.credentials)
    assert isinstance(block, ObjectStoreCredentials)  # noqa: S101 - it was asked for by its own kind
    from blocks.credentials import refusals_explained

    with refusals_explained(block, job.source.credentials):
        return block.get_client()


async def _open_client(stack: AsyncExitStack, vendor: str, name: str) -> tuple[Any, PolyreelCredentials]:
    from blocks.credentials import refusals_explained

    block = await load_saved(vendor, name)
    with refusals_explained(block, name):
        client = block.get_client()
    # A client that holds no connection of its own has nothing to close.
    return (await stack.enter_async_context(client) if hasattr(client, "__aenter__") else client), block
