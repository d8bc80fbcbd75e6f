"""Prefect's SQLite transactions, made to wait for each other.

Prefect begins a transaction without the write lock and asks for it later; SQLite refuses that at once, with "database
is locked", whenever another transaction wrote in between, and the API then answers 503 (seen: one ``create_flow_run``
in seven while schedules fire). Prefect's own remark beside the setting names the cure: begin with the lock, and wait.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class OneWriter(AioSqliteConfiguration):
    """SQLite whose transactions all begin with the write lock."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = True
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin with the lock, whatever was asked for."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def install() -> None:
    """Before the server is made: use it, where the database is SQLite."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if url and url.startswith("sqlite"):
        MODELS_DEPENDENCIES["database_config"] = OneWriter(connection_url=url)
