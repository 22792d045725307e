"""The way of events into the warehouse: requests that arrive at the same time share a transaction.

Belongs here: gathering events, storing them, and refusing more than may wait. Does not belong here: what becomes of an
event (`ingestion.accepting`).

A commit waits for the disk, whatever it commits. So while one transaction is under way, the events that arrive wait for
the next, which takes all of them. A request is answered after the commit of its own events, and no event waits in
memory that nobody waits for.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg

from backend.database import DatabasePool
from backend.errors import Unavailable
from backend.metrics import Metrics
from backend.settings import BackendSettings
from ingestion.accepting import Outcome, accept_async

logger = logging.getLogger("backend.events")

Event = dict[str, Any]
_MOST_EVENTS = 1000
# One waits for the disk while the other computes.
_TRANSACTIONS = 2
# Turns of the event loop in which requests that have been sent already join the next transaction: one to start their
# tasks, one to read them, one more in which none may come.
_TURNS = 3


@dataclass(frozen=True, slots=True)
class _Batch:
    """The events of one request, and where its answer goes."""

    events: Sequence[object]
    outcomes: "asyncio.Future[list[Outcome]]"


class Intake:
    """Stores events for all requests of a process; a block is the time in which it works."""

    def __init__(self, database: DatabasePool, metrics: Metrics, settings: BackendSettings) -> None:
        self._database = database
        self._metrics = metrics
        self._most_waiting = settings.waiting_events
        self._retry_after_seconds = settings.retry_after_seconds
        self._waiting: deque[_Batch] = deque()
        self._events_waiting = 0
        self._arrived = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    async def store(self, events: Sequence[object]) -> list[Outcome]:
        """What became of each event, after the commit. Raises Unavailable; then nothing of the batch is stored."""
        if self._events_waiting + len(events) > self._most_waiting:
            raise Unavailable("More events arrive than can be stored; send them again.", self._retry_after_seconds)
        batch = _Batch(events, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self._count(len(events))
        self._arrived.set()
        return await batch.outcomes

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work(), name=f"intake {each}") for each in range(_TRANSACTIONS)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        for worker in self._workers:
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            batches = self._next()
            if batches:
                await self._answer(batches)

    def _next(self) -> list[_Batch]:
        """Who shares the next transaction. Who has gone away meanwhile was told nothing, and is stored all the same."""
        taken: list[_Batch] = []
        events = 0
        while self._waiting and (not taken or events + len(self._waiting[0].events) <= _MOST_EVENTS):
            batch = self._waiting.popleft()
            events += len(batch.events)
            taken.append(batch)
        self._count(-events)
        if not self._waiting:
            self._arrived.clear()
        return taken

    async def _answer(self, batches: list[_Batch]) -> None:
        try:
            outcomes = await self._stored([event for batch in batches for event in batch.events])
        except Exception as error:
            if len(batches) > 1 and not isinstance(error, Unavailable):
                # One of them may be at fault: the others must not pay for it.
                for batch in batches:
                    await self._answer([batch])
                return
            for batch in batches:
                _settle(batch.outcomes, error)
            return
        start = 0
        for batch in batches:
            end = start + len(batch.events)
            _settle(batch.outcomes, outcomes[start:end])
            start = end

    async def _stored(self, events: list[object]) -> list[Outcome]:
        self._metrics.events_a_transaction.observe(len(events))
        async with self._database.connection() as connection:
            try:
                outcomes = await accept_async(connection, events, is_strict=True)
            except psycopg.errors.LockNotAvailable as error:
                raise Unavailable("Events cannot be stored now; send them again.", self._retry_after_seconds) from error
        for outcome in outcomes:
            self._metrics.events(outcome.status.value).inc()
        return outcomes

    def _count(self, change: int) -> None:
        self._events_waiting += change
        self._metrics.events_waiting.set(self._events_waiting)


def _settle(future: "asyncio.Future[list[Outcome]]", result: list[Outcome] | Exception) -> None:
    # Who has gone away has cancelled it.
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
