"""Several servers at once: started side by side, started again when one ends by itself, stopped together.

What the servers are is told in `servers`; how one process is kept, in `processes`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from core.errors import PlatformError
from standalone.processes import Child, Command, start, stop, wait_until_ready

READY_SECONDS = 300
"""Ample: MLflow and Dagster import much, and a busy machine takes its time."""
MAX_RESTARTS = 3
"""How often one server may end within `RESTART_SECONDS` before all are given up."""
RESTART_SECONDS = 300


def _ignore(_child: Child) -> None:
    pass


class Fleet:
    """The servers that run now, by name; all are stopped when its block ends. Not for several threads."""

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

    def start(self, commands: Sequence[Command], on_ready: Callable[[Child], None] = _ignore) -> None:
        """Starts servers side by side and returns when all answer; `on_ready` hears of each.

        Raises PlatformError with the end of its log if one does not come up.
        """
        started = [start(command) for command in commands]
        self._children |= {child.command.name: child for child in started}
        for child in started:
            wait_until_ready(child, READY_SECONDS)
            on_ready(child)

    def revive(self, on_end: Callable[[Child], None] = _ignore) -> None:
        """Starts again what has ended by itself. Raises PlatformError if that happens again and again."""
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
    """Servers that answer, for as long as the block lasts. Raises PlatformError if one does not come up."""
    with Fleet() as fleet:
        fleet.start(commands, on_ready)
        yield fleet.children
