"""Events a second over HTTP, beside a hand-written app that inserts one row a request, and beside a bare COPY.

python -m benchmarks.api_events [--seconds 5] [--rounds 3]

One process each, eight connections that each send the next request when the last one is answered, in turns. Every
event is new. COPY gets the same rows ready in memory, a transaction for as many as a request has. The processor time of
the app and of Postgres, for an event, changes less than the rate where other programs use the machine too.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psutil
import psycopg

from benchmarks.load import Target, closed_loop
from core.api_keys import digest_of, new_key
from core.home import LOOPBACK, choose_port
from core.settings import Settings
from standalone.fleet import running_servers
from standalone.processes import Child, Command
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from warehouse.api_keys import add_api_key
from warehouse.database import Database

_BATCH = 100
_COLUMNS = ("event_id", "user_id", "event_type", "occurred_at", "item_id", "amount", "currency", "source")


def main() -> None:
    """Measures and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        with psycopg.connect(platform.warehouse_url) as connection:
            connection.execute("select raw.ensure_event_partitions(now(), now())")
        key = new_key()
        Database(platform.backend_url).run(add_api_key("a benchmark", digest_of(key), ["events:write"]))
        platform.home.service_key.write_text("none\n", encoding="utf-8")
        with running_servers([api_server(platform), minimal_app(platform)]) as (api, minimal):
            ways: dict[str, tuple[Child | None, Callable[[], float]]] = {
                "minimal app, one event a request": (minimal, lambda: over_http(minimal, None, 1, asked.seconds)),
                "API, one event a request": (api, lambda: over_http(api, key, 1, asked.seconds)),
                f"API, {_BATCH} events a request": (api, lambda: over_http(api, key, _BATCH, asked.seconds)),
                f"bare COPY, {_BATCH} rows a transaction": (None, lambda: copied(platform, asked.seconds)),
            }
            found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
            for _ in range(asked.rounds):
                for way, (app, measure) in ways.items():
                    before, before_postgres = _processor_seconds(app), _postgres_seconds(platform)
                    rate = measure()
                    milliseconds = 1000 / (rate * asked.seconds)
                    used = milliseconds * (_processor_seconds(app) - before)
                    found[way].append((rate, used, milliseconds * (_postgres_seconds(platform) - before_postgres)))
    print("| way | events a second, median | lowest and highest | app, ms | Postgres, ms |")
    print("| --- | --- | --- | --- | --- |")
    middle = {way: tuple(map(statistics.median, zip(*turns, strict=True))) for way, turns in found.items()}
    for way, (rate, used, postgres) in middle.items():
        rates = [turn[0] for turn in found[way]]
        # COPY's own process of Postgres has ended by then, and its app is the benchmark itself.
        processor = "| |" if ways[way][0] is None else f"| {used:.3f} | {postgres:.3f} |"
        print(f"| {way} | {rate:,.0f} | {min(rates):,.0f} to {max(rates):,.0f} {processor}")
    (one, *one_ms), (own, *own_ms), (batch, *_), (copy, *_) = middle.values()
    print(
        f"\nOne event a request: {own / one:.2f} of the minimal app; by processor time {sum(one_ms) / sum(own_ms):.2f}."
    )
    print(f"{_BATCH} events a request: {batch / own:.1f} times one event a request, {batch / copy:.2f} of COPY.")


def minimal_app(platform: Platform) -> Command:
    """The hand-written app, with the rights of the pipeline."""
    port = choose_port(platform.home, "minimal", None)
    return Command(
        "minimal",
        [
            str(Path(sys.executable).with_name("uvicorn")),
            "benchmarks.minimal_events_app:app",
            f"--host={LOOPBACK}",
            f"--port={port}",
            "--no-access-log",
        ],
        platform.home.logs / "minimal.log",
        port,
        "/docs",
        environment={"WAREHOUSE_URL": platform.warehouse_url},
        directory=Path(__file__).resolve().parents[1],
    )


def over_http(server: Child, key: str | None, size: int, seconds: float) -> float:
    """Events a second that are answered."""
    command = server.command
    # More than any way answers in the time; made before, so that making them does not count.
    bodies = [
        json.dumps(_event() if size == 1 else [_event() for _ in range(size)]) for _ in range(_most(size, seconds))
    ]
    done = asyncio.run(closed_loop(Target(f"{command.address}/events", bodies, key), seconds=seconds))
    if done.failures or done.requests > len(bodies):
        sys.exit(f"{done.failures} of {done.requests} requests of {command.name} failed, or events ran out")
    return done.requests * size / done.seconds


def _processor_seconds(app: Child | None) -> float:
    return 0.0 if app is None else _seconds_of(psutil.Process(app.process.pid))


def _postgres_seconds(platform: Platform) -> float:
    with psycopg.connect(platform.warehouse_url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        return 0.0 if server is None else sum(map(_seconds_of, [server, *server.children()]))


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def copied(platform: Platform, seconds: float) -> float:
    """Rows a second that COPY stores, each transaction on disk when it ends."""
    rows = 0
    with psycopg.connect(platform.warehouse_url, autocommit=True) as connection:
        batches = [[tuple(_event()[name] for name in _COLUMNS) for _ in range(_BATCH)] for _ in range(500)]
        begin = time.perf_counter()
        for batch in batches:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"copy raw.events ({', '.join(_COLUMNS)}, received_at) from stdin") as copy,
            ):
                for row in batch:
                    copy.write_row((*row, datetime.now(UTC)))
            rows += len(batch)
            if time.perf_counter() - begin > seconds:
                break
        return rows / (time.perf_counter() - begin)


def _most(size: int, seconds: float) -> int:
    return int(seconds * (4_000 if size == 1 else 300)) + 100


def _event() -> dict[str, object]:
    return {
        "event_id": str(uuid4()),
        "user_id": f"tg-{uuid4().int % 10_000}",
        "event_type": "view",
        "occurred_at": datetime.now(UTC).isoformat(),
        "item_id": "mug",
        "amount": 12.5,
        "currency": "EUR",
        "source": "telegram",
    }


if __name__ == "__main__":
    main()
