"""The marts on a real Postgres: an increment equals a rebuild, whenever and for whichever days it is made.

Belongs here: what only dbt and a database can show. Not: that a snapshot knows nothing of its future (test_time_rule),
what the yml says (tests/dbt_project), or single rules on a few rows, which are dbt unit tests and run here all at once.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 90
AS_OF_DATES = ("2024-02-10", "2024-03-01", "2024-03-20")
TYPES = (
    ["view"] * 4
    + ["purchase"] * 4
    + ["session_start", "message", "add_to_cart", "checkout", "refund", "notification_sent"]
    + ["notification_withheld", "notification_opened"]
    + ["feedback", "badge", "a_type_nobody_foresaw"]
)
MARTS = ("intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
ANALYTICS = ("daily_activity", "weekly_retention", "purchase_funnel", "customer_rfm", "segment_transitions")

Dbt = Callable[..., None]
Event = tuple[object, ...]


@pytest.fixture
def dbt(dbt: Dbt) -> Dbt:
    """dbt, told the days of these tests unless a test says otherwise."""

    def call(command: str, *arguments: str, **variables: object) -> None:
        dbt(
            command,
            *arguments,
            **{"as_of_dates": list(AS_OF_DATES), "horizon_days": 20, "known_until": "", **variables},
        )

    return call


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection on which every statement is its own transaction."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(
            "select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, FIRST_DAY + timedelta(days=DAYS + 60)]
        )
        yield connection


def random_events(seed: int, count: int = 1500) -> list[Event]:
    """Events of 30 users, in no order; a quarter is received late, by up to 40 days, and a few before they happen."""
    chance = random.Random(seed)
    events: list[Event] = []
    for _ in range(count):
        occurred = FIRST_DAY + timedelta(seconds=chance.randrange(DAYS * 86400))
        lag = chance.choice([0, 0, 0, 0, 0, 0, chance.randint(1, 3), chance.randint(1, 40), -1]) * 86400
        received = occurred + timedelta(seconds=lag + chance.randint(0, 3600))
        event_type = chance.choice(TYPES)
        has_money = event_type in ("purchase", "refund")
        amount = Decimal(chance.randint(-9999 if event_type == "refund" else 0, 9999)) / 100
        events.append(
            (
                UUID(int=chance.getrandbits(128)),
                f"user {chance.randrange(30)}",
                event_type,
                occurred,
                received,
                chance.choice([None, f"order {occurred:%j} {chance.randrange(2)}"]) if has_money else None,
                chance.choice([None, f"item {chance.randrange(9)}"]),
                chance.choice([None, amount, amount]) if has_money else None,
                Decimal(chance.randint(1, 5)) if has_money else None,
            )
        )
    return events


def insert(connection: psycopg.Connection[tuple[object, ...]], events: Iterable[Event]) -> None:
    """Stores events as the import would: in one transaction, each with that transaction's id."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, order_id, item_id,"
            " amount, quantity, source) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'import')",
            list(events),
        )


def rows(
    connection: psycopg.Connection[tuple[object, ...]], table: str, where: str = "true"
) -> list[tuple[object, ...]]:
    """Every row of a table as Postgres writes it, which for a double is exact to the last bit."""
    query = f"select marts::text from {table} as marts where {where} order by marts::text"  # noqa: S608
    return connection.execute(query.encode()).fetchall()


def everything(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, list[tuple[object, ...]]]:
    """All rows of every mart that takes increments."""
    return {table: rows(connection, table) for table in MARTS}


def test_the_whole_project_builds_and_all_its_tests_pass(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    insert(warehouse, random_events(seed=0))
    warehouse.execute(
        "insert into ml.scores (model, user_id, as_of, horizon_days, score, segment_id, segment, basis, model_version)"
        " select 'segmentation', 'user ' || n, date '2024-03-01' + day, 0, 1, 1 + (n + day) % 2, 'either', 'model', 1"
        " from generate_series(0, 3) as n, generate_series(0, 1) as day"
    )
    dbt("build")
    moves = warehouse.execute("select from_segment_id, to_segment_id, users from analytics.segment_transitions")
    assert set(moves) == {(1, 2, 2), (2, 1, 2)}
    for table in ANALYTICS:
        assert rows(warehouse, f"analytics.{table}")
    sums = warehouse.execute(
        "select (select sum(events) from analytics.daily_activity), (select count(*) from raw.events)"
    ).fetchone()
    assert sums is not None
    assert sums[0] == sums[1] == 1500


def test_an_empty_warehouse_builds(dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]) -> None:
    dbt("build", "--exclude", "resource_type:unit_test", as_of_dates=[])
    assert everything(warehouse) == {table: [] for table in MARTS}


def test_increments_equal_a_full_refresh(dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]) -> None:
    """Late, early, unordered events in four uneven batches, an empty increment, and one run twice."""
    events = random_events(seed=1)
    dbt("seed")
    for begin, end in ((0, 900), (900, 901), (901, 901), (901, 1400), (1400, 1500)):
        insert(warehouse, events[begin:end])
        dbt("run", "--select", "staging intermediate marts")
    incremental = everything(warehouse)
    dbt("run", "--select", "staging intermediate marts", "--full-refresh")
    assert incremental == everything(warehouse)
    assert all(incremental.values())


def test_a_day_is_read_again_only_when_it_was_touched(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    events = random_events(seed=2)
    dbt("seed")
    insert(warehouse, events[:-1])
    dbt("run", "--select", "staging intermediate")
    before = {row[0] for row in rows(warehouse, "(select xmin, d.* from intermediate.int_user_daily as d)")}
    insert(warehouse, events[-1:])
    dbt("run", "--select", "intermediate")
    after = {row[0] for row in rows(warehouse, "(select xmin, d.* from intermediate.int_user_daily as d)")}
    user_id, occurred_at = events[-1][1], events[-1][3]
    assert isinstance(occurred_at, datetime)
    assert after - before
    assert all(f'"{user_id}",{occurred_at:%Y-%m-%d}' in str(row) for row in after - before)


def test_a_transaction_that_commits_late_is_not_missed(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    """It began before the run looked, and committed after the run had stored how far it came."""
    events = random_events(seed=3, count=300)
    dbt("seed")
    with psycopg.connect(warehouse_url) as slow:
        insert(slow, events[:100])
        insert(warehouse, events[100:200])
        dbt("run", "--select", "staging intermediate")
        slow.commit()
    insert(warehouse, events[200:])
    dbt("run", "--select", "intermediate")
    seen = warehouse.execute("select sum(events) from intermediate.int_user_daily").fetchone()
    assert seen == (300,)


def test_a_snapshot_is_the_same_alone_and_among_others(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    insert(warehouse, random_events(seed=7))
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    together = everything(warehouse)
    for day in AS_OF_DATES:
        dbt("run", "--select", "marts", as_of_dates=[day])
    assert everything(warehouse) == together


def test_labels_of_a_blind_run_disappear_when_their_window_is_open_again(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    insert(warehouse, random_events(seed=9))
    dbt("seed")
    dbt("run", "--select", "staging intermediate user_labels")
    dbt("run", "--select", "user_labels", known_until="2024-03-01")
    days = warehouse.execute("select distinct as_of from marts.user_labels").fetchall()
    assert days == [(date(2024, 2, 10),)]
