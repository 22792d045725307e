"""A real nginx with the configuration of `deploy/gateway`, on loopback with a certificate of its own.

`door`  a gateway in front of a server that answers with what it was sent
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.home import LOOPBACK, Home, prepare_home
from standalone.certificates import ensure_certificate
from standalone.fleet import Fleet
from standalone.gateway import Gateway, Limits
from standalone.gateway_server import demand_nginx, nginx_server
from tests.integration.gateway.echo import Echo, echoing


@dataclass(frozen=True)
class Door:
    """A running gateway, and what stands behind it."""

    gateway: Gateway
    api: Echo
    pages: Echo
    home: Home
    fleet: Fleet

    @property
    def address(self) -> str:
        """Where the dashboard and the API are."""
        return f"https://{LOOPBACK}:{self.gateway.port}"

    @property
    def operations(self) -> str:
        """Where MLflow's and Dagster's pages are."""
        return f"https://{LOOPBACK}:{self.gateway.operations_port}"

    def client(self, **options: Any) -> httpx.Client:
        """A client that trusts this gateway's certificate and no other."""
        return trusting(self.gateway, **options)

    def raw(self, request: bytes, seconds: float = 5) -> bytes:
        """What the gateway answers to these very bytes, until it closes the connection or is silent."""
        with self.connected() as connection:
            connection.settimeout(seconds)
            connection.sendall(request)
            answer = b""
            try:
                while more := connection.recv(65536):
                    answer += more
            except TimeoutError:
                pass
        return answer

    @contextmanager
    def connected(self, context: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
        """A connection of TLS that speaks HTTP/1.1."""
        chosen = context or context_of(self.gateway)
        with (
            socket.create_connection((LOOPBACK, self.gateway.port), timeout=5) as plain,
            chosen.wrap_socket(plain, server_hostname=LOOPBACK) as connection,
        ):
            yield connection

    def log(self) -> list[dict[str, Any]]:
        """The lines of the access log."""
        return [json.loads(line) for line in Path(self.gateway.access_log).read_text(encoding="utf-8").splitlines()]


def context_of(gateway: Gateway) -> ssl.SSLContext:
    """Trusts the gateway's certificate alone."""
    return ssl.create_default_context(cafile=str(gateway.certificate))


def trusting(gateway: Gateway, **options: Any) -> httpx.Client:
    """A client of the gateway."""
    base = f"https://{LOOPBACK}:{gateway.port}"
    return httpx.Client(
        **{"base_url": base, "verify": context_of(gateway), "timeout": 30, "trust_env": False} | options
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((LOOPBACK, 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="session")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Opens a gateway with limits of a test's own."""

    @contextmanager
    def opened(limits: Limits, **options: Any) -> Iterator[Door]:
        home = prepare_home(tmp_path_factory.mktemp("gateway") / "home")
        home.gateway.mkdir()
        certificate, key = home.gateway / "certificate.pem", home.gateway / "key.pem"
        ensure_certificate(certificate, key)
        with echoing() as api, echoing() as pages, Fleet() as fleet:
            gateway = Gateway(
                home.gateway,
                str(home.gateway / "access.log"),
                certificate,
                key,
                *free_ports(3),
                api=[api.address],
                dagster=pages.address,
                mlflow=pages.address,
                limits=limits,
                **options,
            )
            fleet.start([nginx_server(home, gateway, demand_nginx())])
            yield Door(gateway, api, pages, home, fleet)

    return opened


@pytest.fixture(scope="module")
def door(open_door: Callable[..., Any]) -> Iterator[Door]:
    """A gateway with the limits that `up` gives it, but for a client that is slow."""
    with open_door(Limits(slow_seconds=2)) as opened:
        yield opened
