"""A drill: events are written at a known pace while a platform is archived, so that a restore is checked exactly."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from core.home import Home
from core.settings import Settings
from standalone.backups.archiving import archiver
from standalone.backups.barman import NAME
from standalone.backups.keys import make_key_pair
from standalone.backups.state import read_state
from standalone.fleet import running_servers
from standalone.stack import Platform, running_platform
from warehouse.databases import WAREHOUSE


@dataclass(frozen=True)
class Shop:
    """A platform that is archived to `folder`, and the private key of its backups."""

    platform: Platform
    folder: Path
    key: Path


@dataclass
class Writer:
    """What was written: when each event was begun, and when its commit was acknowledged."""

    begun: dict[UUID, datetime] = field(default_factory=dict)
    acknowledged: dict[UUID, datetime] = field(default_factory=dict)

    def demand(self, there: set[UUID], moment: datetime) -> None:
        """Every event that was acknowledged by a moment is there, and none that was begun after it."""
        assert {each for each, at in self.acknowledged.items() if at <= moment} <= there
        assert not {each for each, at in self.begun.items() if at > moment} & there


@contextmanager
def prepared_shop(place: Path) -> Iterator[Shop]:
    """A platform of its own with a key for backups, which nobody archives yet."""
    folder, key = place / "backups", place / "elsewhere" / "private.asc"
    key.parent.mkdir()
    settings = Settings(home=place / "home", database_url=None, backup_to=folder)
    settings.home.mkdir(mode=0o711)
    make_key_pair(Home(settings.home), key, folder)
    with running_platform(settings) as platform:
        with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
            connection.execute("select raw.ensure_event_partitions(current_date, current_date + 1)")
        yield Shop(platform, folder, key)


@contextmanager
def archived_shop(place: Path) -> Iterator[Shop]:
    """The same, archived as `up` does it, with a complete base backup."""
    with prepared_shop(place) as shop, running_servers([archiver(shop.platform.home)]):
        wait(lambda: read_state(shop.platform.home).backup_at is not None, 300)
        yield shop


@contextmanager
def writing(platform: Platform, pause_seconds: float) -> Iterator[Writer]:
    """Writes an event, waits, and so on, for the duration of the block."""
    writer, stopped = Writer(), threading.Event()

    def write() -> None:
        with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
            while not stopped.wait(pause_seconds):
                write_event(connection, writer)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield writer
    finally:
        stopped.set()
        thread.join()


def write_event(connection: psycopg.Connection[tuple[object, ...]], writer: Writer) -> None:
    """One event in a transaction of its own."""
    event_id = uuid4()
    writer.begun[event_id] = datetime.now(UTC)
    connection.execute(
        "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
        " values (%s, %s, 'message', now(), now(), 'telegram')",
        [event_id, f"u{len(writer.begun) % 7}"],
    )
    writer.acknowledged[event_id] = datetime.now(UTC)


def seconds_until_archived(shop: Shop) -> float:
    """How long until all that is committed now is in the folder of backups."""
    began = time.monotonic()
    with shop.platform.server.connect(WAREHOUSE) as connection:
        ((segment,),) = connection.execute("select pg_walfile_name(pg_current_wal_lsn())").fetchall()
    wait(lambda: any((shop.folder / NAME / "wals").rglob(str(segment))), 300)
    return time.monotonic() - began


def events_in(platform: Platform) -> set[UUID]:
    """The ids of the events that a platform has."""
    with platform.server.connect(WAREHOUSE) as connection:
        return {event_id for (event_id,) in connection.execute("select event_id from raw.events").fetchall()}  # type: ignore[misc]


def wait(is_so: Callable[[], bool], seconds: float) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it was not so in time"
        time.sleep(0.2)
