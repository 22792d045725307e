"""Answers that are kept: in Redis where there is one, for all processes, else in this process.

Belongs here: keeping an answer under its key, and computing it once however many wait for it. Does not belong here:
which key an answer has. A key must name all that the answer depends on, the state of the data too: nothing else ends
an answer but its age, which only frees memory.

While Redis is away each process computes answers itself. Only bytes are kept, and nothing is unpickled.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from cashews import Cache
from cashews.exceptions import CacheError
from redis.exceptions import RedisError

from backend.metrics import Metrics

T = TypeVar("T")
Compute = Callable[[], Awaitable[bytes]]

logger = logging.getLogger("backend.cache")

KEPT_SECONDS = 24 * 3600.0
REDIS_SECONDS = 0.5
"""How long Redis may take to answer."""
AWAY_SECONDS = 2.0
"""How long Redis is not asked again after it did not answer."""
_MOST_ANSWERS = 1000
_LOCKED_SECONDS = 60.0
_LOOK_SECONDS = 0.05


class AnswerCache:
    """Keeps answers; a block is the time in which it works."""

    def __init__(self, redis_url: str | None, metrics: Metrics) -> None:
        self._metrics = metrics
        self._is_shared = redis_url is not None
        self._kept = Cache()
        if redis_url is None:
            self._kept.setup("mem://", size=_MOST_ANSWERS)
        else:
            self._kept.setup(redis_url, pickle_type="null", suppress=False, socket_timeout=REDIS_SECONDS)
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._away_until = 0.0

    async def answer(self, key: str, compute: Compute) -> bytes:
        """The answer that is kept under a key, or what `compute` makes of it. Raises what `compute` raises."""
        kept = await self._asked(self._kept.get(key), None)
        if kept is not None:
            self._metrics.kept_answers("hit").inc()
            return bytes(kept)
        running = self._running.get(key)
        self._metrics.kept_answers("miss" if running is None else "joined").inc()
        if running is None:
            running = asyncio.create_task(self._computed(key, compute))
            self._running[key] = running
            running.add_done_callback(lambda task: self._ended(key, task))
        # Others wait for it too, so it goes on though one of them is gone.
        return await asyncio.shield(running)

    async def __aenter__(self) -> Self:
        await self._asked(self._kept.init(), None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._asked(self._kept.close(), None)

    async def _computed(self, key: str, compute: Compute) -> bytes:
        lock, mark = f"lock {key}", uuid4().hex
        until = time.monotonic() + _LOCKED_SECONDS
        # Another process may be at it. When it ended without an answer, its lock is gone.
        while not await self._asked(self._kept.set_lock(lock, mark, _LOCKED_SECONDS), True):
            await asyncio.sleep(_LOOK_SECONDS)
            kept = await self._asked(self._kept.get(key), None)
            if kept is not None:
                return bytes(kept)
            if time.monotonic() > until:
                break
        self._metrics.answers_computing.inc()
        try:
            made = await compute()
            await self._asked(self._kept.set(key, made, expire=KEPT_SECONDS), None)
        finally:
            self._metrics.answers_computing.dec()
            await self._asked(self._kept.unlock(lock, mark), None)
        return made

    def _ended(self, key: str, task: "asyncio.Task[bytes]") -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            # Whoever waited has seen it; if nobody does any more, it is not worth a line.
            task.exception()

    async def _asked(self, question: Awaitable[Any], otherwise: T) -> Any | T:
        """What the store says, or `otherwise` while it is away."""
        if self._is_shared and time.monotonic() < self._away_until:
            _never_asked(question)
            return otherwise
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                return await question
        except (CacheError, RedisError, OSError, TimeoutError) as error:
            logger.warning("Redis does not answer (%s); answers are computed anew", type(error).__name__)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return otherwise


def _never_asked(question: Awaitable[Any]) -> None:
    if asyncio.iscoroutine(question):
        question.close()
