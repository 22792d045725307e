"""A platform that is really up, as others see it: its processes, addresses, keys and database.

Belongs here: starting `customer-analyzer up` in a process of its own, and finding what it runs. Does not belong here:
what is asked of it (`load`), and what is done to it (`faults`).
"""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from core.api_keys import digest_of, new_key
from core.errors import DatabaseError
from core.home import LOOPBACK, Home, remembered_port
from ml.kinds import model_kinds
from standalone.postgres import running_postmaster
from standalone.processes import answers_http
from standalone.up import find_up
from warehouse.api_keys import add_api_key
from warehouse.database import execute
from warehouse.databases import WAREHOUSE, embedded_server

PROGRAM = Path(sys.executable).with_name("customer-analyzer")
POSTGRES = "postgres"
PATIENCE_SECONDS = 420
"""For whatever must come back by itself, on a busy machine."""

_READY = {"mlflow": "/health", "dagster": "/server_info", "exporter": "/metrics", "telegram": "/"}
_READY |= dict.fromkeys(("prometheus", "alertmanager"), "/-/ready")


@dataclass(frozen=True)
class Stack:
    """A platform that is up. `log` is what `up` printed."""

    home: Home
    process: "subprocess.Popen[Any]"
    log: Path

    @property
    def names(self) -> list[str]:
        """What runs: Postgres, and the processes of `up`."""
        return [POSTGRES, *self._servers()]

    def address(self, name: str) -> str:
        """Where a server listens."""
        return str(self._servers()[name]["address"])

    def pid(self, name: str) -> int | None:
        """The process of a server; None while it has ended."""
        if name == POSTGRES:
            postmaster = running_postmaster(self.home)
            return None if postmaster is None else postmaster.pid
        pid = int(self._servers()[name]["pid"])
        return pid if _runs(pid) else None

    def family(self, name: str) -> list[psutil.Process]:
        """The process of a server and its descendants; nothing while it has ended."""
        pid = self.pid(name)
        return [] if pid is None else family_of(pid)

    def is_well(self, name: str) -> bool:
        """Whether a server answers as it should; one without a port, whether it runs."""
        if self.pid(name) is None:
            return False
        if name == POSTGRES:
            return self._postgres_answers()
        address = self._servers()[name]["address"]
        if address is None:
            return True
        if name == "gateway":
            return answers_http(f"http://{LOOPBACK}:{remembered_port(self.home, 'gateway_internal')}/status")
        is_ours = name.startswith("api") or name.rpartition("_")[0] in MODELS or name in MODELS
        path = "/readyz" if is_ours else _READY.get(name)
        return _is_open(address) if path is None else answers_http(f"{address}{path}")

    def troubled(self) -> list[str]:
        """The servers that are not well."""
        return [name for name in self.names if not self.is_well(name)]

    def database(self, name: str = WAREHOUSE) -> psycopg.Connection[tuple[object, ...]]:
        """The warehouse, or another database, as its owner."""
        port = remembered_port(self.home, POSTGRES)
        assert port is not None
        return embedded_server(self.home, port).connect(name, autocommit=True)

    def key(self, *scopes: str) -> str:
        """A key of a caller's own."""
        key = new_key()
        with self.database() as connection:
            execute(connection, add_api_key("chaos", digest_of(key), scopes))
        return key

    def caller(self, key: str, seconds: float = 10) -> httpx.Client:
        """The API, through the gateway where there is one."""
        is_behind = "gateway" in self._servers()
        return httpx.Client(
            base_url=self.address("gateway" if is_behind else "api"),
            headers={"authorization": f"Bearer {key}"},
            verify=ssl.create_default_context(cafile=str(self.home.gateway / "certificate.pem")) if is_behind else True,
            timeout=seconds,
            trust_env=False,
        )

    def _servers(self) -> Mapping[str, dict[str, Any]]:
        up = find_up(self.home)
        assert up is not None, f"up has ended:\n{self.log.read_text()[-3000:]}"
        return up.servers

    def _postgres_answers(self) -> bool:
        try:
            with self.database() as connection:
                connection.execute("select 1")
        except (DatabaseError, psycopg.Error):
            return False
        return True


MODELS = frozenset(kind.name for kind in model_kinds())


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def family_of(pid: int) -> list[psutil.Process]:
    """A process and its descendants; nothing where it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)] if _runs(pid) else []
    except psutil.NoSuchProcess:
        return []


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a command for a home, which has an embedded Postgres and no real Telegram."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"CUSTOMER_ANALYZER_HOME": str(home), "DATABASE_URL": "", "TELEGRAM_BOT_TOKEN": ""} | more


@contextmanager
def running_stack(home: Path, log: Path, options: Sequence[str], variables: Mapping[str, str]) -> Iterator[Stack]:
    """`customer-analyzer up` for a home, from the moment when everything answers."""
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [PROGRAM, "up", *options], env=environment(home, **variables), stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or "Ctrl-C stops all" in log.read_text(), "up", 600)
            assert process.poll() is None, log.read_text()
            yield Stack(Home(home), process, log)
        finally:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGINT)
            process.wait(180)


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Waits until something is so; how many seconds that took. Fails with `what` where it takes too long."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)
    return time.monotonic() - began


def _is_open(address: object) -> bool:
    """Whether a port of this machine takes connections."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((LOOPBACK, httpx.URL(str(address)).port or 0)) == 0
