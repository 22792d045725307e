"""Events that come one by one: each stored once, stamped by the receiver, and no snapshot of the past changes."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import import_files
from ingestion.accepting import Outcome, Problem, Status, accept, accept_async
from tests.integration.dbt_project.shop import AS_OF_DATES, Dbt, insert, random_events, rows

Connection = psycopg.Connection[tuple[object, ...]]

EVENT: dict[str, object] = {
    "event_id": "00000000-0000-0000-0000-000000000001",
    "user_id": "a",
    "event_type": "purchase",
    "occurred_at": "2024-01-31T23:59:59.123456Z",
    "amount": 0.1,
    "quantity": 3,
    "source": "web",
    "properties": {"b": 1, "a": [1.5]},
}
COLUMNS = (
    "event_id::text, user_id, event_type, occurred_at, order_id, item_id, amount, currency, quantity, source,"
    " properties"
)


@pytest.fixture
def connection(shared_warehouse_url: str) -> Iterator[Connection]:
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        emptied(connection)
        yield connection


def emptied(connection: Connection) -> None:
    connection.execute("truncate raw.events, raw.imports, raw.events_quarantine, raw.erased_users, raw.archives")


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def test_each_event_has_an_answer_and_sending_again_changes_nothing(connection: Connection) -> None:
    before = datetime.now(UTC)
    other = {**EVENT, "amount": 0.2, "occurred_at": "2023-06-01"}
    second = {**EVENT, "event_id": str(uuid4()), "source": ""}
    bad = {**EVENT, "event_id": str(uuid4()), "user_id": None}
    batch = [EVENT, EVENT, other, second, bad, "no event"]
    first = accept(connection, batch, source="mobile")
    assert statuses(first) == [Status.STORED, Status.KNOWN, Status.CONFLICTING, Status.STORED, *[Status.REFUSED] * 2]
    assert [problem.field for problem in first[2].problems] == ["occurred_at", "amount"]
    assert first[4].problems == (Problem("user_id", "is missing"),)

    def held() -> list[list[tuple[object, ...]]]:
        events = "select source, received_at, amount::text from raw.events order by event_id = %s desc"
        quarantine = "select import_id, row_number, reason, row from raw.events_quarantine order by row_number"
        return [
            connection.execute(events, [UUID(str(EVENT["event_id"]))]).fetchall(),
            connection.execute(quarantine).fetchall(),
        ]

    stored, refused = held()
    assert [(source, amount) for source, _, amount in stored] == [("web", "0.1"), ("mobile", "0.1")]
    assert all(
        before - timedelta(minutes=1) < moment < datetime.now(UTC) + timedelta(minutes=1) for _, moment, _ in stored
    )
    assert [row[:3] for row in refused] == [
        (None, 3, "event_id is taken by an event with another occurred_at, amount"),
        (None, 5, "user_id is missing"),
        (None, 6, "the row is not a JSON object: it is not between braces"),
    ]
    assert [row[3] for row in refused] == [other, bad, "no event"]
    again = accept(connection, batch, source="mobile")
    assert statuses(again) == [Status.KNOWN, Status.KNOWN, Status.CONFLICTING, Status.KNOWN, *[Status.REFUSED] * 2]
    assert held() == [stored, refused]


def test_a_batch_is_part_of_the_callers_transaction(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        assert statuses(accept(connection, [EVENT])) == [Status.STORED]
    assert statuses(accept(connection, [EVENT])) == [Status.STORED]
    assert connection.execute("select count(*) from raw.events").fetchall() == [(1,)]


def test_awaiting_is_the_same(shared_warehouse_url: str, connection: Connection) -> None:
    async def sent() -> list[Outcome]:
        async with await psycopg.AsyncConnection.connect(shared_warehouse_url, autocommit=True) as awaited:
            return await accept_async(awaited, [EVENT, EVENT, {}])

    outcomes = asyncio.run(sent())
    assert statuses(outcomes) == [Status.STORED, Status.KNOWN, Status.REFUSED]
    assert statuses(accept(connection, [EVENT])) == [Status.KNOWN]


TEXTS = st.sampled_from(["a", "tg-1", 'Köln "x"', " ", "", "2024-02-30"])
SENT = st.fixed_dictionaries(
    {
        "event_id": st.integers(0, 5).map(lambda number: f"{number:032x}"),
        "user_id": TEXTS | st.integers(0, 9) | st.none(),
        "event_type": st.sampled_from(["view", "Add To Cart", "wink"]),
        "occurred_at": st.sampled_from(["2024-01-05", "2024-01-05T10:00:00+03:00", 1704448800, "never"]),
    },
    optional={
        "amount": st.integers(-10_000_000, 10_000_000).map(lambda cents: cents / 100) | st.sampled_from(["x", True]),
        "currency": st.sampled_from(["EUR", "eur", "euro", ""]),
        "quantity": st.integers(-3, 3) | st.none(),
        "item_id": TEXTS,
        "properties": st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2) | TEXTS,
        "lang": TEXTS | st.none(),
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENT, min_size=1, max_size=8))
def test_a_file_and_a_batch_store_the_same(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path, events: list[dict[str, object]]
) -> None:
    """By either way the same events are stored and the same rows refused; only who says when they came differs."""
    query = f"select {COLUMNS} from raw.events order by event_id"  # noqa: S608
    reasons = "select row_number, reason, row from raw.events_quarantine order by row_number"
    emptied(connection)
    outcomes = accept(connection, events, source="web")
    accepted, refused = connection.execute(query.encode()).fetchall(), connection.execute(reasons.encode()).fetchall()
    emptied(connection)
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    (result,) = import_files(shared_warehouse_url, [file], source="web")
    assert connection.execute(query.encode()).fetchall() == accepted
    kept = {
        (row, reason): number
        for number, reason, row in map(comparable, connection.execute(reasons.encode()).fetchall())
    }
    assert {(row, reason) for _, reason, row in map(comparable, refused)} == set(kept)
    counts = Counter(statuses(outcomes))
    assert (counts[Status.STORED], counts[Status.KNOWN]) == (result.stored, result.known)
    assert counts[Status.REFUSED] + counts[Status.CONFLICTING] == result.quarantined


def comparable(row: tuple[object, ...]) -> tuple[object, object, str]:
    return row[0], row[1], json.dumps(row[2], sort_keys=True)


def test_an_import_knows_what_came_one_by_one(
    shared_warehouse_url: str, connection: Connection, tmp_path: Path
) -> None:
    accept(connection, [EVENT])
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps({**EVENT, **change}) + "\n" for change in ({}, {"occurred_at": "2023-06-01"})))
    (result,) = import_files(shared_warehouse_url, [file])
    assert (result.stored, result.known, result.conflicting) == (0, 1, 1)


def test_an_id_that_is_sent_twice_at_once_is_stored_once(shared_warehouse_url: str, connection: Connection) -> None:
    """Also with two times, which the primary key of a table partitioned by time does not see."""
    chance = random.Random(5)
    ids = [str(UUID(int=chance.getrandbits(128))) for _ in range(300)]

    def send(day: int) -> list[Outcome]:
        batch = [{**EVENT, "event_id": each, "occurred_at": f"2024-0{1 + day % 3}-01"} for each in ids]
        random.Random(day).shuffle(batch)
        with psycopg.connect(shared_warehouse_url, autocommit=True) as own:
            return [outcome for at in range(0, 300, 100) for outcome in accept(own, batch[at : at + 100])]

    with ThreadPoolExecutor(6) as executor:
        counts = Counter(each.status for outcomes in executor.map(send, range(6)) for each in outcomes)
    assert connection.execute("select count(*), count(distinct event_id) from raw.events").fetchall() == [(300, 300)]
    assert counts[Status.STORED] == 300
    assert counts.total() == 6 * 300
    assert set(counts) == {Status.STORED, Status.KNOWN, Status.CONFLICTING}


def test_events_of_users_who_were_erased_are_nowhere(connection: Connection) -> None:
    connection.execute("insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash('a'), '[]')")
    events = [
        EVENT,
        {**EVENT, "event_id": str(uuid4()), "user_id": "b"},
        {**EVENT, "occurred_at": "never"},
        {"id": "a"},
    ]
    assert statuses(accept(connection, events)) == [Status.ERASED, Status.STORED, Status.ERASED, Status.ERASED]
    assert connection.execute("select user_id from raw.events").fetchall() == [("b",)]
    assert connection.execute("select count(*) from raw.events_quarantine").fetchall() == [(0,)]


def test_an_event_of_an_archived_month_is_refused_and_stops_no_other(connection: Connection) -> None:
    connection.execute("select raw.ensure_event_partitions('2019-05-01', '2019-05-01')")
    connection.execute("alter table raw.events_2019_05 add constraint is_archived check (false)")
    connection.execute(
        "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day)"
        " values (repeat('0', 64), '2019-05-01', '/nowhere', 1, '', '2019-05-01')"
    )
    late = {**EVENT, "event_id": str(uuid4()), "occurred_at": "2019-05-31T23:59:59Z"}
    found = accept(connection, [late, EVENT])
    assert found == [
        Outcome(Status.REFUSED, (Problem("occurred_at", "is in a month that is archived"),)),
        Outcome(Status.STORED),
    ]
    connection.execute("drop table raw.events_2019_05")


LATE = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.uuids().map(str),
            "user_id": st.sampled_from([*(f"user {number}" for number in range(4)), "a new one"]),
            "event_type": st.sampled_from(["view", "purchase", "refund", "session_start", "notification_sent"]),
            "occurred_at": st.datetimes(datetime(2023, 11, 1), datetime(2024, 5, 1)).map(str),
            "source": st.just("telegram"),
        },
        optional={
            "amount": st.floats(0, 1000),
            "order_id": st.sampled_from(["order 1", "order 2"]),
            "item_id": st.sampled_from(["item 1", "item 2"]),
            "received_at": st.datetimes(datetime(2023, 11, 1), datetime(2024, 5, 1)).map(str),
        },
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LATE)
def test_no_event_changes_the_features_of_a_day_that_had_begun(
    dbt: Dbt, warehouse: Connection, events: list[dict[str, Any]]
) -> None:
    """However old an event says it is: carried on or built anew, snapshots of the past are the same to the last bit."""
    features = "marts.user_features"
    warehouse.execute("truncate raw.events")
    insert(warehouse, random_events(11, 400))
    dbt("seed")
    dbt("run", "--full-refresh", "--select", "staging intermediate user_features")
    before = rows(warehouse, features)
    (today,) = warehouse.execute("select current_date::text").fetchall()[0]
    outcomes = accept(warehouse, events)
    assert all(
        (found.status is Status.REFUSED) == ("received_at" in event)
        for found, event in zip(outcomes, events, strict=True)
    )

    for how in ((), ("--full-refresh",)):
        dbt("run", *how, "--select", "staging intermediate user_features", as_of_dates=[*AS_OF_DATES, str(today)])
        assert rows(warehouse, features, f"as_of <> '{today}'") == before
