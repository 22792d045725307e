"""The contract's expectation suite against a real table: planted faults are named, and no value is told."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from data_contracts.contract import read_contract
from data_contracts.errors import ContractError
from data_contracts.expectations import ContractResult, check
from data_contracts.predicates import is_violated, violation_reasons
from ingestion import import_frames
from simulator import simulate

CONTRACT = read_contract()


@pytest.fixture
def filled_url(warehouse_url: str) -> str:
    import_frames(warehouse_url, simulate(100, 30, 1), "simulation")
    return warehouse_url


def broken(result: ContractResult) -> set[tuple[str, str]]:
    return {(failure.column, failure.rule) for failure in result.failures}


def with_changed(column: str, expression: str) -> str:
    columns = ", ".join(f"{expression} as {name}" if name == column else name for name in CONTRACT.columns)
    return f"select {columns} from raw.events"  # noqa: S608


def test_the_table_the_migration_makes_has_the_contracts_columns_and_types(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        rows = connection.execute(
            "select attname, format_type(atttypid, null), attnotnull from pg_attribute"
            " where attrelid = 'raw.events'::regclass and attnum > 0 order by attnum"
        ).fetchall()
    short = {"timestamp with time zone": "timestamptz"}
    ours = ("ingested_xid", "base_amount")
    table = [(name, short.get(kind, kind), required) for name, kind, required in rows if name not in ours]
    assert table == [(each.name, each.physical_type, each.required) for each in CONTRACT.properties]


def test_good_events_pass(filled_url: str) -> None:
    with psycopg.connect(filled_url) as connection:
        row = connection.execute("select count(*) from raw.events").fetchone()
    assert check(CONTRACT, filled_url) == ContractResult(True, row[0] if row else -1)


def test_no_rows_pass(filled_url: str) -> None:
    assert check(CONTRACT, filled_url, "select * from raw.events where false") == ContractResult(True, 0)


@pytest.mark.parametrize(
    ("column", "expression", "rule"),
    [
        ("user_id", "nullif(user_id, 'u01')", "required"),
        ("user_id", "case when user_id = 'u01' then '' else user_id end", "minLength"),
        ("amount", "'NaN'::numeric", "maximum"),
        ("currency", "'usd'", "pattern"),
        ("source", "'fax'", "validValues"),
        ("properties", "'[]'::jsonb", "type"),
        ("occurred_at", "occurred_at - interval '50 years'", "minimum"),
        ("occurred_at", "occurred_at + interval '2 days'", "occurred_before_received"),
    ],
)
def test_a_planted_fault_is_named(filled_url: str, column: str, expression: str, rule: str) -> None:
    result = check(CONTRACT, filled_url, with_changed(column, expression))
    assert not result.success
    assert broken(result) == {(column, rule)}
    assert all(0 < failure.unexpected_count <= result.checked_rows for failure in result.failures)
    # The predicates pick out the same rows.
    with psycopg.connect(filled_url) as connection:
        reason = sql.SQL("select {}, coalesce({}, false) from ({}) as rows").format(
            violation_reasons(CONTRACT), is_violated(CONTRACT), sql.SQL(with_changed(column, expression))
        )
        picked = connection.execute(reason).fetchall()
    assert all((reason != "") == is_picked for reason, is_picked in picked)
    reasons = [reason for reason, _ in picked if reason]
    assert len(reasons) == result.failures[0].unexpected_count
    assert all(each.startswith(f"{column} ") for each in reasons)


def test_the_future_is_measured_from_now(filled_url: str) -> None:
    result = check(CONTRACT, filled_url, now=datetime(2024, 12, 1, tzinfo=UTC))
    assert broken(result) == {("occurred_at", "occurred_before_now"), ("received_at", "received_before_now")}


def test_a_column_that_is_gone_is_named(filled_url: str) -> None:
    result = check(CONTRACT, filled_url, "select event_id, user_id, event_type, occurred_at from raw.events")
    assert ("amount", "exists") in broken(result)


def test_a_query_the_database_refuses_is_one_sentence(warehouse_url: str) -> None:
    with pytest.raises(ContractError, match="Contract events cannot be checked"):
        check(CONTRACT, warehouse_url, "select * from raw.nowhere")
