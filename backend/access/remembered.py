"""What was looked up a moment ago, so that not every request asks the warehouse."""

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST = 10_000


class Remembered(Generic[K, V]):
    """Values that are forgotten after some seconds. Bounded: when it is full, everything is forgotten."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """The value, unless it is too old."""
        known = self._values.get(key)
        if known is None:
            return None
        if known[0] <= time.monotonic():
            del self._values[key]
            return None
        return known[1]

    def put(self, key: K, value: V) -> None:
        """Remembers a value from now on."""
        if len(self._values) >= _MOST:
            self._values.clear()
        self._values[key] = (time.monotonic() + self._seconds, value)
