"""Figures for Prometheus: the prefix of their names, and how those of all processes of a server are read as one.

Belongs here: what every server does alike. Does not belong here: which figures there are. The Prometheus client is
imported late, because it decides at its first import whether it shares its figures between processes.
"""

import os
from pathlib import Path
from typing import Any

import psutil

PREFIX = "customer_analyzer"


def exposition(registry: Any) -> bytes:
    """The figures of all processes in Prometheus' text format. `registry` is what one process alone counts in."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        _forget_killed_processes(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_killed_processes(folder: Path) -> None:
    """What a killed process counted stays; the state that it reported in live gauges does not."""
    from prometheus_client.multiprocess import mark_process_dead

    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
