"""The API's connections to the warehouse.

Belongs here: the bounded pool, how long anything may take, and what callers are told while the warehouse is away. Does
not belong here: any query (`warehouse`, and the `store.py` of a feature).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, DataError, Error, IntegrityError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable
from psycopg_pool import AsyncConnectionPool

from backend.errors import Unavailable
from backend.settings import BackendSettings
from core.tracing import database_step
from warehouse.database import Statement, Steps, execute_async, execute_steps_async

T = TypeVar("T")
Connection = AsyncConnection[Any]
# Asking costs as much as a short statement; whatever dies within this time fails like a connection in use.
_CHECK_SECONDS = 1.0


class DatabasePool:
    """Connections shared by the requests of one process. No connection keeps anything between two transactions."""

    def __init__(self, settings: BackendSettings, url: str | None = None, name: str = "api") -> None:
        self._retry_after_seconds = settings.retry_after_seconds
        self._statement_seconds = settings.statement_timeout_seconds
        self._report_seconds = settings.report_timeout_seconds
        self._checked: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
        self._pool = AsyncConnectionPool(
            url or settings.warehouse_url.get_secret_value(),
            kwargs={
                "autocommit": True,
                "connect_timeout": 3,
                "application_name": f"customer-analyzer {name}",
                "prepare_threshold": 5 if settings.prepared_statements else None,
            },
            min_size=1,
            max_size=settings.pool_size,
            max_waiting=settings.pool_waiting,
            timeout=settings.pool_timeout_seconds,
            # A connection that died while it was idle is replaced before a request gets it.
            check=self._check,
            reconnect_timeout=2.0,
            open=False,
            name=name,
        )

    async def open(self) -> None:
        """Starts connecting. Does not wait: the API starts while the warehouse is away."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Gives every connection back."""
        await self._pool.close(timeout=2.0)

    async def run(self, statement: Statement[T]) -> T:
        """The answer to one statement, in a transaction of its own. Raises Unavailable."""
        async with self.connection() as connection:
            return await execute_async(connection, statement)

    async def run_long(self, statement: Statement[T]) -> T:
        """The same for a statement that counts over many rows, and may take as long as reports do."""
        async with self.connection(self._report_seconds) as connection:
            return await execute_async(connection, statement)

    async def run_steps_long(self, steps: Steps[T]) -> T:
        """The same for several statements, all of which see the same state of the warehouse."""
        async with self.connection(self._report_seconds) as connection, connection.transaction():
            await connection.execute("set transaction isolation level repeatable read, read only")
            return await execute_steps_async(connection, steps)

    async def run_if_built(self, statement: Statement[T]) -> T | None:
        """The same for a statement that reads marts. Raises Unavailable.

        None where a run has not built them yet, or the last one was of a version whose marts lacked a column.
        """
        try:
            return await self.run(statement)
        except (UndefinedTable, UndefinedFunction, UndefinedColumn):
            return None

    async def _check(self, connection: Connection) -> None:
        """Raises an error of psycopg where a connection is dead. One that was in use a moment ago is not asked."""
        now = time.monotonic()
        if now - self._checked.get(connection, -_CHECK_SECONDS) >= _CHECK_SECONDS:
            await AsyncConnectionPool.check_connection(connection)
        self._checked[connection] = now

    @asynccontextmanager
    async def connection(self, seconds: float | None = None) -> AsyncIterator[Connection]:
        """A connection without an open transaction. Raises Unavailable where there is none, or where it breaks.

        It is taken away after `seconds`, by default those of one statement.

        Errors of the statement itself (of its data, of what it violates, of its SQL) are passed on.
        """
        try:
            async with asyncio.timeout(seconds or self._statement_seconds), self._pool.connection() as connection:
                with database_step():
                    yield connection
        except (DataError, IntegrityError, ProgrammingError):
            raise
        except (Error, TimeoutError) as error:
            raise Unavailable("The warehouse does not answer; try again shortly.", self._retry_after_seconds) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection whose block is one transaction. Raises Unavailable as `connection` does."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def long_transaction(self) -> AsyncIterator[Connection]:
        """The same, and it may take as long as reports do: for writing what is selected from many rows."""
        async with self.connection(self._report_seconds) as connection, connection.transaction():
            yield connection
