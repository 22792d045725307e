"""What a home says of itself: the processes that `up` runs, how old the newest backup is, how far logs are shipped.

All of it is read from files that others write, whenever Prometheus asks. Where the home does not back up, or nothing is
up, there are no figures. Does not belong here: processes of other machines, which their own supervisor watches.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.monitoring.shipping import shipping_lag
from core.home import Home, read_json
from core.metrics import PREFIX

_BACKUP_TIMES = ("backup_at", "archived_at", "verified_at")


class HomeCollector(Collector):
    """The figures of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All figures."""
        servers = read_json(self._home.up).get("servers", {})
        yield from _processes(servers)
        yield from shipping_lag(self._home, servers)
        yield from _backups(read_json(self._home.root / "backups" / "state.json"))
        yield _spool(self._home.ledger)


def _processes(servers: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    up = GaugeMetricFamily(f"{PREFIX}_process_up", "Whether a process of `up` runs", labels=["process"])
    memory = GaugeMetricFamily(
        f"{PREFIX}_process_resident_bytes", "Memory of a process and its children", labels=["process"]
    )
    seconds = CounterMetricFamily(
        f"{PREFIX}_process_cpu_seconds", "CPU time of a process and its children that run", labels=["process"]
    )
    for name, server in servers.items():
        family = _family(int(server["pid"]))
        up.add_metric([name], 1 if family else 0)
        if family:
            used = [each for each in map(_used, family) if each is not None]
            memory.add_metric([name], sum(rss for rss, _ in used))
            seconds.add_metric([name], sum(cpu for _, cpu in used))
    yield from (up, memory, seconds)


def _family(pid: int) -> list[psutil.Process]:
    """A process and its descendants; none where it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return []
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _used(process: psutil.Process) -> tuple[float, float] | None:
    try:
        with process.oneshot():
            times = process.cpu_times()
            return float(process.memory_info().rss), float(times.user + times.system)
    except psutil.Error:
        return None


def _backups(state: dict[str, Any]) -> Iterator[Metric]:
    """When the newest base backup ended, until when everything is archived, and when a restore was last tried."""
    if not state:
        return
    at = GaugeMetricFamily(f"{PREFIX}_backup_timestamp_seconds", "How far backups are", labels=["what"])
    for name in _BACKUP_TIMES:
        with suppress(KeyError, TypeError, ValueError):
            at.add_metric([name.removesuffix("_at")], datetime.fromisoformat(state[name]).timestamp())
    troubled = GaugeMetricFamily(f"{PREFIX}_backup_troubled", "1 where something stood in the way of backups last")
    troubled.add_metric([], float(bool(state.get("problem"))))
    size = GaugeMetricFamily(f"{PREFIX}_backup_bytes", "Size of all backups")
    size.add_metric([], float(state.get("size_bytes") or 0))
    yield from (at, troubled, size)


def _spool(folder: Path) -> Metric:
    """Services tell it too, but not those that are down while their predictions wait."""
    waiting = GaugeMetricFamily(f"{PREFIX}_ledger_waiting_bytes", "Predictions on disk that the warehouse lacks")
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += Path(parent, name).stat().st_size
    waiting.add_metric([], float(size))
    return waiting
