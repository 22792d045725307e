"""First answers in a real Postgres: across workers and restarts, bounded in time and size."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from serving.errors import KeyReused, WarehouseUnavailable
from serving.first_answers import StoredAnswers
from serving.pool import WarehousePool
from serving.settings import ServingSettings
from standalone.stack import Platform
from tests.integration.serving.shop import HEADERS, Shop, eventually, service
from warehouse.databases import WAREHOUSE
from warehouse.first_answers import KeyedRequest

ASKED = {"user_ids": ["0", "17", "somebody-new"]}


def keyed(name: str, body: str = "body", *, key_id: int = 1, model: str = "churn") -> KeyedRequest:
    return KeyedRequest(key_id, model, name, hashlib.sha256(body.encode()).digest())


@asynccontextmanager
async def answers_in(url: str, **settings: object) -> AsyncIterator[StoredAnswers]:
    given = ServingSettings(warehouse_url=url, **settings)
    pool = WarehousePool(given)
    await pool.open()
    try:
        yield StoredAnswers(pool, given)
    finally:
        await pool.close()


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        yield connection


def test_the_first_answer_stays_and_belongs_to_caller_model_and_request(warehouse_url: str) -> None:
    async def ask() -> None:
        async with answers_in(warehouse_url) as answers:
            assert await answers.recall(keyed("a")) is None
            assert await answers.keep(keyed("a"), b'{"a": "\xc3\xa9 \\u0000"}') == b'{"a": "\xc3\xa9 \\u0000"}'
            assert await answers.keep(keyed("a"), b"later") == b'{"a": "\xc3\xa9 \\u0000"}'
            assert await answers.recall(keyed("a")) == b'{"a": "\xc3\xa9 \\u0000"}'
            for other in (keyed("a", key_id=2), keyed("a", model="purchase"), keyed("b")):
                assert await answers.recall(other) is None
            for call in (answers.recall(keyed("a", "another")), answers.keep(keyed("a", "another"), b"x")):
                with pytest.raises(KeyReused):
                    await call

    asyncio.run(ask())


def test_an_expired_answer_is_forgotten_and_its_key_may_be_used_for_anything(
    warehouse_url: str, connection: psycopg.Connection[Any]
) -> None:
    async def ask() -> None:
        async with answers_in(warehouse_url) as answers:
            await answers.keep(keyed("a"), b"first")
            await answers.keep(keyed("b"), b"first")
            connection.execute("update ml.first_answers set expires_at = now()")
            assert await answers.recall(keyed("a", "another")) is None
            assert await answers.keep(keyed("a", "another"), b"second") == b"second"
            assert await answers.recall(keyed("a", "another")) == b"second"
            assert await answers.sweep() == 1

    asyncio.run(ask())
    assert connection.execute("select idempotency_key from ml.first_answers").fetchall() == [("a",)]


def test_the_oldest_answers_go_where_there_are_too_many(
    warehouse_url: str, connection: psycopg.Connection[Any]
) -> None:
    async def ask() -> None:
        async with answers_in(warehouse_url, first_answers_max_bytes=2500) as answers:
            for name in "abcd":
                await answers.keep(keyed(name), b"x" * 1000)
            assert await answers.sweep() == 2

    asyncio.run(ask())
    kept = connection.execute("select idempotency_key from ml.first_answers order by 1").fetchall()
    assert kept == [("c",), ("d",)]


def test_a_warehouse_that_is_older_than_the_service_is_unavailable(
    empty_platform: Platform, warehouse_url: str
) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as owner:
        owner.execute("drop table ml.first_answers")

    async def ask() -> None:
        async with answers_in(warehouse_url) as answers:
            with pytest.raises(WarehouseUnavailable, match="migrate"):
                await answers.recall(keyed("a"))

    asyncio.run(ask())


def test_a_key_gets_one_answer_across_workers_swaps_outages_and_restarts(shop: Shop, tmp_path: Path) -> None:
    first, second = shop.versions
    shop.deploy(first)
    key = uuid.uuid4().hex

    def ask(client: httpx.Client, body: object = ASKED) -> httpx.Response:
        return client.post("/predict", json=body, headers={"idempotency-key": key})

    def ask_by_a_connection_of_its_own(_: int) -> bytes:
        with httpx.Client(base_url=shop.service.client.base_url, headers=HEADERS, trust_env=False) as client:
            return ask(client).raise_for_status().content

    with ThreadPoolExecutor(8) as callers:
        answers = set(callers.map(ask_by_a_connection_of_its_own, range(24)))
    shop.deploy(second)
    with ThreadPoolExecutor(8) as callers:
        answers |= set(callers.map(ask_by_a_connection_of_its_own, range(24)))
    (answer,) = answers
    assert ask(shop.service.client, {"user_ids": ["0"]}).status_code == 422
    with shop.postgres_away():
        assert ask(shop.service.client).status_code == 503
        assert shop.service.ask_features("1").status_code == 200
    eventually(lambda: ask(shop.service.client).status_code == 200, "recovered")
    with service(shop.home, str(shop.bento), tmp_path) as restarted:
        replayed = ask(restarted.client)
    assert replayed.content == answer
    assert replayed.headers["idempotent-replayed"] == "true"
    ids = [row["prediction_id"] for row in replayed.json()["predictions"]]
    eventually(lambda: shop.recorded(ids) == len(ids), "recorded")
    recorded = shop.connection.execute("select count(*) from ml.ledger where idempotency_key = %s", (key,))
    assert recorded.fetchall() == [(3,)]
