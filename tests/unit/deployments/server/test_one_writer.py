"""Prefect's SQLite transactions wait for each other, in their order."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from deployments.server import one_writer
from deployments.server.one_writer import OneWriter

MANY = 40


@pytest.fixture
def database(tmp_path: Path) -> OneWriter:
    """A file with one number in it."""
    with sqlite3.connect(tmp_path / "prefect.db") as made:
        made.execute("create table counted (number integer)")
        made.execute("insert into counted values (0)")
    made.close()
    return OneWriter(connection_url=f"sqlite+aiosqlite:///{tmp_path / 'prefect.db'}", timeout=0.1)


async def _count(database: OneWriter, order: list[int], mine: int) -> None:
    """Read, let others go on, write what was read plus one: what Prefect's API does with every state."""
    engine = await database.engine()
    async with await database.session(engine) as session, database.begin_transaction(session, with_for_update=False):
        number = (await session.execute(sa.text("select number from counted"))).scalar_one()
        order.append(mine)
        await asyncio.sleep(0.005)
        await session.execute(sa.text("update counted set number = :new"), {"new": number + 1})


async def _number(database: OneWriter) -> int:
    engine = await database.engine()
    async with await database.session(engine) as session:
        return int((await session.execute(sa.text("select number from counted"))).scalar_one())


async def test_none_is_refused_none_overtakes_none_is_lost(database: OneWriter) -> None:
    """Forty at once, more than there are connections: each has its turn, in the order in which they came."""
    order: list[int] = []
    await asyncio.gather(*(_count(database, order, each) for each in range(MANY)))
    assert await _number(database) == MANY
    assert order == list(range(MANY))


async def test_one_that_fails_or_is_cancelled_passes_the_turn_on(database: OneWriter) -> None:
    """Whatever ends a transaction, the next one begins."""
    begun = asyncio.Event()

    async def holds() -> None:
        engine = await database.engine()
        async with await database.session(engine) as session, database.begin_transaction(session):
            await session.execute(sa.text("update counted set number = 99"))
            begun.set()
            await asyncio.sleep(60)

    holding = asyncio.create_task(holds())
    await begun.wait()
    waiting = [asyncio.create_task(_count(database, [], each)) for each in range(3)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    holding.cancel()
    assert [type(each) for each in await asyncio.gather(holding, *waiting, return_exceptions=True)] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
        type(None),
        type(None),
    ]
    assert await _number(database) == 2  # neither the 99 nor the cancelled one's


async def test_one_inside_another_is_left_to_sqlite(database: OneWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that waits for itself doesn't wait for ever: SQLite ends it with its own error."""
    monkeypatch.setattr(one_writer, "PATIENCE_S", 0.1)
    monkeypatch.setattr(OneWriter, "setup_sqlite", _impatient(OneWriter.setup_sqlite))
    engine = await database.engine()
    async with await database.session(engine) as session, database.begin_transaction(session):
        await session.execute(sa.text("update counted set number = 1"))
        with pytest.raises(OperationalError, match="locked"):
            await _count(database, [], 0)
    assert await _number(database) == 1


def _impatient(setup: object) -> object:
    def impatient(self: OneWriter, conn: sqlite3.Connection, record: object) -> None:
        assert callable(setup)
        setup(self, conn, record)
        cursor = conn.cursor()
        cursor.execute("PRAGMA busy_timeout = 100")
        cursor.close()

    return impatient
