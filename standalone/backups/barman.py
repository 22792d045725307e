"""barman, which makes base backups of Postgres and archives its write-ahead log (WAL).

Belongs here: its configuration, its command line, and what it says about backups. Does not belong here: when it is
called (`archiving`), and starting a restored server (`restoring`).

It is run as a program of its own. The folder of backups is laid out like this:

    customer-analyzer/   barman's: base backups, WAL, its catalogue
    home/                packs of the home's files, see `home_files`
    erasures.json        who was erased, by a keyed hash, see `settling`
    restorations.json    to which moments it was restored, and when
    system.json          which Postgres this is the archive of
"""

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import PlatformError, UserError
from core.home import read_json, write_private
from standalone.backups.keys import Keyring
from standalone.postgres import programs
from warehouse.databases import Server

NAME = "customer-analyzer"
SLOT = "customer_analyzer_backup"


@dataclass(frozen=True)
class BaseBackup:
    """A base backup in the catalogue. With the WAL that follows, any later moment can be restored from it."""

    backup_id: str
    is_done: bool
    is_obsolete: bool
    ended_at: datetime | None
    size_bytes: int


@dataclass(frozen=True)
class Barman:
    """barman with one configuration. `work` holds what is on its way and must not lie beside the backups."""

    folder: Path
    work: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def streaming(self) -> Path:
        """WAL that has arrived and is not archived yet. It is plain, so it stays on the disk that the data is on."""
        return self.work / "streaming"

    @property
    def archive(self) -> Path:
        return self.folder / NAME

    @property
    def home_packs(self) -> Path:
        return self.folder / "home"

    @property
    def erasures(self) -> Path:
        return self.folder / "erasures.json"

    @property
    def restorations(self) -> Path:
        return self.folder / "restorations.json"

    def command(self, *arguments: str) -> list[str]:
        """The command line of one of its commands."""
        program = Path(sys.executable).with_name("barman")
        if not program.is_file():
            raise PlatformError("Backups need barman: install customer-analyzer[backup].")
        return [str(program), "--config", str(self.work / "barman.conf"), *arguments]

    def run(self, *arguments: str) -> str:
        """Runs a command and returns what it printed. Raises PlatformError with its reason."""
        done = subprocess.run(
            self.command(*arguments), env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PlatformError(f"barman {arguments[0]} failed: {_reason(done.stdout + done.stderr)}")
        return done.stdout

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command while it runs. Raises PlatformError with its reason after the block, if it failed."""
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as said,
            subprocess.Popen(
                self.command(*arguments), env=dict(self.environment), stdout=said, stderr=said, text=True
            ) as process,
        ):
            yield process
            if process.wait() != 0:
                said.seek(0)
                raise PlatformError(f"barman {arguments[0]} failed: {_reason(said.read())}")

    def backups(self) -> list[BaseBackup]:
        """The base backups, newest first."""
        listed = json.loads(self.run("--format", "json", "list-backups", NAME))
        return [_base_backup(each) for each in listed.get(NAME, [])]

    def descriptions(self) -> frozenset[tuple[Path, int]]:
        """The files that describe base backups, and when each was written: another answer where `backups` has one."""
        files = (path for form in ("base/*/backup.info", "meta/*-backup.info") for path in self.archive.glob(form))
        return frozenset((path, path.stat().st_mtime_ns) for path in files)


def prepare_barman(folder: Path, work: Path, keyring: Keyring, days: int, server: Server, binaries: Path) -> Barman:
    """barman for a server, with its configuration written. `binaries` is the folder of Postgres' programs.

    Raises UserError where the folder is the archive of another Postgres, or cannot be used.
    """
    demand_folder(folder)
    system = str(_ask(server, "select system_identifier from pg_control_system()"))
    known = read_json(folder / "system.json").get("system_identifier")
    if known not in (None, system):
        raise UserError(f"{folder} holds the backups of another Postgres; choose an empty folder.")
    write_private(folder / "system.json", json.dumps({"system_identifier": system}) + "\n")
    connection = f"host={_quoted(server.host)} port={server.port} user={_quoted(server.user)}"
    if server.passfile is not None:
        connection += f" passfile={_quoted(str(server.passfile))}"
    database = f"dbname={_quoted(server.maintenance_database)}"
    secret = "" if server.password is None else server.password.get_secret_value()
    variables = {**server.libpq, **({"PGSSLMODE": "disable"} if server.is_embedded else {})}
    return configure(
        folder,
        work,
        keyring,
        binaries,
        {
            "conninfo": f"{connection} {database}",
            "streaming_conninfo": connection,
            "retention_policy": f"RECOVERY WINDOW OF {days} DAYS",
        },
        # The platform's own PGPASSWORD and PGPASSFILE are the pipeline's.
        {**variables, "PGPASSWORD": secret} if secret or server.passfile else variables,
    )


def configure(
    folder: Path,
    work: Path,
    keyring: Keyring,
    binaries: Path | None = None,
    options: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Barman:
    """barman with its configuration written into `work`. Without `options`, for what needs no server."""
    for path in (work, work / "locks", work / "staging"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    barman = Barman(
        folder, work, {**os.environ, "LC_ALL": "C.UTF-8", "GNUPGHOME": str(keyring.folder), **(variables or {})}
    )
    settings = {
        "description": "Customer Analyzer",
        "conninfo": "host=127.0.0.1",
        "streaming_conninfo": "host=127.0.0.1",
        **(options or {}),
        "path_prefix": str(binaries or programs()),
        "backup_method": "postgres",
        # Not spread over many minutes.
        "immediate_checkpoint": "true",
        "streaming_archiver": "on",
        "streaming_wals_directory": str(barman.streaming),
        "slot_name": SLOT,
        "create_slot": "auto",
        # In this form a base backup can be encrypted. Level 1: encrypting costs as much as compressing.
        "backup_compression": "gzip",
        "backup_compression_level": "1",
        "backup_compression_format": "tar",
        "compression": "gzip",
        "encryption": "gpg",
        "encryption_key_id": keyring.fingerprint,
        # The private key has no passphrase: its file is the secret. barman wants to hear one.
        "encryption_passphrase_command": "echo none",
        "staging_path": str(work / "staging"),
        "staging_location": "local",
        "minimum_redundancy": "1",
    }
    lines = [
        "[barman]",
        f"barman_user = {pwd.getpwuid(os.geteuid()).pw_name}",
        f"barman_home = {folder}",
        f"barman_lock_directory = {work / 'locks'}",
        f"log_file = {work / 'barman.log'}",
        "log_level = INFO",
        f"[{NAME}]",
        *(f"{name} = {value}" for name, value in settings.items()),
    ]
    write_private(work / "barman.conf", "\n".join(lines) + "\n")
    return barman


def catalogue(folder: Path) -> list[BaseBackup]:
    """The base backups in a folder, newest first, for whoever has neither the key nor the server."""
    if not (folder / NAME).is_dir():
        raise UserError(f"There are no backups in {folder}.")
    with tempfile.TemporaryDirectory(prefix="ca-list-") as work:
        return configure(folder, Path(work), Keyring(Path(work), "unknown")).backups()


def demand_folder(folder: Path) -> None:
    """Makes the folder of the backups. Raises UserError where it cannot be written to."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "home").mkdir(mode=0o700, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("not allowed to write")
    except OSError as error:
        raise UserError(f"The folder of backups {folder} cannot be used: {error.strerror or error}.") from error


def read_restorations(path: Path) -> list[tuple[datetime, datetime]]:
    """To which moments the archive's Postgres was restored, and when."""
    found = read_json(path).get("restorations", [])
    return [(datetime.fromisoformat(to), datetime.fromisoformat(at)) for to, at in found]


def _base_backup(listed: Mapping[str, Any]) -> BaseBackup:
    ended = listed.get("end_time_timestamp")
    return BaseBackup(
        str(listed["backup_id"]),
        listed.get("status") == "DONE",
        listed.get("retention_status") == "OBSOLETE",
        None if not ended else datetime.fromtimestamp(float(ended), UTC),
        int(listed.get("size_bytes") or 0) + int(listed.get("wal_size_bytes") or 0),
    )


def _ask(server: Server, query: str) -> object:
    with server.connect(server.maintenance_database, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def _quoted(value: str) -> str:
    """A value of a libpq connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _reason(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR", "EXCEPTION")) or "FAILED" in line]
    return (telling or lines or ["it said nothing"])[-1]
