"""Finds runs whose process was killed, and ends them, so that they do not hold up the queue.

Belongs here: whether the process of a run is gone. Commands check this before they run a job, and `up` checks it all
the time. Dagster's code server reports only the end of its own processes, and only if it is alive and Postgres answers
at that moment. The module imports little, because `up` imports it.
"""

import json
import os
import socket

import dagster as dg
import psutil
from dagster._core.storage.tags import GRPC_INFO_TAG

from core.home import LOOPBACK

# A tag on every run that a command started: the machine and the process, as host name, process id and start time.
PROCESS_TAG = "customer-analyzer/process"


def end_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Marks runs whose process was killed as failed, and returns their ids."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    lost = [run for run in instance.get_runs(unfinished) if is_lost(instance, run)]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone; start it again")
    return [run.run_id for run in lost]


def end_runs_of_code_server(instance: dg.DagsterInstance) -> list[str]:
    """Marks unfinished runs that a code server started as failed, and returns their ids.

    For a code server in a container of its own, before it starts: their processes ended with the container before it.
    """
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    lost = [run for run in instance.get_runs(unfinished) if GRPC_INFO_TAG in run.tags and PROCESS_TAG not in run.tags]
    for run in lost:
        instance.report_run_failed(run, "The code server was replaced during this run; start it again")
    return [run.run_id for run in lost]


def is_lost(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of an unfinished run has ended. A run on another machine or of unknown process is not
    lost."""
    found = _process_of(instance, run)
    return found is not None and _has_ended(*found)


def this_process() -> str:
    """The value of the tag for a run of this process."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time()}"


def _process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """The id of a run's process on this machine, and a time (seconds since 1970) at which it existed."""
    tag = run.tags.get(PROCESS_TAG)
    if tag is not None:
        machine, pid, created = tag.rsplit(":", 2)
        return (int(pid), float(created)) if machine == socket.gethostname() else None
    # A code server on another machine starts its processes there.
    if json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("host") != LOOPBACK:
        return None
    # A process that Dagster starts for a run first logs its process id.
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        written = entry.get_dagster_event().engine_event_data.metadata.get("pid")
        if written is not None:
            return int(str(written.value)), entry.timestamp
    return None


def _has_ended(pid: int, seen: float) -> bool:
    """Whether the process that had this id at that time is gone. Another process may have got the id since."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() == psutil.STATUS_ZOMBIE or process.create_time() > seen + 1)
    except psutil.NoSuchProcess:
        return True
