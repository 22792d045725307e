"""Events that go from Postgres to the lake and back: row for row, once, whatever is killed in between."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ingestion import import_frames
from ingestion.accepting import Status
from ingestion.lake_accepting import accept
from ingestion.lake_copying import Copied, copy_to_lake, copy_to_postgres
from lake.catalogue import Lake
from simulator import Faults, simulate
from tests.integration.ingestion.test_accepting import EVENT, emptied, statuses
from tests.integration.lake.held import held

ROWS = (
    "select event_id, user_id, event_type, occurred_at, received_at, order_id, item_id, amount, currency, quantity,"
    " source, properties, base_amount from raw.events order by event_id"
)


def stored(lake: Lake) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.url) as connection:
        return connection.execute(ROWS).fetchall()


def bring(lake: Lake, users: int, seed: int) -> int:
    """Events of a made-up shop, some of them late or sent twice, in Postgres."""
    shop = list(simulate(users, 60, seed, faults=Faults(0.1, 0.05, 0.0)))
    return import_frames(lake.url, shop, f"shop {seed}").stored


class Stopped(Exception):
    """Raised in the middle of a copy."""


def stop_at(rows: int) -> Any:
    def show(copied: Copied) -> None:
        if copied.read >= rows:
            raise Stopped

    return show


def test_there_and_back_row_for_row(lake: Lake) -> None:
    accept_strange(lake)
    count = bring(lake, 80, 1) + 1
    before = stored(lake)
    assert len(before) == count
    shown: list[Copied] = []
    copied = copy_to_lake(lake, batch_rows=500, progress=shown.append)
    assert (copied.read, copied.stored) == (count, count)
    assert [each.read for each in shown] == sorted(each.read for each in shown)
    assert held(lake)["event_id"].n_unique() == held(lake).height == count
    with psycopg.connect(lake.url, autocommit=True) as connection:
        emptied(connection)
    back = copy_to_postgres(lake, batch_rows=700)
    assert (back.total, back.read, back.stored) == (count, count, count)
    assert stored(lake) == before
    assert copy_to_postgres(lake).known == count
    assert stored(lake) == before


def accept_strange(lake: Lake) -> None:
    """An event whose numbers have all the digits of a double, and whose JSON has all that JSON can have."""
    with psycopg.connect(lake.url, autocommit=True) as connection:
        connection.execute(
            "select raw.ensure_event_partitions(now(), now());"
            " insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, amount, currency,"
            " quantity, source, properties, base_amount) values (gen_random_uuid(), 'Köln \"x\"', 'purchase', now(),"
            " now(), 0.30000000000000004, 'USD', -1e-7, 'web', '{\"a\": [1.50, null, \"ü\"]}', 123456789.123457)"
        )


def test_a_copy_brings_what_is_new_and_a_stopped_one_goes_on(lake: Lake) -> None:
    first = bring(lake, 40, 1)
    with pytest.raises(Stopped):
        copy_to_lake(lake, batch_rows=200, progress=stop_at(600))
    assert 600 <= held(lake).height < first
    copied = copy_to_lake(lake, batch_rows=200)
    assert (copied.read, copied.known) == (first, first - copied.stored)
    assert copy_to_lake(lake).read == 0
    second = bring(lake, 40, 2)
    copied = copy_to_lake(lake)
    assert (copied.read, copied.stored) == (second, second)
    assert held(lake)["event_id"].n_unique() == held(lake).height == first + second
    with psycopg.connect(lake.url, autocommit=True) as connection:
        emptied(connection)
    with pytest.raises(Stopped):
        copy_to_postgres(lake, batch_rows=200, progress=stop_at(600))
    copy_to_postgres(lake)
    assert len(stored(lake)) == first + second


def test_an_id_belongs_to_one_event_on_both_sides(lake: Lake) -> None:
    accept(lake, [EVENT])
    with psycopg.connect(lake.url, autocommit=True) as connection:
        connection.execute("select raw.ensure_event_partitions(%(at)s, %(at)s)", {"at": EVENT["occurred_at"]})
        connection.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, amount, source)"
            " values (%s, 'a', 'purchase', %s, now(), 7, 'web')",
            [EVENT["event_id"], EVENT["occurred_at"]],
        )
    assert copy_to_lake(lake).conflicting == 1
    assert copy_to_postgres(lake).conflicting == 1
    assert held(lake)["amount"].to_list() == [0.1]
    with psycopg.connect(lake.url) as connection:
        assert connection.execute("select amount from raw.events").fetchall() == [(7,)]
        (reason,) = connection.execute("select reason from raw.events_quarantine").fetchall()[0]
    assert reason == "event_id is taken by an event with another amount, quantity, properties"


def test_what_was_copied_is_known_when_it_is_sent(lake: Lake) -> None:
    from ingestion import accepting

    with psycopg.connect(lake.url, autocommit=True) as connection:
        accepting.accept(connection, [EVENT])
    assert copy_to_lake(lake).stored == 1
    assert statuses(accept(lake, [EVENT, {**EVENT, "quantity": 4}])) == [Status.KNOWN, Status.CONFLICTING]
    assert held(lake)["received_at"].item() > datetime(2024, 2, 1, tzinfo=UTC)
