"""Events are stored while a user is erased, but none of that user's; and only declared tables lose rows."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from core.home import Home, prepare_home
from ingestion import ImportResult, import_frames
from privacy.erasure import erase_user
from privacy.holdings import HOLDINGS, Action, Holding
from privacy.receipt import Receipt
from standalone.stack import Platform
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

USER, OTHER = "tg-8412993", "tg-8412994"
SECONDS = 60


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


def imported(url: str, *users: str, day: str = "2024-01-05") -> ImportResult:
    rows = pl.DataFrame({"user_id": users}).with_columns(event_type=pl.lit("view"), occurred_at=pl.lit(day))
    return import_frames(url, [rows], "events.csv")


def events_of(url: str, user: str) -> int:
    with psycopg.connect(url) as connection:
        (count,) = connection.execute("select count(*) from raw.events where user_id = %s", [user]).fetchall()[0]
    return int(str(count))


@pytest.fixture
def erase(warehouse_url: str, home: Home) -> Iterator[Callable[[], Future[Receipt]]]:
    """Begins an erasure on a thread of its own."""
    with ThreadPoolExecutor(1) as executor:
        yield lambda: executor.submit(erase_user, Database(warehouse_url), home, USER, [])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_kept_out(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select from raw.erased_users").fetchone() is not None


def test_events_are_imported_while_an_erasure_runs(warehouse_url: str, erase: Callable[[], Future[Receipt]]) -> None:
    imported(warehouse_url, USER, OTHER)
    with psycopg.connect(warehouse_url) as other:
        # Somebody holds a row of the user, so the erasure stands still in the middle of its work.
        other.execute("select from raw.events where user_id = %s for update", [USER])
        erasure = erase()
        wait_until(lambda: is_kept_out(warehouse_url))
        results: list[ImportResult] = []
        importer = threading.Thread(
            target=lambda: results.append(imported(warehouse_url, OTHER, USER, day="2024-01-06")), daemon=True
        )
        importer.start()
        importer.join(SECONDS)
        assert [(result.stored, result.erased) for result in results] == [(1, 1)]
        assert not erasure.done()
        other.rollback()
        receipt = erasure.result(SECONDS)
    assert (receipt.deleted, receipt.found) == ({"raw.events": 1}, [])
    assert (events_of(warehouse_url, USER), events_of(warehouse_url, OTHER)) == (0, 2)


def test_an_erasure_finds_what_an_import_was_storing_when_it_began(
    warehouse_url: str, erase: Callable[[], Future[Receipt]]
) -> None:
    imported(warehouse_url, USER, OTHER)
    with psycopg.connect(warehouse_url) as other:
        # An import that has looked who is erased, and has not committed yet.
        assert other.execute("select raw.storing_users()").fetchone() == (False,)
        other.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
            " values (gen_random_uuid(), %s, 'view', '2024-01-05', '2024-01-05', 'web')",
            [USER],
        )
        erasure = erase()
        wait_until(lambda: is_kept_out(warehouse_url))
        # It makes the erasure wait, and nobody else.
        assert imported(warehouse_url, OTHER, day="2024-01-06").stored == 1
        assert not erasure.done()
        other.commit()
        receipt = erasure.result(SECONDS)
    assert (receipt.deleted, receipt.found) == ({"raw.events": 2}, [])
    assert events_of(warehouse_url, USER) == 0


def test_rows_are_deleted_pseudonymised_or_kept_as_declared_and_nothing_else_is_touched(
    empty_platform: Platform, warehouse_url: str, home: Home
) -> None:
    imported(warehouse_url, USER, OTHER)
    declared = (
        *HOLDINGS,
        Holding("ops.orders", Action.PSEUDONYMISE),
        Holding("ops.audit", Action.KEEP, reason="Who did what is kept for as long as the law asks."),
        Holding("ops.not_there_yet", Action.DELETE),
    )
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        with empty_platform.server.connect(WAREHOUSE, autocommit=True) as owner:
            (pipeline,) = connection.execute("select current_user").fetchall()[0]
            owner.execute(sql.SQL("create schema ops authorization {}").format(sql.Identifier(pipeline)))
        for table in ("orders", "audit", "accounts"):
            connection.execute(sql.SQL("create table ops.{} (user_id text, note text)").format(sql.Identifier(table)))
            connection.execute(
                sql.SQL("insert into ops.{} values (%s, 'mine'), (%s, %s)").format(sql.Identifier(table)),
                [USER, OTHER, f"friend of {USER}"],
            )

        receipt = erase_user(Database(warehouse_url), home, USER, [], holdings=declared)

        def rows(table: str) -> list[tuple[object, ...]]:
            query = sql.SQL("select user_id, note from ops.{} order by note desc").format(sql.Identifier(table))
            return connection.execute(query).fetchall()

        pseudonym = f"erased-{receipt.user_hash}"
        assert rows("orders") == [(pseudonym, "mine"), (OTHER, "friend of erased")]
        assert rows("audit") == rows("accounts") == [(USER, "mine"), (OTHER, f"friend of {USER}")]
    assert receipt.deleted == {"raw.events": 1}
    assert receipt.pseudonymised == receipt.masked == {"ops.orders": 1}
    assert receipt.kept == {"raw.erased_users": 1, "ops.audit": 1}
    # Nobody said what becomes of accounts: an erasure keeps its hands off, and says that the user is still there.
    assert receipt.found == ["ops.accounts.user_id", "ops.accounts.note"]
