"""Postgres on a data folder for as long as a block lasts: to replay a backup, to look at one, to promote a replica.

Does not belong here: the embedded server, which many processes share (`postgres`), and why it is started
(`backups`, `replica`).
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.home import LOOPBACK, free_port, open_log
from standalone.postgres import programs
from standalone.processes import Child, Command, start, stop
from standalone.server_user import Identity

READY = "database system is ready to accept connections"


def await_ready(server: Child, ready: str = READY) -> str:
    """What a server has said once it says that it is ready, or once it has ended."""
    while True:
        is_running = server.is_running
        with server.command.log.open("rb") as file:
            file.seek(server.log_begin)
            said = file.read().decode("utf-8", "replace")
        if ready in said or not is_running:
            return said
        time.sleep(0.1)


@contextmanager
def alone_on(data: Path, identity: Identity, log: Path, settings: dict[str, str]) -> Iterator[Child]:
    """A server of its own on a data folder, on a port that nobody knows, stopped cleanly after the block."""
    given = {
        "port": str(free_port()),
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",
        "hot_standby": "off",
        "shared_buffers": "512MB",
        "max_wal_size": "4GB",
        "archive_mode": "off",
        "log_line_prefix": "%m [%p] ",
        **settings,
    }
    launch = [
        sys.executable,
        "-P",
        "-m",
        "standalone.launch",
        f"--parent={os.getpid()}",
        *identity.launch_options,
        "--",
    ]
    server = [
        str(programs() / "postgres"),
        "-D",
        str(data.resolve()),
        *(f"-c{name}={value}" for name, value in given.items()),
    ]
    open_log(log).close()
    child = start(Command("postgres", [*launch, *server], log))
    try:
        yield child
    finally:
        stop([child], seconds=120)
