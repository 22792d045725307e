"""Archiving: the write-ahead log as it is written, the home's files as they change, a base backup a day.

Belongs here: the process that `up` runs (`python -m standalone.backups.archiving`), and one backup by hand. Does not
belong here: the steps of a round and of a base backup (`archive`), and restoring (`restoring`).

What is committed reaches this disk's `streaming` folder at once, and the folder of backups, encrypted, within
`archive_timeout` (10 s) and a round (10 s).
"""

import contextlib
import fcntl
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from core.errors import PlatformError, UserError
from core.home import Home
from core.logs import configure_logging
from core.settings import Settings, read_settings
from standalone.backups.archive import ROUND_SECONDS, Archive
from standalone.backups.barman import SLOT, BaseBackup
from standalone.backups.state import read_state, write_state
from standalone.postgres import running_postmaster
from standalone.processes import Child, Command, start, stop
from warehouse.databases import Server, embedded_server, given_server

logger = logging.getLogger("standalone.backups")

_READY_SECONDS = 30.0


@contextmanager
def alone(home: Home, *, is_waiting: bool = False) -> Iterator[bool]:
    """Whether this process alone archives for the home, for the duration of the block."""
    home.backups.mkdir(mode=0o700, exist_ok=True)
    with (home.backups / "archiving.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def receiving(archive: Archive) -> Iterator[Child]:
    """The receiver of the write-ahead log, running for the duration of the block."""
    _demand_level(archive.server)
    if archive.is_slot_lost():
        archive.begin_anew()
    child = start(archive.receiver)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not _is_received(archive.server):
            if not child.is_running or time.monotonic() > deadline:
                raise PlatformError(f"The write-ahead log is not received:\n{child.log_tail()}")
            time.sleep(0.2)
        yield child
    finally:
        stop([child])


def create_backup(settings: Settings, home: Home, server: Server) -> BaseBackup:
    """One base backup now, whether the platform is up or not."""
    archive = Archive(settings, home, server)
    with alone(home) as is_alone, contextlib.ExitStack() as resources:
        if is_alone:
            resources.enter_context(receiving(archive))
        made = archive.back_up()
        archive.forget_old()
        archive.note()
    return made


def keep_archiving(settings: Settings, home: Home, stopped: threading.Event) -> None:
    """Archives until it is told to stop. What stands in the way is noted, and tried again."""
    while not stopped.is_set():
        try:
            archive = Archive(settings, home, _server(settings, home))
            with receiving(archive) as child:
                while not stopped.is_set() and child.is_running:
                    began = time.monotonic()
                    archive.round()
                    if archive.is_due():
                        archive.back_up()
                        archive.forget_old()
                        archive.note()
                    stopped.wait(max(0.0, ROUND_SECONDS - (time.monotonic() - began)))
                problem = f"The receiver of the write-ahead log has ended:\n{child.log_tail()}"
            if not stopped.is_set():
                _note_problem(home, problem)
        except (UserError, PlatformError, psycopg.Error, OSError) as error:
            _note_problem(home, str(error))
            stopped.wait(ROUND_SECONDS)


def _note_problem(home: Home, problem: str) -> None:
    logger.warning("%s", problem)
    # The disk may be full.
    with contextlib.suppress(OSError):
        write_state(home, replace(read_state(home), problem=problem))


def _server(settings: Settings, home: Home) -> Server:
    if settings.database_url is not None:
        return given_server(settings.database_url, settings.database_password)
    postmaster = running_postmaster(home)
    if postmaster is None:
        raise PlatformError("The embedded Postgres does not run.")
    return embedded_server(home, postmaster.port)


def _demand_level(server: Server) -> None:
    with server.connect(server.maintenance_database) as connection:
        row = connection.execute(
            "select current_setting('wal_level'), current_setting('archive_timeout'),"
            " (select rolsuper or rolreplication from pg_roles where rolname = current_user)"
        ).fetchone()
    level, timeout, may_replicate = row if row is not None else ("", "0", False)
    if level == "minimal":
        raise PlatformError(
            "Postgres was started without what backups need: stop whatever uses this home, and try again."
            if server.is_embedded
            else "Backups need wal_level = replica at the server of DATABASE_URL."
        )
    if not may_replicate:
        raise PlatformError(
            f"{server.user} may not replicate: have its administrator run"
            f' `alter role "{server.user}" replication` and `grant pg_checkpoint to "{server.user}"`.'
        )
    if timeout == "0":
        logger.warning("the server has no archive_timeout: a quiet hour reaches the archive late; set it to 10s")


def _is_received(server: Server) -> bool:
    with server.connect(server.maintenance_database) as connection:
        row = connection.execute("select active from pg_replication_slots where slot_name = %s", [SLOT]).fetchone()
    return row is not None and bool(row[0])


def archiver(home: Home) -> Command:
    """The process of `up` that archives."""
    return Command(
        "archiver",
        [sys.executable, "-m", "standalone.backups.archiving"],
        home.logs / "archiver.log",
        directory=home.root,
    )


def main() -> None:
    """Archives for this environment's home until the process is told to end."""
    settings = read_settings()
    home = Home(settings.home)
    configure_logging("archiver", "info")
    stopped = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _signal, _frame: stopped.set())
    # One that is just ending, such as the last of a `backup create`, is waited for.
    with alone(home, is_waiting=True):
        keep_archiving(settings, home, stopped)


if __name__ == "__main__":
    main()
