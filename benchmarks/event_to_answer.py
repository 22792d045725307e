"""From an event to the changed answer over HTTP, beside a hand-written app whose answers no event changes.

python -m benchmarks.event_to_answer [--seconds 10] [--turns 4]

Ours is `POST /telegram/event` of the API: the event is stored, and the service of the purchase model is asked with live
features. The other app inserts the same event and asks the same service with features that it has in memory. In each
turn, first the highest rate of each is measured with eight connections, then the latency of each at an even pace of a
third of it. Every event is new. The home is a temporary one with CDNOW, on which the pipeline has run once.
"""

import argparse
import asyncio
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import psycopg

from benchmarks.load import Measured, Target, closed_loop, paced
from benchmarks.serving_peers import MODEL, free_port
from cli.run import run_everything
from cli.session import session_of
from core.api_keys import digest_of, new_key
from core.home import LOOPBACK
from core.settings import Settings
from ingestion import import_files
from ingestion.cdnow import write_cdnow
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.processes import Command
from standalone.servers import api_server, model_servers
from standalone.stack import Platform, running_platform
from warehouse.api_keys import add_api_key
from warehouse.database import Database

_LOOK_SECONDS = 3.0
_HORIZON_DAYS = 30
_USERS = 2_000
# More than any way answers.
_MOST_PER_SECOND = 2_000


def main() -> None:
    """Measures and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=4)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        cdnow = Path(scratch) / "cdnow.parquet"
        write_cdnow(cdnow)
        import_files(platform.warehouse_url, [cdnow])
        run_everything(session_of(platform), None, _HORIZON_DAYS, backtest=False)
        compare(platform, asked.seconds, asked.turns)


def compare(platform: Platform, seconds: float, turns: int) -> None:
    """Measures both apps in turns, and prints a table and the ratios."""
    with psycopg.connect(platform.warehouse_url) as connection:
        connection.execute("select raw.ensure_event_partitions(now(), now())")
        drawn = "select user_id from marts.user_features group by user_id order by md5(user_id) limit %s"
        users = [user_id for (user_id,) in connection.execute(drawn, [_USERS])]
    service_key = ensure_local_key(platform)
    key = new_key()
    Database(platform.backend_url).run(add_api_key("a benchmark", digest_of(key), ["telegram:write"]))
    service = next(command for command in model_servers(platform) if command.name == MODEL)
    api = api_server(platform)
    # One model, as the other app asks one.
    one_model = {**api.environment, "BACKEND_SERVICES": json.dumps({MODEL: service.address})}
    with (
        running_servers([service]),
        running_servers(
            [dataclasses.replace(api, environment=one_model), _hand_written(platform, service, service_key)]
        ) as (ours, theirs),
    ):
        targets: dict[str, Callable[[float], Target]] = {
            "hand-written app": lambda length: Target(f"{theirs.command.address}/events", _bodies(users, length)),
            "API": lambda length: Target(f"{ours.command.address}/telegram/event", _bodies(users, length), key),
        }
        rates: dict[str, list[float]] = {name: [] for name in targets}
        latencies: dict[str, list[Measured]] = {name: [] for name in targets}
        for name, target in targets.items():
            _answered(name, asyncio.run(closed_loop(target(1.0), seconds=1.0)))
        for _ in range(turns):
            for name, target in targets.items():
                most = _answered(name, asyncio.run(closed_loop(target(_LOOK_SECONDS), seconds=_LOOK_SECONDS)))
                rates[name].append(most.per_second)
                requests = math.ceil(seconds * most.per_second / 3)
                sent = asyncio.run(paced(target(seconds), most.per_second / 3, requests))
                latencies[name].append(_answered(name, sent))
    print("| app | most a second, median | answers | p50, ms | p95, ms |\n| --- | --- | --- | --- | --- |")
    found = {}
    for name, measured in latencies.items():
        taken = 1000 * np.concatenate([each.latencies for each in measured])
        p50, p95 = found[name] = np.quantile(taken, [0.5, 0.95])
        print(f"| {name} | {np.median(rates[name]):,.0f} | {len(taken):,} | {p50:.1f} | {p95:.1f} |")
    middle, late = found["API"] / found["hand-written app"]
    print(f"\nThe API takes {middle:.1f} times as long at p50 and {late:.1f} times at p95.")


def _hand_written(platform: Platform, service: Command, service_key: str) -> Command:
    port = free_port()
    return Command(
        "hand-written",
        [
            str(Path(sys.executable).with_name("uvicorn")),
            "benchmarks.event_answer_app:app",
            f"--host={LOOPBACK}",
            f"--port={port}",
            "--no-access-log",
        ],
        platform.home.logs / "hand-written.log",
        port,
        "/docs",
        environment={
            "WAREHOUSE_URL": platform.warehouse_url,
            "SERVICE_URL": str(service.address),
            "SERVICE_KEY": service_key,
        },
        directory=Path(__file__).resolve().parents[1],
    )


def _answered(name: str, measured: Measured) -> Measured:
    if measured.failures:
        sys.exit(f"{name} failed {measured.failures} of {measured.requests} requests")
    return measured


def _bodies(users: Sequence[str], seconds: float) -> list[str]:
    """As many events as can be sent in the time; made before, so that making them does not count."""
    count = math.ceil(seconds * _MOST_PER_SECOND)
    return [
        json.dumps(
            {
                "event_id": str(uuid4()),
                "user_id": users[place % len(users)],
                "event_type": "view",
                "occurred_at": datetime.now(UTC).isoformat(),
                "item_id": "mug",
                "source": "telegram",
            }
        )
        for place in range(count)
    ]


if __name__ == "__main__":
    main()
