"""Several servers: started at the same time, restarted when one ends by itself, stopped together.

Does not belong here: which servers there are (`servers`), and how one process is supervised (`processes`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from core.errors import PlatformError
from standalone.processes import Child, Command, start, stop, wait_until_ready

READY_SECONDS = 300
"""Generous, because MLflow and Dagster import much and the machine may be busy."""
MAX_RESTARTS = 3
"""How often one server may end within `RESTART_SECONDS` before the fleet gives up."""
RESTART_SECONDS = 300


def _ignore(_child: Child) -> None:
    pass


class Fleet:
    """The running servers, by name. All are stopped when the block ends. Not thread-safe."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._ends: dict[str, list[float]] = {}

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

    def revive(self, on_end: Callable[[Child], None] = _ignore) -> None:
        """Restarts servers that have ended by themselves. Raises PlatformError if one keeps ending."""
        now = time.monotonic()
        ended = [child for child in self.children if not child.is_running]
        for child in ended:
            name = child.command.name
            recent = [end for end in self._ends.get(name, []) if now - end < RESTART_SECONDS]
            self._ends[name] = [*recent, now]
            if len(recent) >= MAX_RESTARTS:
                raise PlatformError(
                    f"{name} keeps ending, last with exit code {child.process.returncode} "
                    f"(log: {child.command.log}):\n{child.log_tail()}"
                )
            on_end(child)
        self.start([child.command for child in ended])

    def restart(self, name: str) -> Child:
        """Stops one server and starts it again, with what its program is now; returns when it answers.

        Raises PlatformError if it does not come up.
        """
        stop([self._children[name]])
        self.start([self._children[name].command])
        return self._children[name]

    def stop(self) -> None:
        """Stops all of them."""
        stop(self.children)
        self._children.clear()

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
