"""PgBouncer between Postgres and those who hold a connection for one transaction at a time: the API and the services.

Belongs here: its configuration and command line, and the address through it. Does not belong here: who must reach
Postgres directly because they keep something in a session; docs/operations.md lists them with the reason.
"""

import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.errors import UserError
from core.home import LOOPBACK, Home, choose_port, remembered_port, write_private
from core.settings import Settings
from standalone.processes import Command
from standalone.server_user import hand_over_files, server_identity
from standalone.stack import Platform
from standalone.system_programs import demand_program
from warehouse.databases import WAREHOUSE, Server
from warehouse.passfile import read_entries

PREPARES_SINCE = (1, 21)
"""Earlier versions lose prepared statements in transaction mode."""


def demand_pooler(settings: Settings) -> Path:
    """PgBouncer's program. Raises UserError where it is missing, or where Postgres is not the embedded one."""
    if settings.database_url is not None:
        raise UserError("--pooled is for the embedded Postgres; put your own PgBouncer before your own server.")
    return demand_program("pgbouncer", "--pooled")


def pooler_server(platform: Platform) -> Command:
    """PgBouncer in transaction mode, with the logins of API and services."""
    home, program = platform.home, demand_pooler(platform.settings)
    folder = home.root / "pgbouncer"
    folder.mkdir(mode=0o700, exist_ok=True)
    port = choose_port(home, "pgbouncer", platform.settings.ports["pgbouncer"])
    monitoring = platform.access.monitoring.user
    logins = {platform.access.backend.user, platform.access.serving.user, monitoring}
    users = [each for each in read_entries(home.passfile) if each.user in logins]
    # It has to know the passwords: it proves them to Postgres.
    write_private(folder / "users.txt", "".join(f'"{each.user}" "{each.password}"\n' for each in users))
    settings = {
        "listen_addr": LOOPBACK,
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": str(folder / "users.txt"),
        # It may ask the console how the pools are, and change nothing.
        "stats_users": monitoring,
        "pool_mode": "transaction",
        "max_client_conn": "500",
        # For each login; tests/standalone/test_connections.py adds up what Postgres allows.
        "default_pool_size": "12",
        "server_idle_timeout": "60",
        "ignore_startup_parameters": "extra_float_digits",
        **({"max_prepared_statements": "200"} if keeps_prepared_statements(program) else {}),
    }
    lines = [
        "[databases]",
        f"{WAREHOUSE} = host={LOOPBACK} port={platform.server.port} dbname={WAREHOUSE}",
        "[pgbouncer]",
        *(f"{name} = {value}" for name, value in settings.items()),
    ]
    write_private(folder / "pgbouncer.ini", "\n".join(lines) + "\n")
    # Like Postgres it refuses to run as root.
    identity = server_identity(home.postgres, program)
    hand_over_files(folder, identity)
    launch = [sys.executable, "-P", "-m", "standalone.launch", f"--parent={os.getpid()}", *identity.launch_options]
    return Command(
        "pgbouncer",
        [*launch, "--", str(program), str(folder / "pgbouncer.ini")],
        home.logs / "pgbouncer.log",
        port,
        is_foreign=True,
    )


def through_pooler(home: Home, settings: Settings, server: Server) -> Server:
    """A server as it is reached through PgBouncer, where that is wanted; otherwise as it is."""
    port = remembered_port(home, "pgbouncer") if settings.pooled else None
    return server if port is None else replace(server, port=port)


def console_url(home: Home, settings: Settings, server: Server) -> str | None:
    """PgBouncer's console, with the login of `server`; None where there is no PgBouncer."""
    port = remembered_port(home, "pgbouncer") if settings.pooled else None
    return None if port is None else f"{replace(server, port=port).url('pgbouncer')}?sslmode=disable"


def pooled_variables(settings: Settings, prefix: str) -> dict[str, str]:
    """What a process behind PgBouncer has to know: `prefix` is that of its settings."""
    if not settings.pooled or keeps_prepared_statements(demand_pooler(settings)):
        return {}
    return {f"{prefix}_PREPARED_STATEMENTS": "false"}


@cache
def keeps_prepared_statements(program: Path) -> bool:
    """Whether this PgBouncer keeps prepared statements in transaction mode."""
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= PREPARES_SINCE
