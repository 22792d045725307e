"""The API through the gateway beside the API itself, and a rolling restart of its replicas under load.

python -m benchmarks.gateway [--seconds 10] [--rounds 3] [--requests 20000]

wrk sends requests over 16 connections, which stay open, for some seconds to each way in turn: a read that the API looks
up in Postgres, and a file of the dashboard, which the gateway keeps. The gateway speaks TLS; the API does not. One
replica stands behind both ways, so that both have the same server; then a second one joins for the restart, in which
events are sent and read until so many requests are done. Needs nginx, wrk, and the built pages (`make web`).
"""

import argparse
import asyncio
import re
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from backend.pages.endpoints import BUILT
from core.api_keys import digest_of, new_key
from core.home import LOOPBACK
from core.settings import Settings
from standalone.fleet import Fleet
from standalone.gateway import Limits
from standalone.gateway_server import Ports, behind_gateway, gateway_ports, gateway_server
from standalone.processes import Command
from standalone.rolling import restart_replicas
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from standalone.system_programs import demand_program
from warehouse.api_keys import add_api_key
from warehouse.database import Database

_CONNECTIONS = 16
_CALLERS = 8
_UNLIMITED = Limits(10**6, 10**6, 10**6, 10**6, 10**6, 10**6, connections=10_000)
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Measured:
    """Requests a second, and the latency of the middle and of the slowest hundredth in milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Measures and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20_000)
    asked = parser.parse_args()
    wrk = demand_program("wrk", "This benchmark")
    asset = next(iter(sorted((BUILT / "assets").glob("*.js"))), None)
    if asset is None:
        sys.exit("The pages are not built: make web")
    with TemporaryDirectory(prefix="benchmark-") as scratch:
        settings = Settings(home=Path(scratch) / "home", database_url=None)
        with running_platform(settings) as platform:
            key = new_key()
            scopes = ["events:write", "analytics:read", "profile:read"]
            Database(platform.backend_url).run(add_api_key("a benchmark", digest_of(key), scopes))
            platform.home.service_key.write_text("none\n", encoding="utf-8")
            ports = gateway_ports(platform)
            with _replicas(platform, ports, 1) as fleet:
                direct = next(str(each.command.address) for each in fleet.children if each.command.name == "api")
                _compare(
                    wrk, {"direct": direct, "gateway": _public(ports)}, asset.name, key, asked.seconds, asked.rounds
                )
            with _replicas(platform, ports, 2) as fleet:
                _restart_under_load(fleet, _public(ports), platform, key, asked.requests)


@contextmanager
def _replicas(platform: Platform, ports: Ports, replicas: int) -> Iterator[Fleet]:
    """So many replicas of the API behind a gateway without limits. Nobody asks for MLflow or Dagster."""
    numbers = range(1, replicas + 1)
    apis = behind_gateway(platform, [api_server(platform, number) for number in numbers], ports, 1)
    others = [Command(name, [], platform.home.logs / f"{name}.log", 9) for name in ("dagster", "mlflow")]
    with Fleet() as fleet:
        fleet.start(apis)
        fleet.start([gateway_server(platform, ports, [*apis, *others], limits=_UNLIMITED)])
        yield fleet


def _public(ports: Ports) -> str:
    return f"https://{LOOPBACK}:{ports.public}"


def _compare(wrk: Path, ways: dict[str, str], asset: str, key: str, seconds: int, rounds: int) -> None:
    paths = {"uncached": "/auth/me", "cached": f"/dashboard/assets/{asset}"}
    found: dict[tuple[str, str], list[Measured]] = {}
    for _ in range(rounds):
        for kind, path in paths.items():
            for way, address in ways.items():
                found.setdefault((kind, way), []).append(_measured(wrk, f"{address}{path}", key, seconds))
    print("| answer | way | requests a second, median | lowest and highest | p50, ms | p99, ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    rates = {}
    for (kind, way), turns in found.items():
        each = [turn.rate for turn in turns]
        rates[kind, way] = statistics.median(each)
        middle = [statistics.median(getattr(turn, name) for turn in turns) for name in ("p50_ms", "p99_ms")]
        print(
            f"| {kind} | {way} | {rates[kind, way]:,.0f} | {min(each):,.0f} to {max(each):,.0f} "
            f"| {middle[0]:.1f} | {middle[1]:.1f} |"
        )
    for kind, goal in (("uncached", 0.8), ("cached", 5)):
        print(f"{kind}: {rates[kind, 'gateway'] / rates[kind, 'direct']:.2f} of direct (goal {goal}).")


def _measured(wrk: Path, url: str, key: str, seconds: int) -> Measured:
    options = ["--threads", "1", "--connections", str(_CONNECTIONS), "--duration", f"{seconds}s", "--latency"]
    command = [str(wrk), *options, "--header", f"Authorization: Bearer {key}", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"Some requests of {url} failed:\n{said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None:
        sys.exit(f"wrk said nothing of {url}:\n{said}")
    return Measured(float(rate[1]), *(_percentile(said, each) for each in (50, 99)))


def _percentile(said: str, percent: int) -> float:
    found = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)\b", said)
    return float("nan") if found is None else float(found[1]) * _UNITS[found[2]]


@dataclass
class Load:
    """What callers have sent and what failed, until it is over."""

    requests: int = 0
    failures: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


def _restart_under_load(fleet: Fleet, address: str, platform: Platform, key: str, requests: int) -> None:
    """Restarts both replicas again and again until so many requests are done."""
    load, began = Load(), time.monotonic()
    certificate = str(platform.home.gateway / "certificate.pem")
    caller = threading.Thread(target=lambda: asyncio.run(_called(load, address, certificate, key)))
    caller.start()
    restarts = 0
    # The replicas are children of the main thread: the kernel ends those of a thread that ends.
    while load.requests < requests:
        restart_replicas(fleet, lambda _child: None)
        restarts += 1
    load.is_over.set()
    caller.join()
    print(
        f"\nRolling restart: {load.requests:,} requests in {time.monotonic() - began:.0f} s, both replicas restarted "
        f"{restarts} times, {len(load.failures)} failed (goal 0)."
    )
    for failure in load.failures[:5]:
        print(failure)


async def _called(load: Load, address: str, certificate: str, key: str) -> None:
    context = ssl.create_default_context(cafile=certificate)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=address, headers=headers, verify=context, timeout=30, trust_env=False
    ) as client:
        await asyncio.gather(*(_caller(load, client) for _ in range(_CALLERS)))


async def _caller(load: Load, client: httpx.AsyncClient) -> None:
    while not load.is_over.is_set():
        event = {"event_id": str(uuid4()), "user_id": "7", "event_type": "view", "source": "web"}
        event["occurred_at"] = "2026-03-01T12:00:00Z"
        for method, path, body in (("POST", "/events", event), ("GET", "/auth/me", None), ("GET", "/livez", None)):
            load.requests += 1
            try:
                answer = await client.request(method, path, json=body)
                if not answer.is_success:
                    load.failures.append(f"{method} {path}: {answer.status_code} {answer.text}")
            except httpx.HTTPError as error:
                load.failures.append(f"{method} {path}: {error!r}")


if __name__ == "__main__":
    main()
