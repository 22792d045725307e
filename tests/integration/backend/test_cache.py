"""Kept answers and counted requests behave alike in process and in a real Redis; and while that is away."""

import asyncio
import pickle
from collections.abc import Awaitable, Callable, Iterator

import pytest
import redis
from prometheus_client import CollectorRegistry

from backend.cache import AnswerCache
from backend.errors import TooMany
from backend.limits import RateLimits
from backend.metrics import Metrics
from tests.integration.backend.redis_server import RedisServer, redis_server

LIMITS = {"key": "5/day", "address": "100/day"}


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(params=["in process", "redis"])
def url(request: pytest.FixtureRequest, server: RedisServer) -> str | None:
    """Where answers and counts are kept: nowhere else, or in an empty Redis."""
    if request.param == "in process":
        return None
    redis.Redis.from_url(server.url).flushall()
    return server.url


class Computation:
    """Counts how often it is asked, and takes its time."""

    def __init__(self, made: bytes = b"{}", seconds: float = 0.2) -> None:
        self.times = 0
        self._made = made
        self._seconds = seconds

    async def __call__(self) -> bytes:
        self.times += 1
        await asyncio.sleep(self._seconds)
        if not self._made:
            raise ValueError("nothing to say")
        return self._made


def with_caches(
    url: str | None, number: int, work: Callable[..., Awaitable[None]], metrics: Metrics | None = None
) -> None:
    """Runs work with as many caches as there are processes."""
    counted = metrics or Metrics(CollectorRegistry())

    async def run() -> None:
        caches = [AnswerCache(url, counted) for _ in range(number)]
        for cache in caches:
            await cache.__aenter__()
        try:
            await work(*caches)
        finally:
            for cache in caches:
                await cache.__aexit__(None, None, None)

    asyncio.run(run())


def test_many_who_wait_cost_one_computation_and_are_counted(url: str | None) -> None:
    metrics = Metrics(CollectorRegistry())

    async def work(cache: AnswerCache) -> None:
        compute = Computation()
        answers = await asyncio.gather(*(cache.answer("a", compute) for _ in range(50)))
        assert answers == [b"{}"] * 50
        assert await cache.answer("a", compute) == b"{}"
        assert compute.times == 1
        assert await cache.answer("b", Computation(b'{"b": 1}')) == b'{"b": 1}'
        figures = metrics.exposition().decode()
        for outcome, count in (("miss", 2), ("joined", 49), ("hit", 1)):
            assert f'customer_analyzer_api_kept_answers_total{{outcome="{outcome}"}} {count}.0' in figures
        assert "customer_analyzer_api_answers_computing 0.0" in figures

    with_caches(url, 1, work, metrics)


def test_processes_share_a_computation_in_redis(server: RedisServer) -> None:
    redis.Redis.from_url(server.url).flushall()

    async def work(*caches: AnswerCache) -> None:
        compute = Computation()
        await asyncio.gather(*(cache.answer("a", compute) for cache in caches for _ in range(5)))
        assert compute.times == 1

    with_caches(server.url, 3, work)


def test_a_failure_is_told_to_all_and_not_kept(url: str | None) -> None:
    async def work(cache: AnswerCache) -> None:
        failing = Computation(b"")
        answers = await asyncio.gather(*(cache.answer("a", failing) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [ValueError] * 3
        assert failing.times == 1
        assert await cache.answer("a", Computation()) == b"{}"

    with_caches(url, 1, work)


def test_who_goes_away_takes_no_answer_from_others(url: str | None) -> None:
    async def work(cache: AnswerCache) -> None:
        compute = Computation()
        first = asyncio.create_task(cache.answer("a", compute))
        second = asyncio.create_task(cache.answer("a", compute))
        await asyncio.sleep(0.05)
        first.cancel()
        assert await second == b"{}"
        assert compute.times == 1

    with_caches(url, 1, work)


def test_nothing_in_redis_is_unpickled(server: RedisServer) -> None:
    class Planted:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return pytest.fail, ("a pickle was read",)

    redis.Redis.from_url(server.url).set("a", pickle.dumps(Planted()))

    async def work(cache: AnswerCache) -> None:
        assert await cache.answer("a", Computation(b"[1]")) == b"[1]"

    with_caches(server.url, 1, work)


def test_answers_go_on_while_redis_is_away_and_are_kept_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.cache.AWAY_SECONDS", 0.1)
    with redis_server() as server:

        async def work(cache: AnswerCache) -> None:
            await cache.answer("a", Computation())
            server.stop()
            compute = Computation()
            assert await asyncio.gather(*(cache.answer("a", compute) for _ in range(9))) == [b"{}"] * 9
            assert compute.times == 1
            await asyncio.to_thread(server.start)
            await asyncio.sleep(0.2)
            again = Computation()
            await cache.answer("b", again)
            await cache.answer("b", again)
            assert again.times == 1

        with_caches(server.url, 1, work)


async def spent(limits: RateLimits, *subjects: str) -> tuple[int, int] | None:
    """What is left, and of how many; None where nothing is."""
    try:
        allowance = await limits.spend(*subjects)
    except TooMany as refused:
        assert refused.headers["ratelimit-remaining"] == "0"
        assert 1 <= int(refused.headers["retry-after"]) <= 86_400
        return None
    return allowance.remaining, allowance.limit


def test_each_subject_has_its_own_limit(url: str | None) -> None:
    async def run() -> None:
        async with RateLimits(LIMITS, url) as limits:
            assert [await spent(limits, "key:1") for _ in range(6)] == [*((left, 5) for left in (4, 3, 2, 1, 0)), None]
            assert await spent(limits, "key:2") == (4, 5)
            assert await spent(limits, "key:3", "address:::1") == (4, 5)
            assert await spent(limits, "address:::1") == (98, 100)

    asyncio.run(run())


def test_processes_count_together_in_redis(server: RedisServer) -> None:
    redis.Redis.from_url(server.url).flushall()

    async def run() -> None:
        async with RateLimits(LIMITS, server.url) as one, RateLimits(LIMITS, server.url) as other:
            assert [await spent(one, "key:1") for _ in range(3)][-1] == (2, 5)
            assert [await spent(other, "key:1") for _ in range(3)] == [(1, 5), (0, 5), None]

    asyncio.run(run())


def test_requests_at_the_same_moment_are_all_counted(url: str | None) -> None:
    async def run() -> None:
        async with RateLimits(LIMITS, url) as limits:
            left = await asyncio.gather(*(spent(limits, "key:1") for _ in range(40)))
            assert sum(each is not None for each in left) == 5

    asyncio.run(run())


def test_limits_hold_while_redis_is_away() -> None:
    with redis_server() as server:

        async def run() -> None:
            async with RateLimits(LIMITS, server.url) as limits:
                await spent(limits, "key:1")
                server.stop()
                left = [await spent(limits, "key:1") for _ in range(8)]
                assert left == [*((left, 5) for left in (4, 3, 2, 1, 0)), None, None, None]

        asyncio.run(run())
