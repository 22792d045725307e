"""The watch: which listeners there are, and what the newest notice is, looked up once for all of a process.

Belongs here: looking, and waking those who wait. Does not belong here: reading notices (`service`).

It asks for one number every half second while somebody listens, and not `LISTEN`: a connection behind a pooler in
transaction mode cannot listen, and whoever listens must look anyway after each reconnect.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from backend.database import DatabasePool
from backend.errors import Unavailable
from backend.metrics import Metrics
from backend.settings import BackendSettings
from warehouse.notices import ends

logger = logging.getLogger("backend.notices")

LOOK_SECONDS = 0.5


class NoticeWatch:
    """Knows the newest number; a block is the time in which it looks."""

    def __init__(self, database: DatabasePool, metrics: Metrics, settings: BackendSettings) -> None:
        self._database = database
        self._metrics = metrics
        self._settings = settings
        self._listeners = 0
        self._newest = 0
        self._changed = asyncio.Condition()
        self._waiting = 0
        self._asked = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one listener, while the block lasts. Raises Unavailable where all are taken."""
        if self._listeners >= self._settings.listeners:
            raise Unavailable("Too many listen; try again shortly.", self._settings.retry_after_seconds)
        self._listeners += 1
        self._metrics.notice_listeners.set(self._listeners)
        try:
            yield
        finally:
            self._listeners -= 1
            self._metrics.notice_listeners.set(self._listeners)

    async def newer_than(self, number: int, seconds: float) -> int:
        """The newest number as soon as it is larger than `number`; `number` itself if that takes longer."""
        self._waiting += 1
        self._asked.set()
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._newest > number)
                return self._newest
        except TimeoutError:
            return number
        finally:
            self._waiting -= 1

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await self._asked.wait()
            if self._waiting == 0:
                self._asked.clear()
                continue
            try:
                newest = (await self._database.run(ends())).last_id
            except Unavailable:
                # Nothing is lost: what happens meanwhile is told to whoever comes back.
                logger.warning("the warehouse does not answer; listeners wait")
            except Exception:
                logger.exception("looking for notices failed")
            else:
                async with self._changed:
                    self._newest = newest
                    self._changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)
