"""Verifying: a backup is really restored, into a scratch folder, started, and counted.

Belongs here: the scratch server and what is counted. Does not belong here: restoring (`restoring`).
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from core.errors import PlatformError
from core.home import Home
from standalone.backups.barman import configure
from standalone.backups.home_files import StoredFile, files_at, lay_down
from standalone.backups.keys import opened
from standalone.backups.restoring import arrived_at, choose_backup, lay_data, replay
from standalone.backups.state import read_state, write_state
from standalone.lone_server import alone_on, await_ready
from standalone.postgres import programs
from standalone.server_user import Identity, hand_over
from warehouse.databases import MLFLOW, SUPERUSER, WAREHOUSE


@dataclass(frozen=True)
class Verified:
    """What was found in a restored backup. Times are UTC, `seconds` is how long the restore took."""

    moment: datetime
    backup_at: datetime | None
    events: int
    users: int
    last_event_at: datetime | None
    erased_users: int
    model_versions: int
    missing_models: list[str]
    files: int
    seconds: float


def verify(
    folder: Path, private: Path, home: Home, moment: datetime | None, user: str = SUPERUSER, scratch: Path | None = None
) -> Verified:
    """Restores a backup, as of a moment or the newest one, below `scratch`, counts, and removes it again.

    `user` owns the server. Raises PlatformError where anything cannot be restored or read.
    """
    began = time.monotonic()
    wanted = moment or datetime.now(UTC)
    place = Path(tempfile.mkdtemp(prefix="ca-verify-", dir=scratch))
    # Postgres, which is not root, must pass through; what lies in it is closed.
    place.chmod(0o711)
    try:
        with opened(private) as keyring:
            barman = configure(folder, place / "work", keyring)
            backup = choose_backup(barman, wanted)
            files = files_at(barman.home_packs, keyring, wanted)
            lay_down(barman.home_packs, keyring, files, place / "home")
            lay_data(barman, keyring, backup, wanted, place / "data", arrived_at(home, folder))
        identity = hand_over(place / "data", programs() / "postgres")
        replay(place / "data", identity, place / "postgres.log", moment)
        seconds = time.monotonic() - began
        with _scratch_server(place, identity) as host:
            found = _counted(host, user, files)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if home.backups.is_dir():
        write_state(home, replace(read_state(home), verified_at=datetime.now(UTC)))
    return replace(found, moment=wanted, backup_at=backup.ended_at, seconds=round(seconds, 1))


@contextmanager
def _scratch_server(place: Path, identity: Identity) -> Iterator[str]:
    """A server on the restored data that only this user and root can reach: by a socket in a closed folder."""
    socket = Path(tempfile.mkdtemp(prefix="ca-pg-"))
    try:
        rules = socket / "hba"
        rules.write_text("local all all trust\n", encoding="ascii")
        if identity.uid is not None and identity.gid is not None:
            for path in (socket, rules):
                path.chmod(0o700)
                shutil.chown(path, identity.uid, identity.gid)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket),
            "hba_file": str(rules),
            "port": "5432",
        }
        with alone_on(place / "data", identity, place / "postgres.log", settings) as server:
            await_ready(server)
            if not server.is_running:
                raise PlatformError(f"The restored Postgres did not start:\n{server.log_tail()}")
            yield str(socket)
    finally:
        shutil.rmtree(socket, ignore_errors=True)


def _counted(host: str, user: str, files: list[StoredFile]) -> Verified:
    with psycopg.connect(host=host, port=5432, user=user, dbname=WAREHOUSE) as connection:
        row = connection.execute(
            "select count(*), count(distinct user_id), max(received_at), (select count(*) from raw.erased_users)"
            " from raw.events"
        ).fetchone()
    assert row is not None  # noqa: S101 (a count has one row)
    versions = _model_versions(host, user)
    there = {file.path for file in files}
    missing = [
        name
        for name, source in versions
        # Those that lie elsewhere, as in an object store, have a backup of their own.
        if source.startswith("home:/") and not any(path.startswith(source.removeprefix("home:/")) for path in there)
    ]
    return Verified(datetime.now(UTC), None, row[0], row[1], row[2], row[3], len(versions), missing, len(files), 0.0)


def _model_versions(host: str, user: str) -> list[tuple[str, str]]:
    """The versions in the registry, by name, and where their files are."""
    try:
        with psycopg.connect(host=host, port=5432, user=user, dbname=MLFLOW) as connection:
            rows = connection.execute(
                "select name || ' ' || version, coalesce(storage_location, source) from model_versions"
                " where current_stage <> 'Deleted_Internal' order by 1"
            ).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        # MLflow has not been used yet.
        return []
    return [(str(name), str(source)) for name, source in rows]
