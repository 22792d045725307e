"""What an addition costs: a daily count or a feature is its SQL and its yml, and nothing else is edited.

Belongs here: additions to a copy of the project, built on marts that were there before. Does not belong here: what the
existing columns mean (test_marts).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import psycopg

from orchestration.reference_features import reference_features
from orchestration.time_rule import differences, events_of
from tests.integration.dbt_project.shop import AS_OF_DATES, Dbt, edit, insert, random_events, rows
from warehouse.database import Database

BUILD = ("build", "--select", "+user_features", "+user_labels", "--exclude-resource-type", "unit_test")
DAILY_COUNT = {
    "models/intermediate/int_user_daily.sql": (
        "    'searches': ",
        "    'evening_views': \"category = 'view' and occurred_hour >= 18\",\n",
    ),
    "models/intermediate/int_user_daily.yml": (
        "      - name: searches\n",
        "      - name: evening_views\n        description: Items viewed from 18 to 24 hours UTC.\n",
    ),
}
"""The files of a daily count: the text before which it goes, and what is added."""
FEATURES = {
    "models/marts/user_features.sql": (
        "        cast(carts_30d as integer)",
        "        cast(evening_views_45d as integer) as evening_views_45d,\n"
        "        {{ days_between('last_evening_views_day', 'as_of') }} as days_since_last_evening_view,\n"
        "        cast(carts_45d as integer) as carts_45d,\n",
    ),
    "models/marts/user_features.yml": (
        "      - name: carts_30d\n",
        "      - name: evening_views_45d\n"
        "        description: Items viewed from 18 to 24 hours UTC in the 45 days before as_of.\n"
        "        config:\n"
        "          meta: {family: engagement, unit: events, models: [purchase], label: recent evening views}\n"
        "      - name: days_since_last_evening_view\n"
        "        description: Days from the last evening view to as_of; null without one.\n"
        "        config:\n"
        "          meta: {family: recency, unit: days, models: [purchase], label: time since the last evening view}\n"
        "      - name: carts_45d\n"
        "        description: Items put into the cart in the 45 days before as_of.\n"
        "        config:\n"
        "          meta: {family: engagement, unit: events, models: [purchase], label: recent carts}\n",
    ),
}
"""The files of features: of the new count, and of an existing count over days that no other feature looks at."""
NEW = ["evening_views_45d", "days_since_last_evening_view", "carts_45d"]


def test_a_daily_count_and_features_are_their_sql_and_their_yml(
    project: Path,
    dbt_of_copy: Callable[[], Dbt],
    warehouse: psycopg.Connection[tuple[object, ...]],
    warehouse_url: str,
) -> None:
    events = random_events(seed=13)
    insert(warehouse, events[:1200])
    dbt_of_copy()(*BUILD)

    for file, (place, added) in (DAILY_COUNT | FEATURES).items():
        edit(project, file, place, added + place)
    insert(warehouse, events[1200:])
    dbt = dbt_of_copy()
    days = [*AS_OF_DATES, "2024-03-21"]
    dbt(*BUILD)
    dbt(*BUILD, as_of_dates=days[-1:])

    opened = Database(warehouse_url)
    known = events_of(opened, [f"user {number}" for number in range(30)])
    stored = opened.frame("select * from marts.user_features")
    stated = pl.concat(reference_features(known, date.fromisoformat(day)) for day in days)
    found = differences("user_features", stored, stated)
    assert found.agrees, found
    assert found.days == len(days)
    assert set(found.not_stated) == set(NEW)
    found = differences("user_features", stored, pl.concat(added_features(known, day) for day in days))
    assert found.agrees, found
    assert set(found.compared) == set(NEW)

    columns = f"(select user_id, as_of, {', '.join(NEW)} from marts.user_features)"  # noqa: S608
    day_by_day = rows(warehouse, columns)
    dbt(*BUILD, "--full-refresh", as_of_dates=days)
    assert rows(warehouse, columns) == day_by_day


def added_features(events: pl.DataFrame, as_of: str) -> pl.DataFrame:
    """The added features, from the events alone."""
    day = pl.lit(date.fromisoformat(as_of))
    days_ago = (day - pl.col("occurred_at").dt.date()).dt.total_days()
    is_evening_view = (pl.col("category") == "view") & (pl.col("occurred_at").dt.hour() >= 18)
    return (
        events.filter(pl.max_horizontal("occurred_at", "received_at").dt.date() < day)
        .group_by("user_id")
        .agg(
            (is_evening_view & (days_ago <= 45)).sum().alias("evening_views_45d"),
            days_ago.filter(is_evening_view).min().alias("days_since_last_evening_view"),
            ((pl.col("category") == "cart") & (days_ago <= 45)).sum().alias("carts_45d"),
        )
        .with_columns(day.alias("as_of"))
    )
