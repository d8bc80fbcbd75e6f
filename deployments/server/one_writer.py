"""Prefect's SQLite transactions, made to wait for each other.

Prefect begins a transaction without the write lock and asks for it later; SQLite refuses that at once, with "database
is locked", whenever another transaction wrote in between, and the API then answers 503 (seen: one ``create_flow_run``
in seven while schedules fire). Prefect's own remark beside the setting names the cure: begin with the lock, and wait.

They wait here, in the order they came, and not in SQLite, which asks again after sleeps that grow to a tenth of a
second, lets late ones go first, and keeps a thread and a connection busy for each (seen once, after a crash: a minute
in which the server answered nothing).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from deployments.process.prefect_insides import use_database

# After that, SQLite decides: no transaction of Prefect's waits for another inside itself, but a later one might.
PATIENCE_S = 20.0

_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class OneWriter(AioSqliteConfiguration):
    """SQLite whose transactions all begin with the write lock, one after the other."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = True
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin with the lock, whatever was asked for, once those that came before have ended."""
        async with _take_turn(), super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


@asynccontextmanager
async def _take_turn() -> AsyncIterator[None]:
    queue = _queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await queue.acquire()
    except TimeoutError:
        yield
        return
    try:
        yield
    finally:
        queue.release()


def install_queue() -> None:
    """Before the server is made: use it, where the database is SQLite."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if url and url.startswith("sqlite"):
        use_database(OneWriter(connection_url=url))
