"""A server that answers after a fixed amount of work and does nothing else: no database, no model, no threads.

The machine causes its delays, so a service that works as long has to expect the same delays.

WORK_MS=1.5 uvicorn --lifespan off benchmarks.control_app:app
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

_STEPS = 500
"""Numbers in one round of work, which takes some tens of microseconds."""


async def app(
    _scope: Any, receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Works, then sends an empty answer."""
    while (await receive()).get("more_body"):
        pass
    _work(_rounds())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


@cache
def _rounds() -> int:
    """The number of rounds that take WORK_MS, by the median time of a round."""
    return max(1, round(float(os.environ["WORK_MS"]) / 1000 / statistics.median(_seconds() for _ in range(5000))))


def _seconds() -> float:
    began = time.perf_counter()
    _work(1)
    return time.perf_counter() - began


def _work(rounds: int) -> None:
    value = 1
    for _ in range(rounds * _STEPS):
        value = value * 48271 % 2147483647
