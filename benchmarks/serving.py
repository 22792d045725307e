"""The purchase service compared with a hand-written FastAPI app and `mlflow models serve`, in one run on one machine.

The results are ratios, because seconds depend on the machine. Rounds alternate between the servers, and the median
counts. CPU time for each request is shown too, because it changes less on a busy machine. Latency is also measured on a
control, whose delays are all caused by the machine. Needs a home on which the pipeline has run (`customer-analyzer
demo` or `run`). Uses wrk if it is installed (apt-get install wrk).

CUSTOMER_ANALYZER_HOME=... python -m benchmarks.serving [--seconds 8] [--rounds 3] [--requests 200000] [--long 500000]
"""

import argparse
import asyncio
import math
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import httpx
import numpy as np
import psycopg
import xgboost as xgb

from benchmarks.load import Measured, has_wrk, max_throughput, paced
from benchmarks.serving_peers import MODEL, RunningServer, control, registry_of, serving_peers
from core.settings import read_settings
from ml.propensity.model import PropensityModel
from ml.propensity.trees import TreeMember
from standalone.processes import stop
from standalone.stack import Platform, running_platform

BATCH = 1000
_TURN_SECONDS = 10
_LOOK_SECONDS = 2
_LATE_SECONDS = 0.05


def main() -> None:
    """Runs every comparison and prints one table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--requests", type=int, default=200_000, help="requests at half of the highest rate; 0 for none"
    )
    parser.add_argument("--long", type=int, default=500_000, help="requests while memory is measured; 0 for none")
    asked = parser.parse_args()
    print(f"load by {'wrk' if has_wrk() else 'the Python client, as wrk is not installed'}, 8 connections, one worker")
    with running_platform(read_settings()) as platform:
        os.environ |= platform.environment
        with serving_peers(platform) as (ours, fastapi, mlflow):
            print(f"start to ready: {ours.ready_seconds:.1f} s (FastAPI {fastapi.ready_seconds:.1f} s)")
            milliseconds = compare([ours, fastapi, mlflow], asked.seconds, asked.rounds)
            stop([mlflow.child])
            compare_batch(platform, ours, asked.rounds)
            if asked.requests:
                with control(platform, ours.by_id, milliseconds) as fixed:
                    compare_latency([ours, fastapi, fixed], asked.requests)
            stop([fastapi.child])
            if asked.long:
                watch_memory(ours, asked.long)


def compare(running: Sequence[RunningServer], seconds: float, rounds: int) -> float:
    """Prints requests per second by user id and by features. Returns our CPU milliseconds for each request by id."""
    by_id = 0.0
    for path in ("by_id", "by_features"):
        entered = [each for each in running if getattr(each, path).bodies]
        figures: Mapping[str, list[tuple[float, float]]] = {each.name: [] for each in entered}
        for _ in range(rounds):
            for each in entered:
                before = each.cpu_seconds()
                measured = max_throughput(getattr(each, path), seconds)
                if measured.failures:
                    raise SystemExit(f"{each.name} failed {measured.failures} of {measured.requests} requests.")
                used = each.cpu_seconds() - before
                figures[each.name].append((measured.per_second, 1000 * used / measured.requests))
        middle = {name: tuple(map(statistics.median, zip(*of, strict=True))) for name, of in figures.items()}
        own_rate, own_cpu = middle[MODEL]
        if path == "by_id":
            by_id = own_cpu
        print(f"\n{path.replace('_', ' ')}, one user a request")
        print(f"{'':14} {'requests/s':>10} {'CPU ms':>8} {'ours is x faster':>17} {'by CPU':>7}")
        for name, (rate, cpu) in middle.items():
            print(f"{name:14} {rate:10.0f} {cpu:8.2f} {own_rate / rate:17.2f} {cpu / own_cpu:7.2f}")
    return by_id


def compare_batch(platform: Platform, ours: RunningServer, rounds: int) -> None:
    """Prints rows per second for a thousand ids: over HTTP with complete answers, and the query plus the booster
    alone."""
    registry = registry_of(platform)
    model = registry.load(registry.champion(MODEL))
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
                asked = {"user_ids": ids, "reasons": reasons}
                client.post(ours.by_id.url, json=asked, headers=ours.by_id.headers).raise_for_status()
                seconds[name].append(time.perf_counter() - began)
    bare = statistics.median(seconds["query + booster"])
    print(f"\na batch of {BATCH} ids (rung {model.rung})")
    for name, of in seconds.items():
        print(f"{name:16} {BATCH / statistics.median(of):8.0f} rows/s, x {bare / statistics.median(of):.2f}")


def booster_of(model: PropensityModel, rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> xgb.Booster:
    """The champion's trees. If it has none, a booster with as many trees as it would have."""
    trees = [member.booster for member in model.members if isinstance(member, TreeMember)]
    if trees:
        return trees[0]
    labels = np.random.default_rng(0).random(len(rows)) < 0.1
    return xgb.train({"max_depth": 3, "nthread": 1}, xgb.DMatrix(rows, labels), num_boost_round=120)


def compare_latency(running: Sequence[RunningServer], requests: int) -> None:
    """Prints the latency at an even pace of half the highest rate that each server reaches.

    The highest rate is measured again before each turn, because a shared machine is not always equally fast. All
    servers have turns of the same length, as many as ours needs for `requests` requests.
    """
    own = running[0]
    measured: dict[str, list[Measured]] = {each.name: [] for each in running}
    used: dict[str, float] = defaultdict(float)
    while (left := requests - sum(turn.requests for turn in measured[own.name])) > 0:
        for each in running:
            per_second = max_throughput(each.by_id, _LOOK_SECONDS).per_second / 2
            before = each.cpu_seconds()
            sent = math.ceil(_TURN_SECONDS * per_second)
            sent = min(left, sent) if each is own else sent
            measured[each.name].append(asyncio.run(paced(each.by_id, per_second, sent)))
            used[each.name] += each.cpu_seconds() - before
    print("\nby id, one user a request, at half of the highest rate of each")
    print("milliseconds; undisturbed: while the hypervisor took no processor time")
    heads = " ".join(f"{head:>7}" for head in ("median", "p99", "p99.9", "longest"))
    print(f"{'':26} {'answers':>8} {'failed':>6} {'CPU':>5} {heads} {'over 50':>8} {'stalls':>6}")
    for name, turns in measured.items():
        failures, cpu = sum(turn.failures for turn in turns), 1000 * used[name] / sum(turn.requests for turn in turns)
        for what, chosen in (
            (name, [np.full(turn.requests, fill_value=True) for turn in turns]),
            (f"{name}, undisturbed", [turn.undisturbed for turn in turns]),
        ):
            of = 1000 * np.concatenate([turn.latencies[those] for turn, those in zip(turns, chosen, strict=True)])
            stalls = sum(turn.stalls(_LATE_SECONDS, those) for turn, those in zip(turns, chosen, strict=True))
            quantiles = np.quantile(of, [0.5, 0.99, 0.999, 1]) if len(of) else np.full(4, np.nan)
            figures = " ".join(f"{value:7.2f}" for value in quantiles)
            late = int((of > 1000 * _LATE_SECONDS).sum())
            print(f"{what:26} {len(of):8} {failures:6} {cpu:5.2f} {figures} {late:8} {stalls:6}")


def watch_memory(ours: RunningServer, requests: int) -> None:
    """Prints resident memory over many requests, with the slope of a line through twenty readings after a warm-up."""
    readings: list[tuple[int, float]] = []
    done = 0
    while done < requests:
        done += max_throughput(ours.by_id, 10).requests
        readings.append((done, ours.memory_mib()))
    late = np.array(readings[len(readings) // 4 :])
    slope = np.polyfit(late[:, 0], late[:, 1], 1)[0] * 100_000 if len(late) > 2 else float("nan")
    print(f"\nmemory after {done} requests: {readings[-1][1]:.0f} MiB, slope {slope:+.2f} MiB per 100,000 requests")


if __name__ == "__main__":
    main()
