"""The marts on a real Postgres: an increment equals a rebuild, whenever and for whichever days it is made.

Belongs here: what only dbt and a database can show. Not: that a snapshot knows nothing of its future (test_time_rule),
what the yml says (tests/dbt_project), or single rules on a few rows, which are dbt unit tests and run here all at once.
"""

import re
from datetime import date, datetime

import polars as pl
import psycopg
import yaml

from dbt_project import PROJECT
from orchestration.reference_features import reference_features, reference_labels
from orchestration.time_rule import differences, events_of
from tests.integration.dbt_project.shop import AS_OF_DATES, Dbt, insert, random_events, rows
from warehouse.database import Database

MARTS = ("intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
ANALYTICS = (
    "daily_activity",
    "weekly_retention",
    "purchase_funnel",
    "customer_rfm",
    "segment_transitions",
    "user_list",
)


def everything(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, list[tuple[object, ...]]]:
    """All rows of every mart that takes increments."""
    return {table: rows(connection, table) for table in MARTS}


def test_the_whole_project_builds_and_all_its_tests_pass(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    insert(warehouse, random_events(seed=0))
    warehouse.execute(
        "insert into ml.scores (model, user_id, as_of, horizon_days, score, segment_id, segment, basis, model_version)"
        " select 'segmentation', 'user ' || n, date '2024-03-01' + day, 0, 1, id, 'segment ' || id, 'model', 1"
        " from generate_series(0, 3) as n, generate_series(0, 1) as day, lateral (select 1 + (n + day) % 2 as id) o"
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
    check_columns(warehouse)


def check_columns(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Every column is described, in the order of the table. Sums are not: their names say which count they add up."""
    counts = set(described("intermediate/int_user_daily"))
    for model in (
        "staging/stg_events",
        "intermediate/int_user_daily",
        "intermediate/int_user_sums",
        "marts/user_features",
    ):
        found = connection.execute(
            "select column_name from information_schema.columns where table_schema || '/' || table_name = %s"
            " order by ordinal_position",
            [model],
        ).fetchall()
        names = [str(name) for (name,) in found]
        if model == "intermediate/int_user_sums":
            sums = "first_(?P<first>\\w+)_day|last_(?P<last>\\w+)_day|(?P<count>\\w+?)(_weights)?_(total|\\d+d)"
            matches = [re.fullmatch(sums, name) for name in names]
            names = [name for name, match in zip(names, matches, strict=True) if not match]
            assert {match["first"] or match["last"] or match["count"] for match in matches if match} <= counts
        assert names == described(model)


def described(model: str) -> list[str]:
    """The names of the columns in a model's yml."""
    document = yaml.safe_load((PROJECT / "models" / f"{model}.yml").read_text(encoding="utf-8"))
    return [column["name"] for column in document["models"][0]["columns"]]


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
        dbt("run", "--select", "int_user_sums marts", as_of_dates=[day], rebuild=True)
    assert everything(warehouse) == together


def test_snapshots_and_labels_say_what_the_events_say(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    """Every column of every user, defined a second time without SQL, on events as odd as they come."""
    insert(warehouse, random_events(seed=10))
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    opened = Database(warehouse_url)
    events = events_of(opened, [f"user {number}" for number in range(30)])
    days = [date.fromisoformat(day) for day in AS_OF_DATES]
    for table, rebuilt, columns in (
        ("user_features", [reference_features(events, day) for day in days], 80),
        ("user_labels", [reference_labels(events, day, 20) for day in days], 4),
    ):
        found = differences(table, opened.frame(f"select * from marts.{table}"), pl.concat(rebuilt))  # noqa: S608
        assert found.agrees, found
        assert (found.users, found.days) == (30, 3)
        assert len(found.compared) >= columns


def test_labels_of_a_blind_run_disappear_when_their_window_is_open_again(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    insert(warehouse, random_events(seed=9))
    dbt("seed")
    dbt("run", "--select", "staging intermediate user_labels")
    dbt("run", "--select", "user_labels", known_until="2024-03-01")
    days = warehouse.execute("select distinct as_of from marts.user_labels").fetchall()
    assert days == [(date(2024, 2, 10),)]
