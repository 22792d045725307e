"""How much a caller may ask: so many requests a window, for each key, account and address.

Belongs here: counting, and what a caller is told of it. Does not belong here: who a caller is (`access`), and attempts
to sign in, which are counted in the warehouse (`auth`).

With Redis all processes count together. While it is away each counts by itself, so nothing is ever uncounted.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from backend.cache import AWAY_SECONDS, REDIS_SECONDS
from backend.errors import TooMany

logger = logging.getLogger("backend.limits")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit in its window."""

    limit: int
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The standard headers that say so."""
        return {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset_seconds),
        }


class RateLimits:
    """Counts requests by subject, such as `key:7`; the part before the colon says which limit is meant."""

    def __init__(self, limits: Mapping[str, str], redis_url: str | None) -> None:
        self._limits: dict[str, RateLimitItem] = {kind: parse(limit) for kind, limit in limits.items()}
        self._own = MemoryStorage()
        self._connections: ConnectionPool | None = None
        self._shared: RedisStorage | None = None
        if redis_url is not None:
            self._connections = ConnectionPool.from_url(
                redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
            )
            # Typed for plain options, it takes a pool all the same.
            self._shared = RedisStorage(
                redis_url,
                implementation="redispy",
                connection_pool=self._connections,  # type: ignore[arg-type]
            )
        self._away_until = 0.0

    async def spend(self, *subjects: str) -> Allowance:
        """Counts one request of each subject, and says what the scarcest has left. Raises TooMany."""
        now = time.time()
        counted = [await self._count(subject, now) for subject in subjects]
        scarcest = min(counted, key=lambda allowance: allowance.remaining)
        if scarcest.remaining < 0:
            spent = Allowance(scarcest.limit, 0, scarcest.reset_seconds)
            raise TooMany(
                f"More than {scarcest.limit} requests came in this window; go on when it is over.",
                spent.reset_seconds,
                spent.headers,
            )
        return scarcest

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connections is not None:
            await self._connections.aclose()

    async def _count(self, subject: str, now: float) -> Allowance:
        limit = self._limits[subject.partition(":")[0]]
        seconds = limit.get_expiry()
        window = int(now // seconds)
        # A window is named by its number, so it begins at the same moment for every process.
        spent = await self._increased(f"{subject}/{window}", seconds)
        reset_seconds = max(1, round((window + 1) * seconds - now))
        return Allowance(limit.amount, limit.amount - spent, reset_seconds)

    async def _increased(self, key: str, seconds: int) -> int:
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    return await self._shared.incr(key, seconds)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("Redis does not answer (%s); each process counts by itself", type(error).__name__)
                self._away_until = time.monotonic() + AWAY_SECONDS
        return await self._own.incr(key, seconds)
