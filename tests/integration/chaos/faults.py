"""What is done to a platform: each fault begins, lasts for a while, and ends; what follows must mend itself.

Belongs here: the faults, and which of them this machine can bear. Does not belong here: in which order and how often
(`plan`), and what must be true afterwards (`accounts`).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psutil

from core.home import LOOPBACK, free_port, remembered_port
from standalone.processes import answers_http
from standalone.system_programs import find_program
from tests.integration.backend.redis_server import RedisServer
from tests.integration.chaos.stack import MODELS, POSTGRES, Stack, wait_until

HALF_OPEN = 150
"""So many connections of clients that begin a request and say no more."""
SKEW = "+2h"
NEARLY_FULL = 0.08
"""So much of the disk is left, and less than 10 % is told."""
KILLED_SECONDS = 4
"""Longer than `up` looks away, so that it has begun to mend before anybody looks whether all is well."""


@dataclass(frozen=True)
class Surroundings:
    """What is around the platform and can fail too: Redis, and the disk that the home lies on, if it is its own."""

    redis: RedisServer
    disk: Path | None


@dataclass(frozen=True)
class Fault:
    """One fault. `alerts` must fire while it lasts; `victim` is whom it concerns first."""

    name: str
    begin: Callable[[Stack, Surroundings], AbstractContextManager[None]] = field(repr=False)
    seconds: float
    victim: str = ""
    alerts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.victim} {self.name}"


def kill(stack: Stack, name: str) -> None:
    """Ends a process at once; its children, if it has any, learn of it by themselves."""
    _signal(stack.family(name)[:1], signal.SIGKILL)


def killed(name: str) -> Fault:
    """A process is killed."""

    @contextmanager
    def begin(stack: Stack, _around: Surroundings) -> Iterator[None]:
        kill(stack, name)
        yield

    return Fault("killed", begin, KILLED_SECONDS, name)


def paused(*names: str, seconds: float, alerts: tuple[str, ...] = ()) -> Fault:
    """Processes hang, with all that they started: their ports take connections, and nobody answers."""

    @contextmanager
    def begin(stack: Stack, _around: Surroundings) -> Iterator[None]:
        family = [process for name in names for process in stack.family(name)]
        _signal(family, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(family, signal.SIGCONT)

    return Fault("hangs", begin, seconds, ", ".join(names), alerts)


def neglected(name: str, seconds: float) -> Fault:
    """`up` hangs, and meanwhile one of its processes is killed: nobody starts it again."""

    @contextmanager
    def begin(stack: Stack, _around: Surroundings) -> Iterator[None]:
        stack.process.send_signal(signal.SIGSTOP)
        kill(stack, name)
        try:
            yield
        finally:
            stack.process.send_signal(signal.SIGCONT)

    return Fault("killed while `up` hangs", begin, seconds, name, ("ProcessDown",))


@contextmanager
def _database_refuses(stack: Stack, _around: Surroundings) -> Iterator[None]:
    """Every session is ended, and none is let in."""
    # Nobody can forbid connections to the database that they are in.
    with stack.database("postgres") as connection:
        connection.execute("alter database warehouse allow_connections false")
        try:
            for _ in range(8):
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'warehouse'")
                time.sleep(0.2)
            yield
        finally:
            connection.execute("alter database warehouse allow_connections true")


@contextmanager
def _packets_vanish(stack: Stack, _around: Surroundings) -> Iterator[None]:
    """Packets to and from Postgres are dropped: connections are half open, and neither side hears of it."""
    port, table = remembered_port(stack.home, POSTGRES), f"chaos_{os.getpid()}"
    rules = f"table inet {table} {{ chain lost {{ type filter hook input priority 0; tcp dport {port} drop; "
    rules += f"tcp sport {port} drop; }}; }}"
    _nft(rules)
    try:
        yield
    finally:
        _nft(f"delete table inet {table}")


@contextmanager
def _disk_is_full(_stack: Stack, around: Surroundings) -> Iterator[None]:
    assert around.disk is not None
    ballast = around.disk / "ballast"
    try:
        with ballast.open("wb") as file:
            # What is written meanwhile takes room too.
            while free := shutil.disk_usage(around.disk).free:
                with suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.tell(), free)
                    file.seek(0, os.SEEK_END)
                    continue
                break
        yield
    finally:
        ballast.unlink(missing_ok=True)


@contextmanager
def _worker_and_sender_hang_on_a_nearly_full_disk(stack: Stack, around: Surroundings) -> Iterator[None]:
    """At the same time, because it takes minutes until anybody is told of any of them."""
    with paused("worker", "sender", seconds=0).begin(stack, around), contextlib.ExitStack() as filled:
        if around.disk is not None:
            usage = shutil.disk_usage(around.disk)
            ballast = around.disk / "ballast"
            filled.callback(ballast.unlink)
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, usage.free - round(NEARLY_FULL * usage.total))
        yield


@contextmanager
def _redis_is_gone(_stack: Stack, around: Surroundings) -> Iterator[None]:
    around.redis.stop()
    try:
        yield
    finally:
        around.redis.start()


@contextmanager
def _redis_hangs(_stack: Stack, around: Surroundings) -> Iterator[None]:
    assert around.redis.process is not None
    around.redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        around.redis.process.send_signal(signal.SIGCONT)


@contextmanager
def _clients_say_no_more(stack: Stack, _around: Surroundings) -> Iterator[None]:
    """Many connections to the API that carry half a request, for as long as the server keeps them."""
    place = httpx.URL(stack.address("api"))
    with contextlib.ExitStack() as sockets:
        for _ in range(HALF_OPEN):
            half = sockets.enter_context(socket.create_connection((LOOPBACK, place.port or 0), 5))
            half.sendall(b"POST /events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 500\r\n\r\n[{")
        yield


@contextmanager
def _clock_is_wrong(stack: Stack, _around: Surroundings) -> Iterator[None]:
    """A second sender and a second API join in, of a machine whose clock is two hours fast, and events come to it."""
    port = free_port()
    with (
        _copy_with_wrong_clock(stack, "sender", {}),
        _copy_with_wrong_clock(stack, "api", {"--port": str(port)}),
        httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=30, trust_env=False) as caller,
    ):
        wait_until(lambda: answers_http(f"http://{LOOPBACK}:{port}/readyz"), "an API with a wrong clock")
        key = stack.home.service_key.read_text(encoding="utf-8").strip()
        event_id, now = str(uuid4()), datetime.now(UTC)
        event = {"event_id": event_id, "user_id": "chaos-clock", "event_type": "view", "source": "mobile"}
        event["occurred_at"] = now.isoformat()
        caller.post("/events", json=event, headers={"authorization": f"Bearer {key}"}).raise_for_status()
        with stack.database() as connection:
            query = "select received_at from raw.events where event_id = %s"
            ((received_at,),) = connection.execute(query.encode(), [event_id]).fetchall()
        assert abs(received_at - now) < timedelta(hours=1), f"an event of {now} counts as received at {received_at}"  # type: ignore[operator]
        yield


@contextmanager
def _copy_with_wrong_clock(stack: Stack, name: str, options: dict[str, str]) -> Iterator[None]:
    family = stack.family(name)
    arguments, variables = family[0].cmdline(), family[0].environ()
    for option, value in options.items():
        arguments = [f"{option}={value}" if each.startswith(f"{option}=") else each for each in arguments]
    with (
        (stack.log.with_name(f"{name}-of-a-wrong-clock.log")).open("ab") as log,
        subprocess.Popen(
            [str(find_program("faketime")), "-f", SKEW, *arguments],
            env=variables | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"},
            stdout=log,
            stderr=log,
            cwd=stack.home.root,
        ) as process,
    ):
        try:
            yield
            assert process.poll() is None, f"{name} with a wrong clock ended: {log.name}"
        finally:
            for each in psutil.Process(process.pid).children(recursive=True):
                each.terminate()
            process.terminate()
            process.wait(30)


def all_faults(stack: Stack, around: Surroundings) -> tuple[list[Fault], list[Fault], list[str]]:
    """Short faults; long ones, which alerts must notice; and a sentence on each that this machine cannot bear."""
    mortal = [name for name in stack.names if name not in ("telegram",)]
    short = [killed(name) for name in mortal]
    short += [paused(name, seconds=6) for name in stack.names]
    short += [
        Fault("refuses all connections", _database_refuses, 10, POSTGRES),
        Fault("is gone", _redis_is_gone, 15, "Redis"),
        Fault("hangs", _redis_hangs, 10, "Redis"),
        Fault(f"{HALF_OPEN} clients say no more", _clients_say_no_more, 10, "api"),
    ]
    long = [paused(POSTGRES, seconds=110, alerts=("WarehouseDown",))]
    left_out = []
    if _may_filter():
        short.append(Fault("packets to and from it vanish", _packets_vanish, 15, POSTGRES))
    else:
        left_out.append("Half-open connections to Postgres: not root, or no nft.")
    if find_program("faketime"):
        short.append(Fault("a clock is 2 hours fast", _clock_is_wrong, 30, "sender, api"))
    else:
        left_out.append("A wrong clock: faketime is not installed.")
    if around.disk is not None:
        short.append(Fault("is full", _disk_is_full, 15, "the disk"))
    else:
        left_out.append("A full disk: not root, or no disk could be mounted.")
    if "prometheus" not in stack.names:
        return short, long, [*left_out, "Alerts: Prometheus is not installed."]
    apis = [name for name in stack.names if name.startswith("api")]
    long.append(paused(*apis, seconds=110, alerts=("ApiDown",)))
    long += [paused(name, seconds=110, alerts=("ServiceDown",)) for name in sorted(MODELS & {*stack.names})[:1]]
    long.append(neglected("worker", 110))
    if "nginx_exporter" in stack.names:
        long.append(paused("gateway", seconds=110, alerts=("NginxDown",)))
    if "redis_exporter" in stack.names:
        long.append(Fault("is gone", _redis_is_gone, 170, "Redis", ("RedisDown",)))
    alerts = ["WorkerSilent", "CampaignUnattended"]
    alerts += ["DiskNearlyFull"] if around.disk is not None and "node_exporter" in stack.names else []
    name = "hang, and the disk is nearly full"
    # While the campaign has not ended.
    long.insert(1, Fault(name, _worker_and_sender_hang_on_a_nearly_full_disk, 440, "worker, sender", tuple(alerts)))
    return short, long, left_out


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _may_filter() -> bool:
    return os.geteuid() == 0 and sys.platform == "linux" and find_program("nft") is not None


def _nft(rules: str) -> None:
    subprocess.run([str(find_program("nft")), "-f", "-"], input=rules, text=True, check=True)
