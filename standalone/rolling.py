"""Restarting the replicas of the API one after another, so that the gateway always has one to ask.

`customer-analyzer restart` asks the running `up`, whose children the replicas are, by a signal, and waits. Does not
belong here: supervising (`fleet`), and the gateway.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from core.errors import PlatformError, UserError
from core.home import Home
from standalone.fleet import READY_SECONDS, Fleet
from standalone.gateway import FAIL_SECONDS
from standalone.processes import Child
from standalone.up import find_up

PAUSE_SECONDS = FAIL_SECONDS + 1
"""After a replica is ready. The gateway leaves out one that failed, so the next may stop only when that is over."""

SIGNAL = signal.SIGUSR1


def is_api(name: str) -> bool:
    """Whether this is a replica of the API."""
    return name == "api" or name.startswith("api_")


def restart_replicas(fleet: Fleet, on_ready: Callable[[Child], None]) -> None:
    """Restarts each replica of the API. Raises PlatformError if one does not come up; the others then still run."""
    for name in sorted(filter(is_api, fleet.names)):
        on_ready(fleet.restart(name))
        time.sleep(PAUSE_SECONDS)


class Requests:
    """Restarts that were asked for. A signal may come at any moment, so it is only noted."""

    def __init__(self) -> None:
        self._is_asked = False

    def taken(self) -> bool:
        """Whether one was asked for since the last call."""
        asked, self._is_asked = self._is_asked, False
        return asked

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Notes the signal for the duration of the block."""

        def note(_signal: int, _frame: FrameType | None) -> None:
            self._is_asked = True

        before = signal.signal(SIGNAL, note)
        try:
            yield
        finally:
            signal.signal(SIGNAL, before)


def ask_for_restart(home: Home, seconds: float = READY_SECONDS) -> int:
    """Has `up` of this home restart the API's replicas, and waits until all are new. Returns how many there are.

    Raises UserError where nothing is up, or one replica would leave nobody to answer; PlatformError if it takes longer.
    """
    before = _replicas(home)
    if len(before) < 2:
        raise UserError(
            "A restart without a gap needs two replicas of the API: start with `customer-analyzer up --gateway`."
        )
    up = find_up(home)
    if up is not None:
        os.kill(up.pid, SIGNAL)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = _replicas(home)
        if len(now) == len(before) and not set(now.values()) & set(before.values()):
            return len(now)
        time.sleep(0.2)
    raise PlatformError(f"The replicas were not restarted within {seconds:.0f} s: look into {home.logs}.")


def _replicas(home: Home) -> dict[str, int]:
    up = find_up(home)
    return {} if up is None else {name: int(server["pid"]) for name, server in up.servers.items() if is_api(name)}
