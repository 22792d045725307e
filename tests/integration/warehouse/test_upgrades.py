"""What migrations make of data that was there before them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from standalone.stack import Platform
from warehouse.migration import migrate, read_migrations

Connection = psycopg.Connection[tuple[Any, ...]]
Event = tuple[str, str, float | None, str | None, float | None]
NAME = "upgraded"


@pytest.fixture
def connection(empty_platform: Platform) -> Iterator[Connection]:
    """An empty database beside the warehouse."""
    with empty_platform.server.connect("postgres", autocommit=True) as postgres:
        postgres.execute(f"create database {NAME}".encode())
    with empty_platform.server.connect(NAME, autocommit=True) as connection:
        yield connection
    with empty_platform.server.connect("postgres", autocommit=True) as postgres:
        postgres.execute(f"drop database {NAME}".encode())


def migrated(connection: Connection, *events: Event) -> None:
    """To the version before currencies; then events are stored; then to the newest version."""
    migrations = read_migrations()
    before = next(place for place, each in enumerate(migrations) if each.name == "currencies")
    migrate(connection, migrations[:before])
    connection.execute("select raw.ensure_event_partitions('2025-03-01', '2025-03-01')")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, amount, currency,"
            " quantity, source, properties)"
            " values (gen_random_uuid(), %s, %s, '2025-03-10', '2025-03-11', %s, %s, %s, 'web', '{}')",
            events,
        )
    migrate(connection, migrations)


def test_currencies_that_were_added_up_wait_for_rates(connection: Connection) -> None:
    migrated(
        connection,
        ("a", "purchase", 10, "EUR", 1),
        ("b", "purchase", 1600, "JPY", 1),
        ("b", "purchase", 5, "EUR", 1),
        ("c", "purchase", 250, "XTR", 1),
        ("c", "purchase", 3, None, 1),
        ("c", "view", 0, "USD", 1),
        ("d", "view", None, "USD", 1),
    )
    assert connection.execute("select currency from raw.base_currency").fetchall() == [("EUR",)]
    query = "select user_id, amount::int, base_amount::int from raw.events where amount <> 0 order by 1, 2"
    assert connection.execute(query).fetchall() == [("a", 10, None), ("b", 5, None), ("c", 3, None), ("c", 250, 0)]
    ((reason, waits_for, row, xid),) = connection.execute(
        "select reason, waits_for, row, ingested_xid from raw.events_quarantine"
    ).fetchall()
    assert (reason, waits_for, xid) == ("amount is in JPY, which has no rate for 2025-03-10", "JPY", 0)
    assert (row["user_id"], row["amount"], row["properties"]) == ("b", 1600, {})
    assert row["received_at"].startswith("2025-03-11T00:00:00")


@pytest.mark.parametrize("currency", ["USD", None])
def test_a_shop_of_one_currency_stays_as_it_is(connection: Connection, currency: str | None) -> None:
    migrated(connection, ("a", "purchase", 10, currency, 1), ("a", "purchase", 5, None, 1))
    query = "select count(*), count(base_amount) from raw.events"
    assert connection.execute(query).fetchall() == [(2, 0)]
    settled = [(currency,)] if currency else []
    assert connection.execute("select currency from raw.base_currency").fetchall() == settled


def test_purchases_of_less_than_nothing_become_refunds(connection: Connection) -> None:
    amounts = [("purchase", 10, 1), ("purchase", -5, 1), ("purchase", 7, -1), ("view", -1, 1)]
    migrated(connection, *(("a", event_type, amount, None, quantity) for event_type, amount, quantity in amounts))
    query = "select event_type, amount::int from raw.events order by amount"
    assert connection.execute(query).fetchall() == [("refund", -5), ("view", -1), ("refund", 7), ("purchase", 10)]
