"""Changes upstream that no single row shows: each is caught with the column named, and the ways out lead out."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import polars as pl
import psycopg
import pytest
from psycopg import sql

from ingestion import contract_check, import_frames, usual_events
from ingestion.contract_check import ContractCheck, check_new_events, refuse_new_events
from ingestion.usual_events import MEASURES
from simulator import simulate
from warehouse.database import Database

SHOP = pl.concat(list(simulate(400, 40, 1)))
DAY = SHOP["occurred_at"].min() + timedelta(days=30)
PAST, FUTURE = SHOP.filter(pl.col("occurred_at") < DAY), SHOP.filter(pl.col("occurred_at") >= DAY)


@pytest.fixture(scope="module")
def checked_past(shared_warehouse_url: str) -> Database:
    """The shop's first month, checked."""
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        connection.execute("truncate raw.events, raw.imports, raw.events_quarantine, raw.usual_events, raw.watermarks")
    import_frames(shared_warehouse_url, [PAST], "past")
    warehouse = Database(shared_warehouse_url)
    assert check_new_events(warehouse).success
    return warehouse


@pytest.fixture
def warehouse(checked_past: Database) -> Iterator[Database]:
    """The same for every test: what a test brought and learned is gone afterwards."""
    usual = checked_past.frame("select * from raw.usual_events").select(MEASURES).rows()
    yield checked_past
    with checked_past.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("truncate raw.events_quarantine, raw.usual_events")
        cursor.execute("delete from raw.events where occurred_at >= %s - interval '12 hours' or user_id = 'a'", [DAY])
        cursor.executemany("insert into raw.usual_events values (%s, %s, %s, %s, %s)", usual)


def checked(warehouse: Database, rows: pl.DataFrame) -> ContractCheck:
    import_frames(warehouse.url, [rows], "future")
    return check_new_events(warehouse)


def with_property(text: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.with_columns(properties=pl.lit(text))


def moved(hours: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    by = timedelta(hours=hours)
    return lambda rows: rows.with_columns(pl.col("occurred_at") + by, pl.col("received_at") + by)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (with_property('{"city": "Rome"}'), "properties.city is new"),
        (with_property('{"length": "12"}'), "properties.length changed its type to string"),
        (lambda rows: rows.with_columns(amount=pl.col("amount") * 100), "amount of purchase USD is about"),
        (
            lambda rows: rows.with_columns(amount=pl.col("amount").cast(pl.String) + " USD"),
            "amount cannot be read as agreed in 100% of the rows that have it, usually 0%",
        ),
        (moved(3), "occurred_at is +3 hours from the usual hours of the day"),
        (moved(-5), "occurred_at is -5 hours from the usual hours of the day"),
    ],
)
def test_a_change_of_schema_clock_or_unit_stops_with_the_column_named(
    warehouse: Database, plant: Callable[[pl.DataFrame], pl.DataFrame], said: str
) -> None:
    found = checked(warehouse, plant(FUTURE))
    assert not found.success
    assert said in found.sentence
    assert "customer-analyzer events check" in found.sentence


def test_a_sample_shows_a_move_and_nothing_where_nothing_moved(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usual_events, "_SAMPLE_ROWS", 1_500)
    late = FUTURE["occurred_at"].min() + timedelta(days=5)
    found = checked(warehouse, FUTURE.filter(pl.col("occurred_at") < late))
    assert (found.success, found.warnings) == (True, ())
    moved_on = checked(warehouse, moved(3)(FUTURE.filter(pl.col("occurred_at") >= late)))
    assert "occurred_at is +3 hours from the usual hours of the day" in moved_on.sentence


def test_what_is_accepted_is_usual_from_then_on(warehouse: Database) -> None:
    cents = FUTURE.with_columns(amount=pl.col("amount") * 100)
    half = FUTURE.height // 2
    assert not checked(warehouse, cents[:half]).success
    # It does not pass by being asked again.
    accepted = check_new_events(warehouse, accept=True)
    assert accepted.success
    assert any(warning.startswith("amount of purchase USD") for warning in accepted.warnings)
    assert checked(warehouse, cents[half:]).warnings == ()


def test_more_of_the_same_passes(warehouse: Database) -> None:
    found = checked(warehouse, FUTURE)
    assert (found.success, found.checked_rows, found.warnings) == (True, FUTURE.height, ())


def test_a_new_event_type_and_a_rare_key_are_told_and_stop_nothing(warehouse: Database) -> None:
    one = pl.int_range(pl.len()) == 0
    rows = FUTURE.with_columns(
        event_type=pl.when(one).then(pl.lit("wink")).otherwise("event_type"),
        properties=pl.when(one).then(pl.lit('{"eye": "left"}')).otherwise("properties"),
    )
    found = checked(warehouse, rows)
    assert found.success
    source = rows["source"][0]
    assert sorted(found.warnings) == [
        f"event_type wink is a new type (1 rows), counted as other from {source}",
        f"properties.eye is new (1 rows) from {source}",
    ]


def test_refused_rows_go_to_quarantine_and_repaired_ones_come_in(warehouse: Database) -> None:
    right = FUTURE.filter(pl.col("source") == "telegram")
    assert not checked(warehouse, right.with_columns(amount=pl.col("amount") * 100)).success
    assert refuse_new_events(warehouse) == right.height
    found = checked(warehouse, right)
    assert (found.success, found.checked_rows) == (True, right.height)
    counted = warehouse.frame(
        "select count(*) as rows, count(*) filter (where reason like 'amount of purchase%') as told"
        " from raw.events_quarantine"
    )
    assert counted["rows"].item() == counted["told"].item() == right.height


def test_of_rows_that_break_a_rule_only_those_are_refused(warehouse: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(warehouse.url) as connection:
        connection.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source, currency)"
            " select gen_random_uuid(), 'a', 'view', '2025-02-01', '2025-02-01', 'web', code"
            " from unnest(array['EUR', 'euro']) as code"
        )
    found = check_new_events(warehouse)
    assert "currency pattern (1 rows)" in found.sentence
    # Great Expectations has its say on what the rules in SQL let through.
    with monkeypatch.context() as patch:
        patch.setattr(contract_check, "is_violated", lambda _: sql.SQL("false"))
        assert "currency pattern (1 rows)" in check_new_events(warehouse).sentence
    assert refuse_new_events(warehouse) == 1
    assert check_new_events(warehouse).checked_rows == 1
