"""The connections of a service to the warehouse for what a request has to wait for.

Belongs here: the bounded pool, how long anything may take, and what can go wrong. Does not belong here: any query
(`online_features.py`, `warehouse/`).

Nothing here needs a session of its own in Postgres (no settings, no locks), so PgBouncer may stand between in
transaction mode.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from psycopg import (
    AsyncConnection,
    AsyncRawCursor,
    DataError,
    Error,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from serving.errors import WarehouseUnavailable
from serving.settings import ServingSettings
from warehouse.database import Statement, execute_async

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class WarehousePool:
    """Connections that are shared by the requests of one process; each statement is a transaction of its own."""

    def __init__(self, settings: ServingSettings) -> None:
        self._timeout_seconds = settings.pool_timeout_seconds
        self._statement_seconds = settings.statement_timeout_seconds
        self._pool = AsyncConnectionPool(
            settings.warehouse_url.get_secret_value(),
            kwargs={
                # A single statement needs no transaction around it, and each would cost two more round trips.
                "autocommit": True,
                "connect_timeout": 3,
                "application_name": "customer-analyzer serving",
                "prepare_threshold": 5 if settings.prepared_statements else None,
            },
            min_size=1,
            max_size=settings.pool_size,
            max_waiting=settings.pool_waiting,
            timeout=settings.pool_timeout_seconds,
            # After an outage the next request tries again at once, instead of waiting for a grown back-off.
            reconnect_timeout=2.0,
            open=False,
            name="requests",
        )

    async def open(self) -> None:
        """Start connecting; does not wait, so a service starts while the warehouse is away."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close(timeout=2.0)

    async def rows(self, query: str, parameters: Sequence[Any]) -> Rows:
        """The rows of a query with Postgres' own placeholders ($1), which need no rewriting for each request.

        Raises WarehouseUnavailable.
        """

        async def ask(connection: AsyncConnection[Any]) -> Rows:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(query, parameters, prepare=True, binary=True)
            return await cursor.fetchall()

        return await self._answered(ask)

    async def run(self, statement: Statement[T]) -> T:
        """The answer to a statement of a store in `warehouse`. Raises WarehouseUnavailable."""
        return await self._answered(lambda connection: execute_async(connection, statement))

    async def _answered(self, ask: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        """What `ask` makes of a connection. Errors in the query itself (ProgrammingError, DataError) are passed on."""
        try:
            # Counted here, because a setting of the session would be lost behind PgBouncer.
            async with asyncio.timeout(self._statement_seconds):
                try:
                    return await self._once(ask)
                except (OperationalError, InterfaceError) as error:
                    if isinstance(error, PoolTimeout | TooManyRequests | PoolClosed):
                        raise
                    # A connection that died while idle is only noticed in use; a fresh one may well work.
                    await self._pool.check()
                    return await self._once(ask)
        except (DataError, ProgrammingError):
            raise
        except (Error, TimeoutError) as error:
            raise WarehouseUnavailable("The warehouse does not answer; try again shortly.") from error

    async def _once(self, ask: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        async with self._pool.connection(self._timeout_seconds) as connection:
            return await ask(connection)
