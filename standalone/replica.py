"""A streaming replica of the embedded Postgres: made from it, kept beside it, promoted where it is lost.

Belongs here: the replica's data folder and command line, and promotion. Does not belong here: who reads it
(`backend.replica`), and a replica of a server of your own, which its administrator makes.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import PlatformError, UserError
from core.home import LOOPBACK, Home, choose_port, remembered_port, write_private
from core.settings import Settings
from standalone.lone_server import alone_on, await_ready
from standalone.postgres import programs
from standalone.processes import Command
from standalone.server_user import hand_over, server_identity
from standalone.stack import Platform
from standalone.tuning import server_settings, this_machine
from standalone.up import unused
from warehouse.databases import SUPERUSER, Server, embedded_server
from warehouse.passfile import ANY, Entry, password_of, remember

NAME = "customer_analyzer_replica"
"""Of the replication slot, and of the standby whom a synchronous commit waits for."""


def prepare_replica(settings: Settings, home: Home) -> None:
    """Says before Postgres starts that it will be replicated. Raises UserError where it is not the embedded one."""
    if settings.database_url is not None:
        raise UserError(
            "A replica is kept of the embedded Postgres; name that of your own server in BACKEND_REPLICA_URL."
        )
    home.replica.mkdir(mode=0o700, exist_ok=True)


def replica_server(platform: Platform) -> Command:
    """The replica, whose data is copied from the primary where there is none, or where it was left behind for good."""
    home, primary = platform.home, platform.server
    _prepare_primary(primary)
    if not (home.replica / "standby.signal").exists() or _is_left_behind(primary):
        _copy(home, primary)
    port = choose_port(home, "replica", platform.settings.ports["replica"])
    settings = server_settings(this_machine(), is_streamed=True) | {
        "port": str(port),
        "primary_conninfo": (
            f"host={LOOPBACK} port={primary.port} user={SUPERUSER} application_name={NAME} sslmode=disable"
            " passfile=primary.pgpass"
        ),
        "primary_slot_name": NAME,
        # A long report holds up the cleaning of rows that it reads, rather than being cancelled.
        "hot_standby_feedback": "on",
        # The replica of a replica is not wanted.
        "synchronous_standby_names": "",
    }
    identity = server_identity(home.replica, programs() / "postgres")
    launch = [sys.executable, "-P", "-m", "standalone.launch", f"--parent={os.getpid()}", *identity.launch_options]
    server = [str(programs() / "postgres"), "-D", str(home.replica.resolve())]
    server += [f"-c{name}={value}" for name, value in settings.items()]
    return Command("replica", [*launch, "--", *server], home.logs / "replica.log", port, is_foreign=True)


def replica_of(home: Home) -> Server | None:
    """The replica as its owner reaches it; None where there never was one."""
    port = remembered_port(home, "replica")
    return None if port is None or not home.replica.is_dir() else replace(embedded_server(home, port), port=port)


def promote(home: Home) -> float:
    """Makes a running replica writable, for when the primary is lost; how many seconds that took.

    Raises PlatformError or DatabaseError where there is no replica that runs.
    """
    server = replica_of(home)
    if server is None:
        raise PlatformError("This home has no replica.")
    began = datetime.now(UTC)
    with server.connect("postgres", autocommit=True) as connection:
        row = connection.execute("select pg_is_in_recovery()").fetchone()
        if row is None or not row[0]:
            raise PlatformError("The replica is promoted already.")
        # Whoever commits on it must not wait for a standby that it does not have.
        connection.execute("alter system set synchronous_standby_names = ''")
        row = connection.execute("select pg_promote(true, 60)").fetchone()
        if row is None or not row[0]:
            raise PlatformError(f"The replica was not promoted within 60 s: see {home.logs / 'replica.log'}.")
    return (datetime.now(UTC) - began).total_seconds()


def take_over(home: Home) -> Path:
    """Puts the replica's data in the primary's place, and promotes it before if need be; where the primary's is now.

    Nothing is deleted. Raises UserError while anything of the home runs.
    """
    with unused(home):
        if not (home.replica / "PG_VERSION").exists():
            raise PlatformError("This home has no replica.")
        if (home.replica / "standby.signal").exists():
            _promote_alone(home)
        earlier = home.root / f"postgres.before-promotion-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        if home.postgres.exists():
            home.postgres.rename(earlier)
        home.replica.rename(home.postgres)
        (home.postgres / "primary.pgpass").unlink(missing_ok=True)
        # The next `up` makes a new replica.
        home.replica.mkdir(mode=0o700)
    return earlier


def demand_replica(primary: Server) -> None:
    """From now on a commit at the primary waits until the replica has it on disk. Call it when the replica runs."""
    with primary.connect("postgres", autocommit=True) as connection:
        connection.execute(f"alter system set synchronous_standby_names = '{NAME}'".encode())
        connection.execute("select pg_reload_conf()")


def _promote_alone(home: Home) -> None:
    """Starts a replica whose primary is gone, for as long as promoting takes."""
    identity = server_identity(home.replica, programs() / "postgres")
    port = choose_port(home, "replica", None)
    settings = {"port": str(port), "hot_standby": "on", "primary_conninfo": "", "primary_slot_name": ""}
    settings |= {"max_connections": server_settings(this_machine())["max_connections"]}
    settings |= {"max_worker_processes": server_settings(this_machine())["max_worker_processes"]}
    settings |= {"max_wal_senders": "10"}
    with alone_on(home.replica, identity, home.logs / "replica.log", settings) as server:
        await_ready(server, "database system is ready to accept read-only connections")
        if not server.is_running:
            raise PlatformError(f"The replica did not start:\n{server.log_tail()}")
        promote(home)


def _prepare_primary(primary: Server) -> None:
    with primary.connect("postgres", autocommit=True) as connection:
        row = connection.execute("select current_setting('wal_level')").fetchone()
        if row is None or row[0] == "minimal":
            raise PlatformError(
                "Postgres was started without what a replica needs: stop whatever uses this home, and try again."
            )
        connection.execute(
            "select pg_create_physical_replication_slot(%s, true)"
            " where not exists (select from pg_replication_slots where slot_name = %s)",
            [NAME, NAME],
        )


def _is_left_behind(primary: Server) -> bool:
    with primary.connect("postgres") as connection:
        row = connection.execute("select wal_status from pg_replication_slots where slot_name = %s", [NAME]).fetchone()
    return row is not None and row[0] == "lost"


def _copy(home: Home, primary: Server) -> None:
    """Copies the primary's data. The slot keeps the log from now on."""
    shutil.rmtree(home.replica, ignore_errors=True)
    with primary.connect("postgres", autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot(%s)", [NAME])
        connection.execute("select pg_create_physical_replication_slot(%s, true)", [NAME])
    done = subprocess.run(
        [
            str(programs() / "pg_basebackup"),
            f"--pgdata={home.replica}",
            f"--host={LOOPBACK}",
            f"--port={primary.port}",
            f"--username={SUPERUSER}",
            f"--slot={NAME}",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-password",
        ],
        env={**os.environ, "PGPASSFILE": str(home.passfile), "PGPASSWORD": "", "PGSSLMODE": "disable"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PlatformError(f"The replica could not be made: {done.stderr.strip()}")
    # Its own copy, because under root it runs as another user, who may not read the home's.
    password = password_of(home.passfile, primary.host, SUPERUSER)
    remember(home.replica / "primary.pgpass", Entry(LOOPBACK, ANY, SUPERUSER, password))
    write_private(home.replica / "standby.signal", "")
    hand_over(home.replica, programs() / "postgres")
