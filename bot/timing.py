"""Where the time of an answer goes: asking the API, asking Telegram, waiting for a slot, and the bot's own work.

Belongs here: adding it up for the update that is being handled. Tasks have their own sums, so updates do not mix.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

Part = Literal["api", "telegram", "slot"]


@dataclass
class Spent:
    """The seconds of one update until its answer was sent."""

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def milliseconds(self) -> dict[str, float]:
        """Each part and the bot's own, which is what is left."""
        parts = {f"{name}_milliseconds": round(seconds * 1000, 3) for name, seconds in self.seconds.items()}
        own = time.perf_counter() - self.began - sum(self.seconds.values())
        return {**parts, "own_milliseconds": round(own * 1000, 3)}


_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)


def begin() -> Spent:
    """Starts adding up for what this task does from now on."""
    spent = Spent()
    _spent.set(spent)
    return spent


@contextmanager
def spending(part: Part) -> Iterator[None]:
    """Counts the block's time for a part."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent = _spent.get()
        if spent is not None:
            spent.seconds[part] = spent.seconds.get(part, 0.0) + time.perf_counter() - started
