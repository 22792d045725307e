"""Several servers: started at the same time, restarted when one ends by itself, stopped together.

Does not belong here: which servers there are (`servers`), and how one process is supervised (`processes`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from standalone.processes import Child, Command, end_rest, start, stop, wait_until_ready

READY_SECONDS = 300
"""Generous, because MLflow and Dagster import much and the machine may be busy."""
RESTARTS_AT_ONCE = 3
"""How often a server that ended within `RESTART_SECONDS` is started again at once. After that it has to wait."""
RESTART_SECONDS = 300
SHORTEST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0


def _ignore(_child: Child) -> None:
    pass


def _ignore_end(_child: Child, _wait_seconds: float) -> None:
    pass


def _wait_seconds(ends: int) -> float:
    """How long a server waits that has ended so often within `RESTART_SECONDS` before."""
    if ends < RESTARTS_AT_ONCE:
        return 0.0
    return float(min(SHORTEST_WAIT_SECONDS * 2 ** (ends - RESTARTS_AT_ONCE), LONGEST_WAIT_SECONDS))


class Fleet:
    """The running servers, by name. All are stopped when the block ends. Not thread-safe."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._ends: dict[str, list[float]] = {}
        self._due: dict[str, float] = {}

    @property
    def children(self) -> list[Child]:
        """The running servers, in the order they were started."""
        return list(self._children.values())

    @property
    def names(self) -> set[str]:
        return set(self._children)

    @property
    def addresses(self) -> dict[str, str | None]:
        """The address of each server, by name; None for one without a port."""
        return {name: child.command.address for name, child in self._children.items()}

    def start(self, commands: Sequence[Command], on_ready: Callable[[Child], None] = _ignore) -> None:
        """Starts servers at the same time and returns when all answer. `on_ready` is called for each.

        Raises PlatformError with the end of its log if one does not come up.
        """
        started = [start(command) for command in commands]
        self._children |= {child.command.name: child for child in started}
        for child in started:
            wait_until_ready(child, READY_SECONDS)
            on_ready(child)

    def begin(self, commands: Sequence[Command]) -> None:
        """Starts servers without waiting until they answer: what they need may be away, and come back later."""
        for command in commands:
            self._children[command.name] = start(command)

    def revive(self, on_end: Callable[[Child, float], None] = _ignore_end) -> None:
        """Starts servers that have ended by themselves again, and does not wait until they answer.

        One that keeps ending is started ever more rarely, but never given up: what it needs, such as room on the disk,
        may come back. `on_end` is called once for each end, with the seconds until it is started again.
        """
        now = time.monotonic()
        for name, child in self._children.items():
            if not child.is_running and name not in self._due:
                recent = [end for end in self._ends.get(name, []) if now - end < RESTART_SECONDS]
                wait = _wait_seconds(len(recent))
                self._ends[name] = [*recent, now]
                self._due[name] = now + wait
                end_rest(child)
                on_end(child, wait)
        due = [name for name, moment in self._due.items() if moment <= now]
        for name in due:
            # The disk may be full, which `start` says by an OSError. The next call tries again.
            self.begin([self._children[name].command])
            del self._due[name]

    def await_ready(self) -> None:
        """Returns when all servers answer. Raises PlatformError with the end of its log if one does not."""
        for child in self.children:
            wait_until_ready(child, READY_SECONDS)

    def restart(self, name: str) -> Child:
        """Stops one server and starts it again, with what its program is now; returns when it answers.

        Raises PlatformError if it does not come up.
        """
        stop([self._children[name]])
        self._due.pop(name, None)
        self.start([self._children[name].command])
        return self._children[name]

    def stop(self) -> None:
        """Stops all of them."""
        stop(self.children)
        self._children.clear()
        self._due.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


@contextmanager
def running_servers(commands: Sequence[Command], on_ready: Callable[[Child], None] = _ignore) -> Iterator[list[Child]]:
    """Runs servers for the duration of the block. Raises PlatformError if one does not come up."""
    with Fleet() as fleet:
        fleet.start(commands, on_ready)
        yield fleet.children
