"""How often the pool asks a connection whether it lives, without a database."""

import asyncio

import pytest
from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool

from backend import database
from backend.database import DatabasePool
from backend.settings import BackendSettings


class FakeConnection:
    """A connection that may die."""

    is_dead = False


def test_a_connection_in_use_a_moment_ago_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    now = 100.0

    async def check(connection: FakeConnection) -> None:
        asked.append(connection)
        if connection.is_dead:
            raise OperationalError("gone")

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", staticmethod(check))
    monkeypatch.setattr(database.time, "monotonic", lambda: now)

    async def checked() -> None:
        nonlocal now
        pool = DatabasePool(BackendSettings.model_validate({"WAREHOUSE_URL": "postgresql://nowhere"}))
        first, second = FakeConnection(), FakeConnection()
        for connection in (first, first, second):
            await pool._check(connection)  # type: ignore[arg-type]
        assert asked == [first, second]
        now += 1.5
        first.is_dead = True
        for _ in range(2):
            with pytest.raises(OperationalError):
                await pool._check(first)  # type: ignore[arg-type]

    asyncio.run(checked())
