"""The running `up` of a home, as other terminals see it: what it runs, and how to stop it.

Belongs here: its lock and its state file, and keeping a home unused. Does not belong here: the servers that `up` starts
(`servers`).
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from core.errors import PlatformError, UserError
from core.home import Home, read_json, write_private
from standalone.processes import Child, wait_for_end

DOWN_SECONDS = 90


@dataclass(frozen=True)
class Up:
    """A running `up`: its process id, and the process id and address of each server."""

    pid: int
    servers: dict[str, dict[str, Any]]


@contextmanager
def exclusive_up(home: Home) -> Iterator[None]:
    """Makes this process the only `up` of the home. Raises UserError if there is one already."""
    with home.up_lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            up = find_up(home)
            whose = f" (process {up.pid})" if up else ""
            raise UserError(
                f"The platform of {home.root} is already up{whose}: see `customer-analyzer status`, stop it with "
                "`customer-analyzer down`, or set CUSTOMER_ANALYZER_HOME to another folder."
            ) from None
        try:
            announce(home, [])
            yield
        finally:
            home.up.unlink(missing_ok=True)


@contextmanager
def unused(home: Home) -> Iterator[None]:
    """Keeps a home from being used for the duration of the block. Raises UserError if a process uses it."""
    if not home.root.exists():
        yield
        return
    with home.users_lock.open("a") as users, home.up_lock.open("a") as up:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(up, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{home.root} is in use: stop it with `customer-analyzer down`, and whatever else uses it."
            ) from None
        yield


def announce(home: Home, children: Sequence[Child]) -> None:
    """Writes the state file that `find_up` reads."""
    me = psutil.Process()
    servers = {child.command.name: {"pid": child.process.pid, "address": child.command.address} for child in children}
    state = {"pid": me.pid, "created": me.create_time(), "servers": servers}
    write_private(home.up, json.dumps(state, indent=2) + "\n")


def find_up(home: Home) -> Up | None:
    """The running `up` of this home, if any. The state file of a killed one does not count."""
    state = read_json(home.up)
    try:
        # Another program may have got the process id, so the start time is compared too.
        is_same = abs(psutil.Process(int(state["pid"])).create_time() - float(state["created"])) < 1
        return Up(int(state["pid"]), dict(state["servers"])) if is_same else None
    except (KeyError, TypeError, ValueError, psutil.NoSuchProcess):
        return None


def stop_up(home: Home) -> Up | None:
    """Stops the `up` of this home and returns it; None if none runs. Raises PlatformError if it does not stop."""
    up = find_up(home)
    if up is None:
        return None
    try:
        process = psutil.Process(up.pid)
        process.terminate()
    except psutil.NoSuchProcess:
        return up
    except psutil.AccessDenied as error:
        raise PlatformError(f"Process {up.pid} is another user's: run `down` as that user.") from error
    if wait_for_end([process], DOWN_SECONDS):
        raise PlatformError(
            f"Process {up.pid} has not stopped after {DOWN_SECONDS} s: look into {home.logs}, or kill it."
        )
    return up
