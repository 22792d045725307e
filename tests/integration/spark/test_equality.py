"""Spark builds what Postgres builds, to the last bit, day by day and all at once.

Belongs here: made-up histories of many users, side by side in a few builds on both engines (`SOAK_USERS`: how many in
the long test). Does not: what the numbers mean (tests/integration/dbt_project), and what a cluster may lose
(test_cluster).
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from psycopg import sql
from pydantic import SecretStr

from core.home import prepare_home
from core.settings import Settings
from dbt_project import PROJECT
from ingestion.lake_copying import copy_to_lake
from lake.marts import PUBLISHED
from lake.publishing import publish
from lake.session import spark_session
from orchestration.backfill import Backfilled, backfill_with_spark
from privacy.erasure import erase_user
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.spark.conftest import MODELS_ONLY, ON_POSTGRES, Marts
from warehouse.database import Database

pytestmark = pytest.mark.system("java", "mvn")

SUMS = "intermediate.int_user_sums"
TABLES = (
    "staging.event_types", "intermediate.int_identities", "intermediate.int_user_daily", SUMS,
    "marts.user_features", "marts.user_labels", "analytics.customer_rfm", "analytics.daily_activity",
    "analytics.item_popularity", "analytics.items_bought_together", "analytics.purchase_funnel",
    "analytics.weekly_retention",
)  # fmt: skip
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
# What is received before each of these days is built as of it.
DAYS = ("2024-02-10", "2024-03-01", "2024-03-20")
LATEST = datetime(2024, 3, 20, tzinfo=UTC)
TYPES = [
    "purchase", "purchase", "purchase", "refund", "view", "session_start", "command", "message", "search",
    "add_to_cart", "checkout", "notification_sent", "notification_opened", "feedback", "badge", "nobody foresaw it",
]  # fmt: skip
# What goes on from what is stored; all else is made as a whole every time.
CARRIED_ON = (
    "--select", "event_types", "stg_events", "int_identities", "int_user_daily", "int_user_sums", "user_features",
    "user_labels",
)  # fmt: skip
USERS = int(os.environ.get("SOAK_USERS", "300"))
AMOUNTS = [None, "0", "9.99", "0.3333333333333333", "-5", "1000000000000", "0.0005", "12.34565", "1e-6"]

Event = dict[str, Any]
Rows = list[tuple[str, ...]]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """The events of one user, of whom anything may be late, twice, or in another currency."""
    found: list[Event] = []
    for _ in range(draw(st.integers(1, 8))):
        received = FIRST_DAY + timedelta(seconds=draw(st.integers(0, int((LATEST - FIRST_DAY).total_seconds()) - 1)))
        lag = timedelta(days=draw(st.sampled_from([0, 0, 0, 0, 1, 7, 40, 400, -1])))
        event_type = draw(st.sampled_from(TYPES))
        is_money = event_type in ("purchase", "refund")
        amount = draw(st.sampled_from(AMOUNTS)) if is_money else None
        is_foreign = amount is not None and draw(st.booleans())
        event = {
            "event_type": event_type,
            "occurred_at": received - lag,
            "received_at": received,
            "order_id": draw(st.sampled_from([None, "order 1", "order 2"])) if is_money else None,
            "item_id": draw(st.sampled_from([None, "item 1", "item 2", "Ünï", "item 10"])),
            "amount": amount,
            "currency": "USD" if is_foreign else None,
            "base_amount": Decimal(repr(float(amount) / 4)) if is_foreign and amount else None,
            "quantity": draw(st.sampled_from([None, 1, 2, Decimal("0.5")])) if is_money else None,
            "source": draw(st.sampled_from(["telegram", "web", "mobile", "import"])),
        }
        found += [event] * draw(st.sampled_from([1, 1, 1, 2]))
    return found


def drawn(number: int, chance: int) -> list[Event]:
    """The events of so many users, the same ones for the same chance. Ids are in an order of their own."""
    found: list[Event] = []

    @seed(chance)
    @settings(
        max_examples=number, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(histories())
    def draw(history: list[Event]) -> None:
        user = len(found) * 7919 % 100_003
        found.extend({**event, "user_id": f"user {user}"} for event in history)

    draw()
    return [{**event, "event_id": UUID(int=chance << 64 | place)} for place, event in enumerate(found)]


def store(connection: psycopg.Connection[tuple[object, ...]], events: Sequence[Event]) -> None:
    """Stores events as the import would: in one transaction."""
    columns = list(events[0])
    query = sql.SQL("insert into raw.events ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Placeholder, columns))
    )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(query, events)


def exact(value: object) -> str:
    """A value as text that differs where a bit differs. Decimals are equal where their values are."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return str(value)


def sorted_rows(rows: Iterable[Iterable[object]]) -> Rows:
    return sorted(tuple(exact(value) for value in row) for row in rows)


def of_postgres(connection: psycopg.Connection[tuple[object, ...]], table: str) -> tuple[list[str], Rows]:
    """The columns and rows of a table."""
    cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(*table.split("."))))
    return [column.name for column in cursor.description or []], sorted_rows(cursor.fetchall())


def of_spark(marts: Marts, *tables: str) -> dict[str, tuple[list[str], Rows]]:
    """The same of tables in the lake."""
    with spark_session(marts.spark.remote) as session:
        frames = {table: session.table(table).toArrow() for table in tables}
    return {
        table: (frame.column_names, sorted_rows(zip(*(column.to_pylist() for column in frame.columns), strict=True)))
        for table, frame in frames.items()
    }


def agree(marts: Marts, warehouse: psycopg.Connection[tuple[object, ...]]) -> None:
    """Every table is the same on both engines."""
    found = of_spark(marts, *TABLES)
    for table in TABLES:
        columns, expected = of_postgres(warehouse, table)
        assert found[table][0] == columns, table
        rows = found[table][1]
        if table == SUMS:
            # Of these, each engine keeps the days that its last build needed.
            day = columns.index("as_of")
            expected, rows = ([row for row in each if row[day] == DAYS[-1]] for each in (expected, rows))
        differing = difference(columns, expected, rows)
        assert not differing, f"{table}: {differing}"


def difference(columns: Sequence[str], expected: Rows, found: Rows) -> str:
    """How the rows of two tables differ, by the first that do; empty where they are the same."""
    missing, unexpected = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    if not missing and not unexpected:
        return ""
    one, other = min(missing, default=()), min(unexpected, default=())
    pairs = {name: (one[place : place + 1], other[place : place + 1]) for place, name in enumerate(columns)}
    told = [f"{name} {pair}" for place, (name, pair) in enumerate(pairs.items()) if place < 3 or pair[0] != pair[1]]
    return f"{missing.total()} rows are missing, {unexpected.total()} are not expected, the first: {', '.join(told)}"


def prepared(warehouse: psycopg.Connection[tuple[object, ...]], users: int, chance: int) -> list[Event]:
    """The events of so many users, some of whom are the same person; nothing is stored yet."""
    events = drawn(users, chance)
    warehouse.execute("select raw.ensure_event_partitions('2022-10-01', '2024-04-30')")
    join(warehouse, ids_of(events)[:18])
    return events


def ids_of(events: Iterable[Event]) -> list[str]:
    return sorted({event["user_id"] for event in events})


def join(warehouse: psycopg.Connection[tuple[object, ...]], ids: Sequence[str]) -> None:
    """Says of every second id that it is the one after it, since the first day."""
    pairs = zip(ids[::2], ids[1::2], strict=True)
    joined = "select raw.alias_user(%s, %s, %s, 'a test', null)"
    warehouse.cursor().executemany(joined, [(old, new, FIRST_DAY) for old, new in pairs])


def arriving(events: Iterable[Event]) -> list[list[Event]]:
    """The events by the build that first knows them: the one after they were received.

    Every eleventh is of an old history that is imported before the next build: what was built without it is no longer
    true.
    """
    parts: list[list[Event]] = [[] for _ in DAYS]
    for place, event in enumerate(events):
        received = f"{event['received_at']:%Y-%m-%d}"
        part = sum(received >= day for day in DAYS) + (place % 11 == 0)
        parts[min(part, len(DAYS) - 1)].append(event)
    return parts


def known(days: Sequence[str]) -> dict[str, object]:
    """What dbt is told of a build as of some days."""
    return {"as_of_dates": list(days), "horizon_days": 19, "known_until": days[-1]}


def test_an_increment_on_spark_is_what_postgres_builds(
    marts: Marts, parsed: Parsed, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    first, second, third = arriving(prepared(warehouse, 60, 0))
    for arrived, days, models in (first, DAYS[:1], CARRIED_ON), ([*second, *third], DAYS, ()):
        store(warehouse, arrived)
        copy_to_lake(marts.lake)
        marts.build("build", *MODELS_ONLY, *models, **known(days))
    parsed.call("build", "--exclude", ON_POSTGRES, *MODELS_ONLY, **known(DAYS))
    agree(marts, warehouse)


@pytest.mark.soak
@pytest.mark.parametrize("chance", range(1, 6))
def test_increments_and_a_rebuild_on_spark_are_what_postgres_builds(
    marts: Marts,
    parsed: Parsed,
    warehouse: psycopg.Connection[tuple[object, ...]],
    warehouse_url: str,
    tmp_path: Path,
    chance: int,
) -> None:
    """Increments on both engines, of users who are also joined and erased in between; then everything anew."""
    events = prepared(warehouse, USERS, chance)
    ids = ids_of(events)
    for place, arrived in enumerate(arriving(events)):
        models = CARRIED_ON if place + 1 < len(DAYS) else ()
        if place == 1:
            join(warehouse, ids[20:30])
        store(warehouse, [event for event in arrived if place < 2 or event["user_id"] not in ids[::15]])
        copy_to_lake(marts.lake)
        parsed.call("build", "--exclude", ON_POSTGRES, *MODELS_ONLY, *models, **known(DAYS[: place + 1]))
        marts.build("build", *MODELS_ONLY, *models, **known(DAYS[: place + 1]))
        if place == 1:
            for user_id in ids[::15]:
                erase_user(Database(warehouse_url), prepare_home(tmp_path), user_id, [], is_expected=True)
    agree(marts, warehouse)

    marts.build("build", *MODELS_ONLY, *CARRIED_ON, "--full-refresh", **known(DAYS))
    agree(marts, warehouse)

    publish(marts.lake, PUBLISHED, every_day=True)
    agree(marts, warehouse)


@pytest.mark.soak
def test_past_days_are_what_postgres_builds(
    marts: Marts, parsed: Parsed, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str, tmp_path: Path
) -> None:
    """By the command, pass after pass in one session: they are in Postgres afterwards, and what is there is left."""
    store(warehouse, prepared(warehouse, 100, 7))
    days = [date.fromisoformat(day) for day in DAYS]
    settings = Settings(
        home=tmp_path, engine="spark", spark_remote=SecretStr(marts.spark.remote), lake=marts.spark.location
    )
    call = partial(
        backfill_with_spark, Database(warehouse_url), settings, prepare_home(tmp_path), PROJECT, tmp_path / "dbt"
    )
    assert call(days[:2], 19, days_a_pass=1) == Backfilled(2, 2)
    assert call(days, 19) == Backfilled(3, 1)
    tables = "marts.user_features", "marts.user_labels"
    by_spark = {table: of_postgres(warehouse, table) for table in tables}
    parsed.call("build", "--exclude", ON_POSTGRES, *MODELS_ONLY, *CARRIED_ON, **{**known(DAYS), "known_until": ""})
    for table in tables:
        columns, rows = of_postgres(warehouse, table)
        assert by_spark[table][0] == columns
        assert not difference(columns, rows, by_spark[table][1]), table


@pytest.mark.soak
def test_every_test_of_the_project_passes_on_spark(
    marts: Marts, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    """The tests of data and the unit tests in yml."""
    warehouse.execute("select raw.ensure_event_partitions('2022-10-01', '2024-04-30')")
    store(warehouse, drawn(100, 1))
    copy_to_lake(marts.lake)
    marts.build("build", **known(DAYS))
