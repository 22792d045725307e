"""An edit of what features and labels are made of builds past days again; an edit without meaning builds nothing.

Belongs here: edits of a copy of the project between two runs. Not: that a run without edits builds only what is new
(test_marts, test_roll_forward).
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.integration.dbt_project.shop import Dbt, edit, insert, random_events, rows

WRITTEN = (
    "(select xmin, marts.* from intermediate.int_user_daily as marts)",
    "(select xmin, marts.* from marts.user_features as marts)",
    "(select xmin, marts.* from marts.user_labels as marts)",
)
"""The marts with the transaction that wrote each row."""
MARTS = ("intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
BUILD = ("build", "--select", "+user_features", "+user_labels", "--exclude-resource-type", "test", "unit_test")
EDITS = {
    "another category": ("seeds/event_types.csv", "view,view,true", "view,search,true", MARTS[:2]),
    "an unknown type is no activity": (
        "models/staging/stg_events.sql",
        "event_types.is_activity, true",
        "event_types.is_activity, false",
        MARTS,
    ),
    "another day": (
        "macros/calculation/dates.sql",
        "cast({{ moment }} at time zone 'UTC' as date)",
        "cast(({{ moment }} + interval '3 days') at time zone 'UTC' as date)",
        MARTS,
    ),
    "another label": (
        "macros/calculation/labels.sql",
        "activity_events > 0 as has",
        "order_lines > 0 as has",
        MARTS[2:],
    ),
}


@pytest.mark.parametrize("change", EDITS)
def test_an_edit_counts_for_days_that_were_built_before_it(
    change: str, project: Path, dbt_of_copy: Callable[[], Dbt], warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    file, before, after, changed = EDITS[change]
    insert(warehouse, random_events(seed=11, count=300))
    dbt_of_copy()(*BUILD)
    built = {table: rows(warehouse, table) for table in MARTS}

    edit(project, file, before, after)
    dbt = dbt_of_copy()
    dbt(*BUILD)

    edited = {table: rows(warehouse, table) for table in MARTS}
    assert [table for table in MARTS if edited[table] != built[table]] == list(changed)
    dbt(*BUILD, "--full-refresh")
    assert edited == {table: rows(warehouse, table) for table in MARTS}


def test_an_edit_without_meaning_builds_nothing(
    project: Path, dbt_of_copy: Callable[[], Dbt], warehouse: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Comments, line breaks, and how tables are written; the new day is built all the same."""
    insert(warehouse, random_events(seed=12, count=300))
    dbt_of_copy()(*BUILD)
    written = {table: rows(warehouse, table) for table in WRITTEN}

    for file in ("models/staging/stg_events.sql", "models/marts/user_features.sql"):
        edit(project, file, "\nfinal as (\n", "\n-- A remark.\nfinal as\n(\n")
    edit(project, "macros/building/hooks.sql", "set local enable_nestloop", "set  local  enable_nestloop")
    dbt_of_copy()(*BUILD)

    assert written == {table: rows(warehouse, table) for table in WRITTEN}
