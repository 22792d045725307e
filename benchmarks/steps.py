"""Runs dbt and measures each model: seconds, without dbt's start, and memory.

Belongs here: running and measuring. Does not belong here: which days of which history, and the comparison
(`benchmarks.data`, `benchmarks.snapshots`).
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from dbt_project import PROJECT
from warehouse.database import Database

MODELS = ("int_user_daily", "int_user_sums", "user_features")
_SAMPLED_SECONDS = 0.1


@dataclass(frozen=True)
class Step:
    """The cost of one model. Bytes are peaks: of all server processes, with shared memory counted once, and of dbt."""

    seconds: float
    server_bytes: int
    dbt_bytes: int


@dataclass(frozen=True)
class Run:
    """The cost of a run of dbt, by model and in total: the server's processor time, and bytes in temporary files.

    On a shared machine, processor time is more reliable than seconds. It does not include waiting for the disk.
    """

    models: dict[str, Step]
    cpu_seconds: float
    spilled_bytes: int

    @property
    def seconds(self) -> float:
        """Seconds of all models together."""
        return sum(step.seconds for step in self.models.values())


def build(
    warehouse: Database, days: Sequence[date], *arguments: str, models: Sequence[str] = MODELS, **variables: object
) -> Run:
    """Builds models as of the given days and measures them. The server must run on this machine."""
    variables_json = json.dumps({"as_of_dates": [day.isoformat() for day in days], **variables})
    with warehouse.transaction() as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    cpu, spilled = _cpu_seconds(server), _temporary_bytes(warehouse)
    with TemporaryDirectory(prefix="dbt-") as target:
        folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
        dbt = [Path(sys.executable).with_name("dbt"), "--quiet"]
        places = ["--target-path", target, "--log-path", target]
        chosen = ["--select", "event_types", "stg_events", *models, "--resource-types", "seed", "model"]
        process = subprocess.Popen([*dbt, "build", *chosen, "--vars", variables_json, *arguments, *folders, *places])
        samples = _memory_samples(process, server)
        if process.returncode:
            raise SystemExit(f"dbt failed with {process.returncode}; what it says is above.")
        results = json.loads((Path(target) / "run_results.json").read_text(encoding="utf-8"))["results"]
    found = {}
    for result in results:
        begin, end = (datetime.fromisoformat(result["timing"][-1][at]) for at in ("started_at", "completed_at"))
        within = [sample for sample in samples if begin.timestamp() <= sample[0] <= end.timestamp()]
        server_bytes, dbt_bytes = (max((sample[place] for sample in within), default=0) for place in (1, 2))
        found[result["unique_id"].rpartition(".")[2]] = Step(result["execution_time"], server_bytes, dbt_bytes)
    return Run(
        {model: found[model] for model in models}, _cpu_seconds(server) - cpu, _temporary_bytes(warehouse) - spilled
    )


def _cpu_seconds(server: psutil.Process) -> float:
    """Processor seconds of the server's ended processes. Each connection and parallel query has processes of its
    own."""
    time.sleep(1)
    times = server.cpu_times()
    return float(times.children_user + times.children_system)


def _memory_samples(process: subprocess.Popen[bytes], server: psutil.Process) -> list[tuple[float, int, int]]:
    """Samples until the process ends: the time, and the memory of the server and of the process in bytes."""
    samples = []
    while process.poll() is None:
        own = 0
        for backend in server.children():
            try:
                memory = backend.memory_info()
            except psutil.NoSuchProcess:
                continue
            own += memory.rss - memory.shared
        try:
            samples.append((time.time(), own, psutil.Process(process.pid).memory_info().rss))
        except psutil.NoSuchProcess:
            break
        time.sleep(_SAMPLED_SECONDS)
    process.wait()
    return samples


def _temporary_bytes(warehouse: Database) -> int:
    query = "select coalesce(sum(temp_bytes), 0)::bigint from pg_stat_database where datname = current_database()"
    return int(warehouse.frame(query).item())
