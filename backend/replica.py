"""Reading reports and lists from a streaming replica of the warehouse, where it is as new as the warehouse itself.

Belongs here: whether the replica may be asked, and falling back. Does not belong here: which requests read reports
(`Resources.reports`), and the replica itself (`standalone.replica`).

A report is named by the state of the data (`conditional`), so it must not be computed from older data. Before a read
the warehouse says how far its log is, and the replica is asked once it has replayed that much: within milliseconds,
usually. A replica that takes longer than the bound, is away, or was promoted is left alone for a while.
"""

import asyncio
import time
from typing import TypeVar

from backend.database import DatabasePool
from backend.errors import Unavailable
from backend.metrics import Metrics
from backend.settings import BackendSettings
from warehouse.database import Statement, value

T = TypeVar("T")

_LOOK_SECONDS = 0.01
_REST_SECONDS = 2.0
_POSITION = "select pg_current_wal_flush_lsn()::text"
_REPLAYED = "select coalesce(pg_is_in_recovery() and pg_last_wal_replay_lsn() >= %(position)s::pg_lsn, false)"


class ReplicaPool(DatabasePool):
    """Connections to a replica. What it cannot answer, and whatever takes several statements, the primary does."""

    def __init__(self, settings: BackendSettings, url: str, primary: DatabasePool, metrics: Metrics) -> None:
        super().__init__(settings, url, "replica")
        self._primary = primary
        self._metrics = metrics
        self._bound_seconds = settings.replica_lag_seconds
        self._rests_until = 0.0

    async def run(self, statement: Statement[T]) -> T:
        """The answer to one statement, in a transaction of its own. Raises Unavailable where the primary does."""
        if await self._has_caught_up():
            try:
                answer = await super().run(statement)
            except Unavailable:
                # Away, or it has cancelled the statement for the sake of its replay.
                self._rest()
            else:
                self._metrics.report_reads("replica").inc()
                return answer
        self._metrics.report_reads("primary").inc()
        return await self._primary.run(statement)

    async def run_long(self, statement: Statement[T]) -> T:
        """The same for a statement that may take as long as reports do."""
        if await self._has_caught_up():
            try:
                answer = await super().run_long(statement)
            except Unavailable:
                self._rest()
            else:
                self._metrics.report_reads("replica").inc()
                return answer
        self._metrics.report_reads("primary").inc()
        return await self._primary.run_long(statement)

    async def _has_caught_up(self) -> bool:
        if time.monotonic() < self._rests_until:
            return False
        position = await self._primary.run(value(str, _POSITION))
        try:
            async with asyncio.timeout(self._bound_seconds):
                while not await super().run(value(bool, _REPLAYED, position=position)):
                    await asyncio.sleep(_LOOK_SECONDS)
        except (Unavailable, TimeoutError):
            self._rest()
            return False
        return True

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS
