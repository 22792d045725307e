"""Spark builds what Postgres builds, to the last bit, day by day and all at once.

Belongs here: made-up histories of many users, side by side in a few builds on both engines (`SOAK_USERS`: how many in
the long test). Does not: what the numbers mean (tests/integration/dbt_project), and what a cluster may lose
(test_cluster).
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from core.home import prepare_home
from core.settings import Settings
from dbt_project import PROJECT
from ingestion.lake_copying import copy_to_lake
from lake.catalogue import Lake
from lake.marts import PUBLISHED
from lake.publishing import publish
from lake.session import spark_session
from orchestration.backfill import Backfilled, backfill_with_spark
from privacy.erasure import erase_user
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.spark.conftest import MODELS_ONLY, ON_POSTGRES, Marts
from tests.integration.spark.histories import DAYS, arriving, drawn, ids_of, join, known, prepared, store
from warehouse.database import Database

pytestmark = pytest.mark.system("java", "mvn")

SUMS = "intermediate.int_user_sums"
OF_USERS = (
    "staging.event_types", "intermediate.int_identities", "intermediate.int_user_daily", SUMS, "marts.user_features",
    "marts.user_labels",
)  # fmt: skip
TABLES = (
    *OF_USERS, "analytics.customer_rfm", "analytics.daily_activity",
    "analytics.item_popularity", "analytics.items_bought_together", "analytics.purchase_funnel",
    "analytics.weekly_retention",
)  # fmt: skip
USERS = int(os.environ.get("SOAK_USERS", "300"))
# What goes on from what is stored; all else is made as a whole every time.
CARRIED_ON = (
    "--select", "event_types", "stg_events", "int_identities", "int_user_daily", "int_user_sums", "user_features",
    "user_labels",
)  # fmt: skip

Rows = list[tuple[str, ...]]


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


def agree(marts: Marts, warehouse: psycopg.Connection[tuple[object, ...]], tables: Sequence[str] = TABLES) -> None:
    """Every table is the same on both engines."""
    found = of_spark(marts, *tables)
    for table in tables:
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


def built_by_postgres(parsed: Parsed, warehouse: psycopg.Connection[tuple[object, ...]], lake: Lake) -> None:
    """Histories of a few users, as Postgres builds them; their events are in the lake."""
    store(warehouse, prepared(warehouse, 40, 6))
    parsed.call("build", "--exclude", ON_POSTGRES, *MODELS_ONLY, *CARRIED_ON, **known(DAYS))
    copy_to_lake(lake)


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
    # The contract refuses an amount below zero, and a test relies on it.
    store(warehouse, [event for event in drawn(100, 1) if not str(event["amount"]).startswith("-")])
    copy_to_lake(marts.lake)
    marts.build("build", **known(DAYS))
