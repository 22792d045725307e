"""Runs whose process was killed: found, and ended, so that they do not hold up the queue.

Belongs here: telling whether the process of a run is gone. Who asks: commands before they run a job, and `up` all
the time. Dagster's code server reports a process of its own that ended, unless it was killed too or Postgres
was away just then; other processes it does not know. Small, because `up` imports it.
"""

import json
import os
import socket

import dagster as dg
import psutil
from dagster._core.storage.tags import GRPC_INFO_TAG

from core.home import LOOPBACK

# On every run that a command started: the machine and the process it runs in, as name, id and start time.
PROCESS_TAG = "customer-analyzer/process"


def end_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Marks runs as failed whose process was killed; returns their ids."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    lost = [run for run in instance.get_runs(unfinished) if is_lost(instance, run)]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone; start it again")
    return [run.run_id for run in lost]


def is_lost(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of an unfinished run has ended. What runs elsewhere, or is not known to run, is not lost."""
    found = _process_of(instance, run)
    return found is not None and _has_ended(*found)


def this_process() -> str:
    """The value of the tag for a run of this process."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time()}"


def _process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """The id of a run's process on this machine, and a moment (seconds since 1970) at which it was there."""
    tag = run.tags.get(PROCESS_TAG)
    if tag is not None:
        machine, pid, created = tag.rsplit(":", 2)
        return (int(pid), float(created)) if machine == socket.gethostname() else None
    # A code server elsewhere starts processes elsewhere.
    if json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("host") != LOOPBACK:
        return None
    # The first thing a process that Dagster starts for a run writes down is its id.
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        written = entry.get_dagster_event().engine_event_data.metadata.get("pid")
        if written is not None:
            return int(str(written.value)), entry.timestamp
    return None


def _has_ended(pid: int, seen: float) -> bool:
    """Whether the process that had this number at that moment is gone; by now another may have it."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() == psutil.STATUS_ZOMBIE or process.create_time() > seen + 1)
    except psutil.NoSuchProcess:
        return True
