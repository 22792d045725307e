"""The servers that the serving benchmark compares: ours, the FastAPI app, MLflow's server, and a control.

Belongs here: starting and stopping each, and its requests. Does not belong here: what is measured (`serving.py`).
"""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from benchmarks.load import Target
from registry.mlflow_registry import Registry
from standalone.local_key import ensure_local_key
from standalone.processes import Child, Command, start, stop, wait_until_ready
from standalone.servers import model_servers
from standalone.stack import Platform

MODEL = "purchase"
USERS = 500


@dataclass(frozen=True)
class RunningServer:
    """A running server, how long it took to start, and its requests (`by_id` is empty if it has no such route)."""

    name: str
    child: Child
    ready_seconds: float
    by_id: Target
    by_features: Target

    def cpu_seconds(self) -> float:
        """CPU time of its processes so far."""
        own = psutil.Process(self.child.process.pid)
        times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))

    def memory_mib(self) -> float:
        """Resident memory of its largest process: the worker."""
        own = psutil.Process(self.child.process.pid)
        return float(max(each.memory_info().rss for each in (own, *own.children(recursive=True))) / 2**20)


@contextmanager
def serving_peers(platform: Platform) -> Iterator[Sequence[RunningServer]]:
    """Our service, the FastAPI app and MLflow's server, all with the champion."""
    registry = registry_of(platform)
    champion = registry.champion(MODEL)
    folder, model = registry.folder(champion), registry.load(champion)
    with psycopg.connect(platform.warehouse_url) as connection:
        columns = ", ".join(model.feature_names)
        rows = connection.execute(
            f"select user_id, {columns} from marts.user_features"  # noqa: S608 - names of our own catalogue
            " where as_of = (select max(as_of) from marts.user_features) order by md5(user_id) limit %s",
            [USERS],
        ).fetchall()
    by_id = [json.dumps({"user_ids": [row[0]]}) for row in rows]
    by_features = [
        json.dumps({"features": [dict(zip(model.feature_names, row[1:], strict=True))]}) for row in rows[:50]
    ]
    split = [
        json.dumps({"dataframe_split": {"columns": ["user_id", *model.feature_names], "data": [row]}})
        for row in rows[:50]
    ]
    scripts = Path(sys.executable).parent
    environment = {
        **platform.environment,
        "MODEL_DIRECTORY": str(folder),
        "WAREHOUSE_URL": platform.warehouse_url,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    logs = platform.home.logs
    uvicorn = [str(scripts / "uvicorn"), "benchmarks.fastapi_app:app"]
    serve = [str(scripts / "mlflow"), "models", "serve", "--env-manager", "local", "--workers", "1"]
    model_uri = str(next(path.parent for path in folder.parents[1].rglob("MLmodel")))
    one, two = free_port(), free_port()
    service = next(command for command in model_servers(platform) if command.name == MODEL)
    fastapi = Command(
        "fastapi", [*uvicorn, "--port", str(one)], logs / "bench-fastapi.log", one, "/docs", environment=environment
    )
    mlflow = Command(
        "mlflow-serve",
        [*serve, "--model-uri", model_uri, "--port", str(two)],
        logs / "bench-mlflow.log",
        two,
        "/ping",
        environment=environment,
    )
    key = ensure_local_key(platform)
    running: list[RunningServer] = []
    try:
        for command, path, ids, features, shown in (
            (service, "/predict", by_id, by_features, key),
            (fastapi, "/predict", by_id, by_features, None),
            (mlflow, "/invocations", [], split, None),
        ):
            running.append(_started(command, path, ids, features, shown))
        yield running
    finally:
        stop([each.child for each in running])


@contextmanager
def control(platform: Platform, like: Target, milliseconds: float) -> Iterator[RunningServer]:
    """A server that does `milliseconds` of fixed work for each request. Its delays are those of the machine."""
    port = free_port()
    command = Command(
        "control",
        [
            str(Path(sys.executable).parent / "uvicorn"),
            "--lifespan",
            "off",
            "benchmarks.control_app:app",
            "--port",
            str(port),
        ],
        platform.home.logs / "bench-control.log",
        port,
        "/",
        environment={**os.environ, "WORK_MS": str(milliseconds), "PYTHONPATH": str(Path.cwd())},
    )
    running = _started(command, "/", like.bodies, [])
    try:
        yield running
    finally:
        stop([running.child])


def _started(
    command: Command, path: str, by_id: Sequence[str], by_features: Sequence[str], key: str | None = None
) -> RunningServer:
    began = time.monotonic()
    child = start(command)
    try:
        wait_until_ready(child, 120)
    except BaseException:
        stop([child])
        raise
    url = f"{command.address}{path}"
    return RunningServer(
        command.name, child, time.monotonic() - began, Target(url, by_id, key), Target(url, by_features, key)
    )


def registry_of(platform: Platform) -> Registry:
    """The platform's own registry."""
    return Registry(platform.mlflow_url, platform.environment["MLFLOW_ARTIFACT_ROOT"], platform.home.storage)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
