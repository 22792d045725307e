"""Every table that says whose a row is has a line that says what an erasure does with it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from privacy.holdings import HOLDINGS, QUARANTINE, Action, Holding, is_user_column

ROOT = Path(__file__).parents[2]
MIGRATIONS = sorted((ROOT / "warehouse" / "migrations").glob("*.sql"))
MODELS = sorted((ROOT / "dbt_project" / "models").rglob("*.yml"))


def test_the_tables_of_migrations_are_declared() -> None:
    found = {table for file in MIGRATIONS for table, column in columns_of(file.read_text()) if is_user_column(column)}
    assert {"raw.events", "ml.ledger", "raw.erased_users"} <= found
    assert found <= declared()


def test_the_tables_that_dbt_makes_are_declared() -> None:
    found = set(tables_of_dbt())
    assert {"marts.user_features", "ml.outcomes", "analytics.customer_rfm"} <= found
    assert found <= declared()


def test_no_line_is_about_a_table_that_is_gone() -> None:
    made = {table for file in MIGRATIONS for table, _ in columns_of(file.read_text())} | set(tables_of_dbt())
    assert declared() | {QUARANTINE} <= made


def test_a_table_is_declared_once() -> None:
    assert len(declared()) == len(HOLDINGS)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("user_id", True), ("telegram_user_id", True), ("user_hash", True), ("users", False), ("user_events", False)],
)
def test_a_column_says_whose_a_row_is_or_how_many_there_are(name: str, is_one: bool) -> None:
    assert is_user_column(name) == is_one


def test_rows_are_kept_for_a_reason_only() -> None:
    with pytest.raises(ValueError, match=r"ops\.audit: a reason"):
        Holding("ops.audit", Action.KEEP)
    with pytest.raises(ValueError, match=r"ops\.audit: a reason"):
        Holding("ops.audit", Action.DELETE, reason="nobody asked")


def declared() -> set[str]:
    return {holding.table for holding in HOLDINGS}


def columns_of(migration: str) -> Iterator[tuple[str, str]]:
    """Tables and columns that a migration makes."""
    statements = re.sub(r"--.*", "", migration)
    for table, body in re.findall(r"create table (\S+) \((.*?)\n\)", statements, flags=re.DOTALL):
        yield from ((table, column) for column in re.findall(r"^    (\w+) ", body, flags=re.MULTILINE))
    yield from re.findall(r"alter table (\S+)\s+add column (\w+)", statements)


def tables_of_dbt() -> Iterator[str]:
    """The tables of dbt's models with a column that says whose a row is; views and functions hold none."""
    for file in MODELS:
        for model in yaml.safe_load(file.read_text()).get("models", []):
            query = file.with_name(f"{model['name']}.sql").read_text()
            schema = re.search(r"schema='(\w+)'", query)
            is_view = file.parent.name == "staging" or "materialized='view'" in query
            if not is_view and any(is_user_column(column["name"]) for column in model.get("columns", [])):
                yield f"{schema[1] if schema else file.parent.name}.{model['name']}"
