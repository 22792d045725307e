"""Runs whose process was killed: found by a tag, and ended, so that they do not hold up the queue.

Dagster watches only the processes it launched itself. Small, because `up` imports it.
"""

import os

import dagster as dg
import psutil

# On every run that a command started: the process it runs in, as id and start time.
PROCESS_TAG = "customer-analyzer/process"


def end_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Marks runs as failed whose process was killed; returns their ids.

    Dagster watches only the processes it launched itself; a killed command would hold up the queue for hours.
    """
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    lost = [run for run in instance.get_runs(unfinished) if not _is_running(run.tags.get(PROCESS_TAG))]
    for run in lost:
        instance.report_run_failed(run, "The process of this run is gone; start it again: customer-analyzer run")
    return [run.run_id for run in lost]


def this_process() -> str:
    """The value of the tag for a run of this process."""
    return f"{os.getpid()}:{psutil.Process().create_time()}"


def _is_running(process: str | None) -> bool:
    """Whether the process of a tag still runs; a run without the tag is Dagster's own business."""
    if process is None:
        return True
    pid, created = process.split(":")
    try:
        return bool(abs(psutil.Process(int(pid)).create_time() - float(created)) < 1)
    except psutil.NoSuchProcess:
        return False
