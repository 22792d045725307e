"""Features by user id from a real Postgres: what is found, what is not, and coming back after trouble."""

import asyncio
import datetime
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import psycopg
import pytest

from serving.errors import SnapshotMissing, WarehouseUnavailable
from serving.online_features import PostgresStore, Snapshot
from serving.pool import WarehousePool
from serving.settings import ServingSettings

OLD, NEW = datetime.date(2024, 5, 1), datetime.date(2024, 6, 1)
NAMES = ("orders_total", "days_since_last_purchase")


@pytest.fixture
def mart(warehouse_url: str) -> str:
    """A mart of two snapshots: `a` is in both, `b` only in the newer one."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(
            "create table marts.user_features (user_id text, as_of date, orders_total bigint, "
            "days_since_last_purchase double precision, primary key (user_id, as_of))"
        )
        connection.cursor().executemany(
            "insert into marts.user_features values (%s, %s, %s, %s)",
            [("a", OLD, 1, 0.1), ("a", NEW, 3, 1 / 3), ("b", NEW, 0, None)],
        )
    return warehouse_url


@asynccontextmanager
async def pool_of(url: str, **settings: object) -> AsyncIterator[WarehousePool]:
    pool = WarehousePool(ServingSettings(warehouse_url=url, pool_timeout_seconds=1.0, **settings))
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def store_of(url: str) -> AsyncIterator[PostgresStore]:
    async with pool_of(url) as pool:
        yield PostgresStore(pool)


def features_of(snapshot: Snapshot) -> dict[str, list[float | None]]:
    rows = np.where(np.isnan(snapshot.values), None, snapshot.values).tolist()
    return {user_id: rows[place] for user_id, place in snapshot.places.items()}


def test_the_newest_snapshot_is_used_and_values_keep_every_bit(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            snapshot = await store.fetch(["b", "nobody", "a", "a"], NAMES, None)
            assert snapshot.as_of == NEW
            assert features_of(snapshot) == {"a": [3.0, 1 / 3], "b": [0.0, None]}
            assert features_of(await store.fetch(["a"], tuple(reversed(NAMES)), None)) == {"a": [1 / 3, 3.0]}

    asyncio.run(ask())


def test_an_older_snapshot_can_be_asked_for(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            snapshot = await store.fetch(["a", "b"], NAMES, OLD)
            assert (snapshot.as_of, features_of(snapshot)) == (OLD, {"a": [1.0, 0.1]})
            assert (await store.fetch(["nobody"], NAMES, OLD)).values.shape == (0, 2)

    asyncio.run(ask())


@pytest.fixture
def merged(mart: str) -> str:
    """The same mart; `old` and `older` belong to `a`, one of them since after the older snapshot."""
    far = datetime.date(9999, 12, 31)
    with psycopg.connect(mart, autocommit=True) as connection:
        connection.execute(
            "create table marts.merged_users (user_id text, valid_from date, valid_until date, shown_as text)"
        )
        connection.cursor().executemany(
            "insert into marts.merged_users values (%s, %s, %s, 'a')",
            [("old", NEW, far), ("older", OLD, NEW), ("b", OLD, NEW)],
        )
    return mart


def test_a_merged_user_is_found_by_the_old_id_while_it_is_merged(merged: str) -> None:
    async def ask() -> None:
        async with store_of(merged) as store:
            one, other = [3.0, 1 / 3], [1.0, 0.1]
            asked = ["old", "older", "b", "a", "nobody", "old"]
            assert features_of(await store.fetch(asked, NAMES, None)) == {"old": one, "b": [0.0, None], "a": one}
            assert features_of(await store.fetch(asked, NAMES, OLD)) == {"older": other, "b": other, "a": other}
            only = await store.fetch(["old"], NAMES, None)
            assert (only.as_of, features_of(only)) == (NEW, {"old": one})

    asyncio.run(ask())


def test_a_day_without_snapshot_is_told_from_an_unknown_user(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            with pytest.raises(SnapshotMissing, match="2020-01-01"):
                await store.fetch(["a"], NAMES, datetime.date(2020, 1, 1))

    asyncio.run(ask())


def test_a_user_id_is_a_value_and_never_sql(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            ids = ["'; drop table marts.user_features; --", "a}", '{"', "%s"]
            assert (await store.fetch(ids, NAMES, None)).places == {}
            assert (await store.fetch(["a"], NAMES, None)).places

    asyncio.run(ask())


def test_users_are_found_whatever_they_are_called(mart: str) -> None:
    names = ["a,b", 'a"b', "a\\", "\\", "{a}", "NULL", "null", " a ", "", "\n", "é😀", '\\"']
    with psycopg.connect(mart, autocommit=True) as connection:
        rows = [(name, NEW, place, None) for place, name in enumerate(names)]
        connection.cursor().executemany("insert into marts.user_features values (%s, %s, %s, %s)", rows)

    async def ask() -> None:
        async with store_of(mart) as store:
            found = features_of(await store.fetch(names, NAMES, None))
            assert found == {name: [float(place), None] for place, name in enumerate(names)}

    asyncio.run(ask())


@pytest.mark.parametrize("statement", ["drop table marts.user_features", "drop schema marts cascade"])
def test_without_a_mart_features_are_unavailable(mart: str, statement: str) -> None:
    with psycopg.connect(mart, autocommit=True) as connection:
        connection.execute(statement)

    async def ask() -> None:
        async with store_of(mart) as store:
            with pytest.raises(WarehouseUnavailable, match="no feature mart"):
                await store.fetch(["a"], NAMES, None)

    asyncio.run(ask())


def test_a_mart_without_the_feature_says_so(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            with pytest.raises(WarehouseUnavailable, match="lacks a feature"):
                await store.fetch(["a"], ("shoe_size",), None)

    asyncio.run(ask())


def test_connections_that_were_cut_are_replaced_unnoticed(mart: str) -> None:
    async def ask() -> None:
        async with store_of(mart) as store:
            for _ in range(3):
                assert (await store.fetch(["a"], NAMES, None)).places
                await asyncio.to_thread(cut_connections, mart)

    asyncio.run(ask())


def cut_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # As the login itself, whose sessions they are, and not as its role.
        connection.execute("set role none")
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'customer-analyzer serving'"
        )


def test_a_database_that_is_away_costs_a_bounded_wait() -> None:
    async def ask() -> float:
        async with store_of("postgresql://nobody@127.0.0.1:9/warehouse") as store:
            started = time.monotonic()
            with pytest.raises(WarehouseUnavailable, match="does not answer"):
                await store.fetch(["a"], NAMES, None)
            return time.monotonic() - started

    assert asyncio.run(ask()) < 3


def test_a_query_that_takes_too_long_is_given_up_and_its_connection_serves_the_next(mart: str) -> None:
    async def ask() -> None:
        async with pool_of(mart, statement_timeout_seconds=0.5, pool_size=1) as pool:
            with pytest.raises(WarehouseUnavailable, match="does not answer"):
                await pool.rows("select pg_sleep(30)", [])
            assert await pool.rows("select 1", []) == [(1,)]

    asyncio.run(ask())
