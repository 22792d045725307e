"""The drills of `make soak`: restores to many moments under load, and how long a million events take."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.home import Home
from core.settings import Settings
from standalone import postgres
from standalone.backups.archiving import archiver
from standalone.backups.restoring import restore_home
from standalone.backups.settling import settle
from standalone.backups.state import read_state
from standalone.fleet import running_servers
from standalone.stack import running_platform
from tests.integration.standalone.drill import (
    Writer,
    archived_shop,
    events_in,
    prepared_shop,
    seconds_until_archived,
    wait,
    write_event,
    writing,
)
from warehouse.databases import WAREHOUSE

pytestmark = [pytest.mark.system("gpg"), pytest.mark.soak]

MOMENTS = int(os.environ.get("MOMENTS") or 10)
EVENTS = 1_000_000
SECONDS_LOST_AT_WORST = 60


@pytest.mark.timeout(3600)
def test_every_moment_of_a_busy_hour_is_restored_exactly(tmp_path: Path) -> None:
    moments, lags = [], []
    with archived_shop(tmp_path) as shop:
        with writing(shop.platform, 0.005) as writer:
            for _ in range(MOMENTS):
                time.sleep(20)
                moments.append(datetime.now(UTC))
                lags.append(seconds_until_archived(shop))
            time.sleep(5)
        seconds_until_archived(shop)
    _say(f"{len(writer.acknowledged)} events; archived after {max(lags):.0f} s at worst, {min(lags):.0f} s at best")
    assert max(lags) < SECONDS_LOST_AT_WORST
    for place, moment in enumerate(moments):
        home = Home(tmp_path / f"restored-{place}")
        restored, _ = restore_home(shop.folder, shop.key, home, moment, _say)
        with running_platform(Settings(home=home.root, database_url=None)) as platform:
            writer.demand(events_in(platform), moment)
            settle(platform, moment, shop.folder / "erasures.json")
        _say(f"to {moment:%H:%M:%S}: exact, in {restored.seconds} s")


@pytest.mark.timeout(3600)
def test_a_million_events_are_restored(tmp_path: Path) -> None:
    with archived_shop(tmp_path) as shop:
        with shop.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
            connection.execute("select raw.ensure_event_partitions(date '2025-01-01', date '2025-12-31')")
            # After the base backup, so that all of them are replayed from the log: the slowest way.
            connection.execute(
                "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
                " select gen_random_uuid(), 'u' || n %% 50000, 'message', moment, moment, 'telegram' from ("
                " select n, timestamptz '2025-01-01' + n * interval '31 seconds' as moment"
                " from generate_series(1, %s::integer) as n) as made",
                [EVENTS],
            )
        seconds_until_archived(shop)
    restored, _ = restore_home(shop.folder, shop.key, Home(tmp_path / "restored"), None, _say)
    _say(f"{EVENTS} events restored in {restored.seconds} s, all of them from the log")
    with running_platform(Settings(home=tmp_path / "restored", database_url=None)) as platform:
        assert len(events_in(platform)) == EVENTS


@pytest.mark.timeout(1200)
def test_the_archive_begins_anew_where_the_server_has_dropped_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_tuned = postgres.server_settings
    monkeypatch.setattr(
        postgres,
        "server_settings",
        lambda *given, **more: as_tuned(*given, **more) | {"max_slot_wal_keep_size": "16MB"},
    )
    with prepared_shop(tmp_path) as shop:
        home, writer = shop.platform.home, Writer()
        with (
            shop.platform.server.connect(WAREHOUSE, autocommit=True) as connection,
            running_servers([archiver(home)]),
        ):
            wait(lambda: read_state(home).backup_at is not None, 120)
            write_event(connection, writer)
            connection.execute("select pg_switch_wal()")
            seconds_until_archived(shop)
            before = datetime.now(UTC)
        with shop.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
            # Nobody archives, and more is written than the server keeps.
            for _ in range(6):
                write_event(connection, writer)
                connection.execute("select pg_switch_wal()")
            connection.execute("checkpoint")
            asked = "select wal_status from pg_replication_slots"
            assert connection.execute(asked.encode()).fetchall() == [("lost",)]
        with running_servers([archiver(home)]):
            wait(lambda: (read_state(home).backup_at or before) > before, 120)
            with shop.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
                write_event(connection, writer)
                after = datetime.now(UTC)
                connection.execute("select pg_switch_wal()")
            seconds_until_archived(shop)
        assert read_state(home).problem is None
    for place, moment in enumerate((before, after)):
        restored = Home(tmp_path / f"restored-{place}")
        backup = restore_home(shop.folder, shop.key, restored, moment, _say)[0].backup
        assert (backup.ended_at is not None and backup.ended_at > before) == (moment is after)
        with running_platform(Settings(home=restored.root, database_url=None)) as platform:
            writer.demand(events_in(platform), moment)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
