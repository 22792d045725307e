"""The purchase service beside a hand-written FastAPI app and `mlflow models serve`, in one run on one machine.

Ratios, because seconds are the machine's. Rounds alternate between the contestants, and the middle one counts; CPU
time a request is shown beside the rate, as it moves less when a machine is busy with other things. Needs a home on
which the pipeline ran (`customer-analyzer demo` or `run`); uses wrk if it is installed (apt-get install wrk).

CUSTOMER_ANALYZER_HOME=... python -m benchmarks.serving [--seconds 8] [--rounds 3] [--requests 200000] [--long 500000]
"""

import argparse
import asyncio
import json
import math
import os
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import psycopg
import xgboost as xgb

from benchmarks.load import Measured, Target, has_wrk, most, paced
from ml import artifact
from ml.propensity.model import PropensityModel
from ml.propensity.trees import TreeMember
from orchestration.platform.processes import Child, Command, start, stop, wait_until_ready
from orchestration.platform.servers import model_servers
from orchestration.platform.stack import Platform, running_platform
from orchestration.registry import Registry
from orchestration.settings import read_settings

MODEL = "purchase"
USERS = 500
BATCH = 1000
_TURN_SECONDS = 20


@dataclass(frozen=True)
class Contestant:
    """A running server, how long it took to answer, and what it is asked (by id: no bodies where it cannot)."""

    name: str
    child: Child
    ready_seconds: float
    by_id: Target
    by_features: Target

    def cpu_seconds(self) -> float:
        """CPU time of its processes so far."""
        own = psutil.Process(self.child.process.pid)
        times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def memory_mib(self) -> float:
        """Resident memory of its largest process: the worker."""
        own = psutil.Process(self.child.process.pid)
        return float(max(each.memory_info().rss for each in (own, *own.children(recursive=True))) / 2**20)


def main() -> None:
    """Runs every comparison and prints one table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200_000, help="at half of the most; 0 for none")
    parser.add_argument("--long", type=int, default=500_000, help="while memory is watched; 0 for none")
    asked = parser.parse_args()
    print(f"load by {'wrk' if has_wrk() else 'the Python client, as wrk is not installed'}, 8 connections, one worker")
    with running_platform(read_settings()) as platform:
        os.environ |= platform.environment
        with contestants(platform) as (ours, fastapi, mlflow):
            print(f"start to ready: {ours.ready_seconds:.1f} s (FastAPI {fastapi.ready_seconds:.1f} s)")
            rates = compare([ours, fastapi, mlflow], asked.seconds, asked.rounds)
            stop([mlflow.child])
            compare_batch(platform, ours, asked.rounds)
            if asked.requests:
                compare_latency([ours, fastapi], rates, asked.requests)
            stop([fastapi.child])
            if asked.long:
                watch_memory(ours, asked.long)


@contextmanager
def contestants(platform: Platform) -> Iterator[Sequence[Contestant]]:
    """Our service, the FastAPI app and MLflow's server, all answering with the champion."""
    champion = registry_of(platform).champion(MODEL)
    model = artifact.load(champion.directory, champion.digest)
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
        "MODEL_DIRECTORY": str(champion.directory),
        "WAREHOUSE_URL": platform.warehouse_url,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    logs = platform.home.logs
    uvicorn = [str(scripts / "uvicorn"), "benchmarks.fastapi_app:app"]
    serve = [str(scripts / "mlflow"), "models", "serve", "--env-manager", "local", "--workers", "1"]
    model_uri = str(next(path.parent for path in champion.directory.parents[1].rglob("MLmodel")))
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
    running: list[Contestant] = []
    try:
        for command, path, ids, features in (
            (service, "/predict", by_id, by_features),
            (fastapi, "/predict", by_id, by_features),
            (mlflow, "/invocations", [], split),
        ):
            began = time.monotonic()
            child = start(command)
            wait_until_ready(child, 120)
            url = f"{command.address}{path}"
            running.append(
                Contestant(
                    command.name,
                    child,
                    time.monotonic() - began,
                    Target(url, ids),
                    Target(url, features),
                )
            )
        yield running
    finally:
        stop([each.child for each in running])


def compare(running: Sequence[Contestant], seconds: float, rounds: int) -> Mapping[str, float]:
    """Requests a second of each, by user id and by features; returns the rates by user id."""
    by_id: dict[str, float] = {}
    for path in ("by_id", "by_features"):
        entered = [each for each in running if getattr(each, path).bodies]
        figures: Mapping[str, list[tuple[float, float]]] = {each.name: [] for each in entered}
        for _ in range(rounds):
            for each in entered:
                before = each.cpu_seconds()
                measured = most(getattr(each, path), seconds)
                if measured.failures:
                    raise SystemExit(f"{each.name} failed {measured.failures} of {measured.requests} requests.")
                used = each.cpu_seconds() - before
                figures[each.name].append((measured.per_second, 1000 * used / measured.requests))
        middle = {name: tuple(map(statistics.median, zip(*of, strict=True))) for name, of in figures.items()}
        own_rate, own_cpu = middle[MODEL]
        if path == "by_id":
            by_id = {name: rate for name, (rate, _) in middle.items()}
        print(f"\n{path.replace('_', ' ')}, one user a request")
        print(f"{'':14} {'requests/s':>10} {'CPU ms':>8} {'ours is x faster':>17} {'by CPU':>7}")
        for name, (rate, cpu) in middle.items():
            print(f"{name:14} {rate:10.0f} {cpu:8.2f} {own_rate / rate:17.2f} {cpu / own_cpu:7.2f}")
    return by_id


def compare_batch(platform: Platform, ours: Contestant, rounds: int) -> None:
    """Rows a second for a thousand ids: over HTTP with whole answers, and the bare query plus the bare booster."""
    champion = registry_of(platform).champion(MODEL)
    model = artifact.load(champion.directory, champion.digest)
    if not isinstance(model, PropensityModel):
        raise SystemExit(f"The {MODEL} champion is no propensity model.")
    with psycopg.connect(platform.warehouse_url, autocommit=True) as connection, httpx.Client(timeout=60) as client:
        ids = [
            row[0] for row in connection.execute("select distinct user_id from marts.user_features limit %s", [BATCH])
        ]
        query = (
            f"select {', '.join(model.feature_names)} from marts.user_features"  # noqa: S608 - see above
            " where as_of = (select max(as_of) from marts.user_features) and user_id = any(%s)"
        )
        rows = np.array(connection.execute(query, [ids]).fetchall(), np.float32)
        booster = booster_of(model, rows)
        seconds: dict[str, list[float]] = {"query + booster": [], "without reasons": [], "with reasons": []}
        for _ in range(5 * rounds):
            began = time.perf_counter()
            booster.inplace_predict(np.array(connection.execute(query, [ids]).fetchall(), np.float32))
            seconds["query + booster"].append(time.perf_counter() - began)
            for name, reasons in (("without reasons", 0), ("with reasons", 3)):
                began = time.perf_counter()
                client.post(ours.by_id.url, json={"user_ids": ids, "reasons": reasons}).raise_for_status()
                seconds[name].append(time.perf_counter() - began)
    bare = statistics.median(seconds["query + booster"])
    print(f"\na batch of {BATCH} ids (rung {model.rung})")
    for name, of in seconds.items():
        print(f"{name:16} {BATCH / statistics.median(of):8.0f} rows/s, x {bare / statistics.median(of):.2f}")


def registry_of(platform: Platform) -> Registry:
    """The platform's own registry."""
    return Registry(platform.mlflow_url, platform.environment["MLFLOW_ARTIFACT_ROOT"])


def booster_of(model: PropensityModel, rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> xgb.Booster:
    """The champion's own trees, or where it has none, as many as it would have."""
    trees = [member.booster for member in model.members if isinstance(member, TreeMember)]
    if trees:
        return trees[0]
    labels = np.random.default_rng(0).random(len(rows)) < 0.1
    return xgb.train({"max_depth": 3, "nthread": 1}, xgb.DMatrix(rows, labels), num_boost_round=120)


def compare_latency(running: Sequence[Contestant], rates: Mapping[str, float], requests: int) -> None:
    """How long answers take at an even pace, half of the most each can do, in turns; the others get a turn in four."""
    measured: dict[str, list[Measured]] = {each.name: [] for each in running}
    own, *others = running
    while (left := requests - sum(turn.requests for turn in measured[own.name])) > 0:
        turns = len(measured[own.name])
        for each in (own, *(others if turns % 4 == 0 else ())):
            per_second = rates[each.name] / 2
            sent = min(left, math.ceil(_TURN_SECONDS * per_second))
            measured[each.name].append(asyncio.run(paced(each.by_id, per_second, sent)))
    print("\nby id, one user a request, at half of the most; undisturbed: while the hypervisor took no processor time")
    print(f"{'':26} {'answers':>8} {'failed':>6} {'ms: median':>10} {'p99':>7} {'p99.9':>7} {'most':>7} {'over 50':>8}")
    for name, turns in measured.items():
        milliseconds = np.concatenate([turn.latencies for turn in turns]) * 1000
        undisturbed = np.concatenate([turn.undisturbed for turn in turns])
        failures = sum(turn.failures for turn in turns)
        for what, of in ((name, milliseconds), (f"{name}, undisturbed", milliseconds[undisturbed])):
            figures = " ".join(f"{value:7.2f}" for value in (*np.quantile(of, [0.99, 0.999]), of.max()))
            print(f"{what:26} {len(of):8} {failures:6} {np.median(of):10.2f} {figures} {int((of > 50).sum()):8}")


def watch_memory(ours: Contestant, requests: int) -> None:
    """Resident memory over many requests, as a line fitted through twenty readings after a warm-up."""
    readings: list[tuple[int, float]] = []
    done = 0
    while done < requests:
        done += most(ours.by_id, 10).requests
        readings.append((done, ours.memory_mib()))
    late = np.array(readings[len(readings) // 4 :])
    slope = np.polyfit(late[:, 0], late[:, 1], 1)[0] * 100_000 if len(late) > 2 else float("nan")
    print(f"\nmemory after {done} requests: {readings[-1][1]:.0f} MiB, slope {slope:+.2f} MiB per 100,000 requests")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
