"""What `up` does while everything runs: it starts again what has ended, and starts what a new deployment needs.

Belongs here: one look after another, until `up` is stopped. Does not belong here: starting everything (`platform`), and
how one server is started again (`standalone.fleet`).

A look asks no database. What Postgres knows is asked in a thread beside it, because a Postgres that hangs, or a network
that swallows packets, answers neither yes nor no, and processes end meanwhile.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import psycopg
from dagster_postgres.utils import DagsterPostgresException
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from core.errors import UserError
from orchestration.lost_runs import end_lost_runs
from standalone.fleet import Fleet
from standalone.monitoring_servers import watch
from standalone.postgres import keep_running, running_postmaster
from standalone.processes import Child, Command
from standalone.replica import demand_replica
from standalone.rolling import Requests, restart_replicas
from standalone.rotating import rotate
from standalone.servers import model_servers
from standalone.stack import Platform
from standalone.up import announce

if TYPE_CHECKING:
    from dagster import DagsterInstance

CHECK_SECONDS = 3.0

_TROUBLE = (UserError, OSError, psycopg.Error, SQLAlchemyError, DagsterPostgresException)
"""Postgres may be restarting, the disk may be full, a replica that was restarted may not have come up."""


@dataclass(frozen=True)
class Known:
    """What Postgres knew at one moment: runs that were ended because nobody runs them, and services to start."""

    lost_runs: list[str] = field(default_factory=list)
    deployed: list[Command] = field(default_factory=list)


class Question:
    """A function that is asked again and again in a thread of its own, one call at a time."""

    def __init__(self, ask: Callable[[], Known]) -> None:
        self._ask = ask
        self._answers: list[Known | Exception] = []
        self._thread: threading.Thread | None = None

    def answer(self) -> Known:
        """What the last call returned, once; nothing while it has not. Raises what it raised. Begins the next call."""
        if self._thread is not None and self._thread.is_alive():
            return Known()
        found = self._answers.pop() if self._answers else Known()
        # It ends with this process, however long it waits.
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()
        if isinstance(found, Exception):
            raise found
        return found

    def _call(self) -> None:
        try:
            self._answers.append(self._ask())
        except _TROUBLE as error:
            self._answers.append(error)


def supervise(
    platform: Platform,
    fleet: Fleet,
    instance: "DagsterInstance",
    console: Console,
    restarts: Requests,
    service_replicas: int,
) -> NoReturn:
    """Looks after everything until it is interrupted. Nothing that goes wrong ends it: the next look follows soon."""
    announced = fleet.children
    question = Question(
        lambda: Known(end_lost_runs(instance), model_servers(platform, fleet.names, service_replicas)),
    )
    while True:
        time.sleep(CHECK_SECONDS)
        try:
            if restarts.taken():
                restart_replicas(fleet, lambda child: announce(platform.home, fleet.children))
            _look(platform, fleet, question, console)
            if fleet.children != announced:
                announce(platform.home, fleet.children)
                if "prometheus" in fleet.names:
                    watch(platform, fleet.addresses)
                announced = fleet.children
        except _TROUBLE as error:
            _say(console, str(error))


def _look(platform: Platform, fleet: Fleet, question: Question, console: Console) -> None:
    _keep_postgres(platform, console)
    fleet.revive(lambda child, wait_seconds: _say_end(console, child, wait_seconds))
    for child in fleet.children:
        if child.command.name == "gateway" and child.is_running:
            rotate(platform.home.gateway / "access.log", child.process.pid)
    known = question.answer()
    for run_id in known.lost_runs:
        _say(console, f"Run {run_id} has failed: its process is gone.")
    deployed = [command for command in known.deployed if command.name not in fleet.names]
    fleet.begin(deployed)
    for command in deployed:
        _say(console, f"{command.name} starts at {command.address}")


def _keep_postgres(platform: Platform, console: Console) -> None:
    """Starts an embedded Postgres that has ended. What runs without it goes on, whether or not it starts."""
    if not platform.server.is_embedded or running_postmaster(platform.home) is not None:
        return
    _say(console, "postgres ended by itself; starting it again.")
    try:
        keep_running(platform.home, platform.server.port)
        if platform.settings.replica and platform.settings.synchronous:
            demand_replica(platform.server)
    except _TROUBLE as error:
        _say(console, str(error))


def _say_end(console: Console, child: Child, wait_seconds: float) -> None:
    if wait_seconds == 0:
        _say(console, f"{child.command.name} ended by itself; starting it again.")
        return
    _say(
        console,
        f"{child.command.name} keeps ending, last with exit code {child.process.returncode}; starting it again in "
        f"{wait_seconds:.0f} s (log: {child.command.log})",
    )


def _say(console: Console, sentence: str) -> None:
    """Prints the first line. The output may be a file on a disk that is full, which must not end `up`."""
    with suppress(OSError):
        console.print(sentence.partition("\n")[0], highlight=False, soft_wrap=True)
