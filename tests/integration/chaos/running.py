"""One run of chaos: a platform under load, fault after fault, and what became of every promise.

Belongs here: the order of faults, what is measured beside them, and waiting until the platform has caught up. Does not
belong here: the faults (`faults`), the load (`load`), and how a run is shown (`report`).
"""

import random
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from tests.integration.chaos.accounts import Promise, promises, waiting
from tests.integration.chaos.faults import Fault, Surroundings, all_faults
from tests.integration.chaos.load import Load, under_load
from tests.integration.chaos.stack import PATIENCE_SECONDS, POSTGRES, Stack, wait_until

SHARE_OF_LONG = 0.65
"""Of the time, at most: an outage must last for more than a minute until an alert may fire."""
_CATCH_UP_SECONDS = 600
_ALERT_SECONDS = 120
_SLOW_TO_END = (
    *("ErrorBudgetBurnsFast", "ErrorBudgetBurnsSlowly", "LedgerDropped", "AlertsNotDelivered"),
    *("MartsStale", "ScoresStale"),
)
"""They look back for 10 minutes and more, or concern the simulated shop, whose days are long past."""


@dataclass(frozen=True)
class Happened:
    """A fault: from when until when it and what followed lasted, how long all took to be well, and what fired."""

    fault: Fault
    lasted: tuple[float, float]
    back_seconds: float
    alerts: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    began_at: datetime
    minutes: float
    happened: list[Happened]
    promises: list[Promise]
    failures: dict[str, int]
    caught_up_seconds: float
    alerts: frozenset[str]
    told: frozenset[str]
    left_out: list[str]
    seed: int

    @property
    def complaints(self) -> list[str]:
        """What should not have been so; empty after a good run."""
        found = [f"{each.lost} of {each.what} lost" for each in self.promises if each.lost]
        found += [f"{each.doubled} of {each.what} doubled" for each in self.promises if each.doubled]
        found += [
            f"{name} did not fire while {each.fault.victim} {each.fault.name}"
            for each in self.happened
            for name in each.fault.alerts
            if name not in each.alerts
        ]
        return found + [f"the API was never told of {name}" for name in sorted(self.expected - self.told)]

    @property
    def expected(self) -> frozenset[str]:
        """The alerts that had to fire."""
        return frozenset(name for each in self.happened for name in each.fault.alerts)


@dataclass
class Alerts:
    """Which alerts fire, as Prometheus says every two seconds. While it does not answer, as before.

    Of alerts on disks only those on `device` count, the disk of the run: how full others are is not its business.
    """

    stack: Stack
    device: str | None = None
    firing: frozenset[str] = frozenset()
    seen: list[tuple[float, str]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def since(self, moment: float) -> frozenset[str]:
        """Those that fired at any time since."""
        return frozenset(name for at, name in self.seen if at >= moment)

    @contextmanager
    def watched(self) -> Iterator["Alerts"]:
        """Looks for the duration of the block."""
        thread = threading.Thread(target=self._watch, daemon=True)
        if "prometheus" in self.stack.names:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()

    def _watch(self) -> None:
        address = self.stack.address("prometheus")
        while not self._over.wait(2):
            with suppress(httpx.HTTPError, KeyError, ValueError):
                found = httpx.get(f"{address}/api/v1/alerts", timeout=5, trust_env=False).json()["data"]["alerts"]
                labels = [each["labels"] for each in found if each["state"] == "firing"]
                ours = [each for each in labels if each.get("device") in (None, self.device)]
                self.firing = frozenset(each["alertname"] for each in ours)
                self.seen += [(time.monotonic(), name) for name in self.firing]


def run(stack: Stack, around: Surroundings, minutes: float, seed: int, only: str = "") -> Outcome:
    """Does one fault after the other for so many minutes, then waits until all is done, and compares.

    `only`: a regular expression that is found in the names of the faults.
    """
    every_short, every_long, left_out = all_faults(stack, around)
    short, long = ([each for each in some if re.search(only, str(each))] for some in (every_short, every_long))
    began_at, happened = datetime.now(UTC), []
    with Alerts(stack, _device(around.disk)).watched() as alerts, under_load(stack, minutes) as load:
        for fault in in_order(short, long, minutes * 60, seed):
            happened.append(_done(stack, around, fault, alerts))
        caught_up = _caught_up(stack, load, alerts)
        full = [each.lasted for each in happened if each.fault.victim == "the disk"]
        kept = promises(stack, load, in_flight(happened), full)
        return Outcome(
            began_at,
            minutes,
            happened,
            kept,
            dict(load.failures),
            caught_up,
            alerts.since(0),
            _told(stack),
            left_out,
            seed,
        )


def in_order(short: Sequence[Fault], long: Sequence[Fault], seconds: float, seed: int) -> Iterator[Fault]:
    """Faults until the time is over: long ones in their order, as many as fit, among short ones by chance."""
    chance, until = random.Random(seed), time.monotonic() + seconds
    room = seconds * SHARE_OF_LONG
    waiting_long = []
    for fault in long:
        if fault.seconds <= room:
            waiting_long.append(fault)
            room -= fault.seconds
    waiting_short: list[Fault] = []
    every = max(1, len(short) // (len(waiting_long) + 1))
    for turn in range(10**9):
        left = until - time.monotonic()
        if left <= 0:
            return
        if waiting_long and (turn % (every + 1) == 0 or left < sum(each.seconds for each in waiting_long) * 1.2):
            yield waiting_long.pop(0)
            continue
        waiting_short = waiting_short or chance.sample(short, len(short))
        yield waiting_short.pop()


def in_flight(happened: Sequence[Happened]) -> int:
    """How many answers of the bot may have been on their way when something broke: one a fault."""
    return len(happened)


def _done(stack: Stack, around: Surroundings, fault: Fault, alerts: Alerts) -> Happened:
    began = time.monotonic()
    _say(str(fault))
    with fault.begin(stack, around):
        time.sleep(fault.seconds)
        if fault.alerts:
            with suppress(AssertionError):
                wait_until(lambda: alerts.since(began) >= {*fault.alerts}, "alerts", _ALERT_SECONDS)
    troubled: list[list[str]] = [[]]

    def is_well() -> bool:
        troubled.append(stack.troubled())
        return not troubled[-1]

    try:
        back = wait_until(is_well, "all well", PATIENCE_SECONDS)
    except AssertionError:
        raise AssertionError(f"after {fault.victim} {fault.name} these are not well: {troubled[-1]}") from None
    last = f", the last {', '.join(troubled[-2])}" if troubled[-2] else ""
    _say(f"  all well after {back:.0f} s{last}; alerts: {', '.join(sorted(alerts.since(began))) or 'none'}")
    return Happened(fault, (began, time.monotonic()), back, alerts.since(began))


def _caught_up(stack: Stack, load: Load, alerts: Alerts) -> float:
    """Ends the load; how long it took until nothing was left to be done, and no alert fired."""
    load.end()
    still: list[object] = []

    def is_done() -> bool:
        troubled = stack.troubled()
        still[:] = [troubled, {} if POSTGRES in troubled else waiting(stack), alerts.firing - {*_SLOW_TO_END}]
        return not any(still)

    try:
        return wait_until(is_done, "done", _CATCH_UP_SECONDS)
    except AssertionError:
        raise AssertionError(f"after {_CATCH_UP_SECONDS} s: {still}") from None


def _device(mount: Path | None) -> str | None:
    """The device that is mounted there, as the exporter of the machine names it."""
    return next((each.device for each in psutil.disk_partitions(all=True) if each.mountpoint == str(mount)), None)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {sentence}\n")


def _told(stack: Stack) -> frozenset[str]:
    """The alerts that the API was told of by Alertmanager."""
    key = stack.key("analytics:read", "metrics:read")
    with stack.caller(key) as caller:
        answer = caller.get("/alerts", params={"limit": 500}).raise_for_status().json()
    return frozenset(each["name"] for each in answer["alerts"])
