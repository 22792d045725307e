"""Publishing: readers in Postgres see all tables of before or all of after, bit for bit as the lake has them."""

import multiprocessing
import os
import signal
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from core.errors import OperationError
from lake.catalogue import Lake
from lake.publishing import publish

FEATURES, PROFILES = ("marts", "features_of_day"), ("marts", "profiles")
NEWEST = date(2024, 3, 1)


@pytest.fixture
def built(lake: Lake) -> Lake:
    """A lake with two marts, one of them with a snapshot for each of three days in files of their own."""
    with psycopg.connect(lake.url, autocommit=True) as connection:
        connection.execute("drop table if exists marts.features_of_day, marts.profiles")
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("marts")
        table = transaction.catalogue.create_table(FEATURES, features(NEWEST).schema)
        for days in (2, 1, 0):
            table.append(features(NEWEST - timedelta(days=days)))
        profiles = pa.table({"user_id": ["a", "b"], "note": ['with "quotes", and\nlines', ""], "orders": [1, None]})
        transaction.catalogue.create_table(PROFILES, profiles.schema).append(profiles)
    return lake


def features(as_of: date, users: int = 5) -> pa.Table:
    """Values that a sloppy copy would change."""
    return pa.table(
        {
            "user_id": [f"user {number}" for number in range(users)],
            "as_of": [as_of] * users,
            "share": [0.1 + 0.2 * number for number in range(users)],
            "score": [None if number % 2 else 1e-300 for number in range(users)],
            "is_active": [number % 2 == 0 for number in range(users)],
            "seen_at": [datetime(2024, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)] * users,
        },
        schema=pa.schema(
            {
                "user_id": pa.string(),
                "as_of": pa.date32(),
                "share": pa.float64(),
                "score": pa.float64(),
                "is_active": pa.bool_(),
                "seen_at": pa.timestamp("us", "UTC"),
            }
        ),
    )


def rows(lake: Lake, query: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.url, options="-c timezone=UTC") as connection:
        return connection.execute(query).fetchall()


def test_the_newest_day_is_in_postgres_bit_for_bit(built: Lake) -> None:
    assert publish(built, [FEATURES, PROFILES]) == {"marts.features_of_day": 5, "marts.profiles": 2}
    found = rows(built, "select * from marts.features_of_day order by user_id")
    assert found == [tuple(row.values()) for row in features(NEWEST).to_pylist()]
    assert rows(built, "select note, orders from marts.profiles order by user_id") == [
        ('with "quotes", and\nlines', 1),
        ("", None),
    ]


def test_readers_see_the_old_until_all_is_new(built: Lake) -> None:
    publish(built, [FEATURES, PROFILES])
    with built.writing() as transaction:
        wider = transaction.table(FEATURES)
        assert wider is not None
        with wider.update_schema() as change:
            change.union_by_name(features(NEWEST).append_column("level", pa.array(["high"] * 5)).schema)
        wider.append(features(NEWEST + timedelta(days=1)).append_column("level", pa.array(["high"] * 5)))
        profiles = transaction.table(PROFILES)
        assert profiles is not None
        profiles.append(pa.table({"user_id": ["c"], "note": ["new"], "orders": [3]}))
    seen = []

    def look(_name: tuple[str, str], _rows: int) -> None:
        # Not of a table that is getting a column: whoever asks for it waits for the commit.
        seen.append(rows(built, "select count(*) from marts.profiles"))

    publish(built, [PROFILES, FEATURES], progress=look)
    assert seen == [[(2,)]] * len(seen) != []
    assert rows(built, "select distinct as_of, level from marts.features_of_day") == [
        (NEWEST + timedelta(days=1), "high")
    ]
    with pytest.raises(OperationError, match=r"no table marts\.nothing"):
        publish(built, [FEATURES, ("marts", "nothing")])
    assert rows(built, "select count(*) from marts.features_of_day") == [(5,)]


def test_erased_users_stay_out_and_a_killed_one_changes_nothing(built: Lake) -> None:
    publish(built, [FEATURES, PROFILES])
    process = multiprocessing.get_context("spawn").Process(target=_publish_and_die, args=(built,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert rows(built, "select count(*) from marts.features_of_day") == [(5,)]
    with psycopg.connect(built.url, autocommit=True) as connection:
        connection.execute(
            "insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash('user 3'), '[]')"
        )
    assert publish(built, [FEATURES]) == {"marts.features_of_day": 4}


def _publish_and_die(lake: Lake) -> None:
    publish(lake, [FEATURES, PROFILES], progress=lambda _name, _rows: os.kill(os.getpid(), signal.SIGKILL))
