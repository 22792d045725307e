"""Requests with an Idempotency-Key: the first answer is stored in the warehouse, and given again to every repetition.

Belongs here: telling a repetition from another request, and keeping what is stored within its bounds. Does not belong
here: how an answer is made (`routes.py`), or the table (`warehouse/first_answers.py`).

Only answers with status 200 are stored. Of two workers that answer the same request at once, the one that stores its
answer first wins, and the other gives that one too. A caller who sends a key wants to be sure, so without the warehouse
there is no answer.
"""

import asyncio
import hashlib
import logging
from datetime import timedelta
from typing import Protocol

from psycopg import ProgrammingError

from serving.errors import KeyReused, WarehouseUnavailable
from serving.pool import WarehousePool
from serving.settings import ServingSettings
from warehouse.first_answers import KeyedRequest, delete_old_answers, first_answer, store_answer

logger = logging.getLogger("serving.first_answers")

_SWEEP_SECONDS = 60.0


def request_hash(route: str, body: bytes) -> bytes:
    """SHA-256 of what is asked: the route and every byte of the body."""
    return hashlib.sha256(route.encode() + b"\n" + body).digest()


class FirstAnswers(Protocol):
    """Whoever remembers first answers. Both methods raise KeyReused or WarehouseUnavailable."""

    async def recall(self, request: KeyedRequest) -> bytes | None:
        """The first answer to this request, None where there is none yet."""
        ...

    async def keep(self, request: KeyedRequest, answer: bytes) -> bytes:
        """Store an answer, unless another one was stored first; returns the one that is stored."""
        ...


class StoredAnswers:
    """First answers in `ml.first_answers`, for all workers of all services alike."""

    def __init__(self, pool: WarehousePool, settings: ServingSettings) -> None:
        self._pool = pool
        self._kept = timedelta(hours=settings.first_answer_hours)
        self._most_bytes = settings.first_answers_max_bytes
        self._is_away = False

    async def recall(self, request: KeyedRequest) -> bytes | None:
        """See `FirstAnswers.recall`."""
        try:
            stored = await self._pool.run(first_answer(request))
        except ProgrammingError as error:
            raise WarehouseUnavailable("The warehouse has no table for answers yet; migrate it.") from error
        if stored is None:
            return None
        if stored.request_sha256 != request.request_sha256:
            raise KeyReused
        return stored.answer.encode()

    async def keep(self, request: KeyedRequest, answer: bytes) -> bytes:
        """See `FirstAnswers.keep`."""
        if await self._pool.run(store_answer(request, answer.decode(), self._kept)):
            return answer
        stored = await self.recall(request)
        if stored is None:
            raise WarehouseUnavailable("The first answer expired just now; try again shortly.")
        return stored

    async def keep_sweeping(self) -> None:
        """Delete, every minute until cancelled, what has expired or is too much."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
            except (WarehouseUnavailable, ProgrammingError) as error:
                if not self._is_away:
                    logger.warning("expired answers cannot be deleted now: %s", error)
                self._is_away = True
            else:
                self._is_away = False

    async def sweep(self) -> int:
        """Delete what has expired, and the oldest answers beyond the bound; how many that were."""
        return await self._pool.run(delete_old_answers(self._most_bytes))
