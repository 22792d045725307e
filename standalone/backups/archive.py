"""The archive of a home: what is done to it in one round, in one base backup, and when something is too old.

Belongs here: the steps. Does not belong here: when they are taken (`archiving`), and barman's command line (`barman`).
"""

import contextlib
import json
import logging
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.errors import PlatformError, UserError
from core.home import Home, write_private
from core.settings import Settings
from privacy.replaying import erasures
from standalone.backups.barman import NAME, SLOT, Barman, BaseBackup, prepare_barman
from standalone.backups.home_files import forget_packs, pack_home, packs
from standalone.backups.keys import Keyring, keyring_of
from standalone.backups.state import read_state, write_state
from standalone.postgres import programs
from standalone.processes import Command
from warehouse.database import execute
from warehouse.databases import WAREHOUSE, Server
from warehouse.restorations import restorations

logger = logging.getLogger("standalone.backups")

BACKUP_EVERY = timedelta(days=1)
ROUND_SECONDS = 10.0
_ARCHIVED_SECONDS = 300.0


class Archive:
    """The archive of a home: its server, its folder of backups, and what is done to them. Not thread-safe."""

    def __init__(self, settings: Settings, home: Home, server: Server) -> None:
        """Raises UserError or PlatformError where backups cannot be made."""
        if settings.backup_to is None:
            raise UserError("Say where backups go: --to DIR, or CUSTOMER_ANALYZER_BACKUP_TO.")
        self.home = home
        self.server = server
        self.keyring: Keyring = keyring_of(home)
        binaries = settings.postgres_programs or programs()
        self.barman: Barman = prepare_barman(
            settings.backup_to, home.backups, self.keyring, settings.backup_days, server, binaries
        )
        self._listed: tuple[frozenset[tuple[Path, int]], list[BaseBackup]] = (frozenset(), [])

    @property
    def receiver(self) -> Command:
        """The process that receives the write-ahead log."""
        return Command(
            "receive-wal",
            self.barman.command("receive-wal", NAME),
            self.home.backups / "receive-wal.log",
            environment=self.barman.environment,
        )

    def round(self) -> None:
        """Archives what has arrived, packs what has changed, and notes how far that is."""
        began = datetime.now(UTC)
        self.barman.run("archive-wal", NAME)
        pack_home(self.home, self.barman.home_packs, self.keyring)
        self.keep_lists()
        self.note(began)

    def back_up(self) -> BaseBackup:
        """Makes a base backup, and goes on archiving meanwhile. The write-ahead log must be received."""
        pack_home(self.home, self.barman.home_packs, self.keyring, is_full=True)
        before = {each.backup_id for each in self.barman.backups()}
        with self.barman.started("backup", NAME) as process:
            while process.poll() is None:
                self.round()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(ROUND_SECONDS)
        deadline = time.monotonic() + _ARCHIVED_SECONDS
        while time.monotonic() < deadline:
            # Its last WAL may still be on the way.
            self.round()
            made = next((each for each in self.barman.backups() if each.backup_id not in before), None)
            if made is not None and made.is_done:
                return made
            self.barman.run("check-backup", NAME, "latest-full")
        raise PlatformError(f"The base backup is not complete after {_ARCHIVED_SECONDS:.0f} s.")

    def forget_old(self) -> None:
        """Removes what is older than a restore may need: base backups with their WAL, and packs."""
        there = self.barman.backups()
        for each in there:
            if each.is_obsolete:
                self.barman.run("delete", NAME, each.backup_id)
                logger.info("the backup %s is older than needed and was removed", each.backup_id)
        ends = [each.ended_at for each in there if each.is_done and not each.is_obsolete and each.ended_at]
        if ends:
            forget_packs(self.barman.home_packs, min(ends))

    def keep_lists(self) -> None:
        """Keeps two lists beside the backups: who was erased, whom a restore erases again, and what was restored."""
        with self.server.connect(WAREHOUSE) as connection:
            there = {each.user_hash: asdict(each) for each in execute(connection, erasures())}
            restored = [[to.isoformat(), at.isoformat()] for to, at in execute(connection, restorations())]
        known = read_erasures(self.barman.erasures)
        if there.keys() - known.keys():
            write_private(self.barman.erasures, json.dumps([*{**known, **there}.values()], indent=1) + "\n")
        if restored:
            write_private(self.barman.restorations, json.dumps({"restorations": restored}) + "\n")

    def is_due(self) -> bool:
        """Whether a base backup is to be made now."""
        ends = [each.ended_at for each in self._backups() if each.is_done and each.ended_at is not None]
        with self.server.connect(WAREHOUSE) as connection:
            restored_at = [at for _, at in execute(connection, restorations())]
        breaks = [*restored_at, read_state(self.home).begun_anew_at]
        return is_base_due(max(ends, default=None), [each for each in breaks if each is not None], datetime.now(UTC))

    def note(self, archived_at: datetime | None = None) -> None:
        """Writes down how the backups are, for whoever watches."""
        state = read_state(self.home)
        done = [each for each in self._backups() if each.is_done]
        size = sum(each.size_bytes for each in done) + sum(
            pack.path.stat().st_size for pack in packs(self.barman.home_packs)
        )
        write_state(
            self.home,
            replace(
                state,
                backup_at=done[0].ended_at if done else None,
                archived_at=archived_at or state.archived_at,
                backups=len(done),
                size_bytes=size,
                problem=None,
            ),
        )

    def _backups(self) -> list[BaseBackup]:
        """The base backups. barman takes a second to list them, so it is asked only when their files have changed."""
        described = self.barman.descriptions()
        if described != self._listed[0]:
            self._listed = described, self.barman.backups()
        return self._listed[1]

    def is_slot_lost(self) -> bool:
        """Whether the server has dropped log that was not received yet: nobody took it for too long."""
        with self.server.connect(self.server.maintenance_database) as connection:
            row = connection.execute(
                "select wal_status from pg_replication_slots where slot_name = %s", [SLOT]
            ).fetchone()
        return row is not None and row[0] in ("lost", "unreserved")

    def begin_anew(self) -> None:
        """Gives up a slot that was lost. Moments between the last segment and the next backup cannot be restored.

        A base backup is due afterwards.
        """
        logger.warning("the server has dropped log that was not archived; a base backup begins a new stretch")
        write_state(self.home, replace(read_state(self.home), begun_anew_at=datetime.now(UTC)))
        with self.server.connect(self.server.maintenance_database, autocommit=True) as connection:
            connection.execute("select pg_drop_replication_slot(%s)", [SLOT])
        self.barman.run("archive-wal", NAME)
        self.barman.run("receive-wal", "--create-slot", NAME)
        self.barman.run("receive-wal", "--reset", NAME)


def is_base_due(newest: datetime | None, breaks: Sequence[datetime], now: datetime) -> bool:
    """Whether the newest base backup is none, a day old, or does not lead to now.

    It does not where there was a break after it: log was lost before it was archived, or the data was restored.
    """
    if newest is None:
        return True
    return now - newest > BACKUP_EVERY or any(newest < each for each in breaks)


def read_erasures(path: Path) -> dict[str, dict[str, object]]:
    """The list beside the backups, by hash."""
    try:
        return {each["user_hash"]: each for each in json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return {}
