"""Two replicas of the real API behind the gateway: no request fails while they are restarted or one is killed."""

import asyncio
import json
import os
import signal
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from backend.access.permissions import Role
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from core.api_keys import digest_of, new_key
from core.home import LOOPBACK
from standalone.fleet import Fleet
from standalone.gateway import Limits
from standalone.gateway_server import behind_gateway, gateway_ports, gateway_server
from standalone.processes import Command
from standalone.rolling import restart_replicas
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.gateway.echo import Echo, echoing
from warehouse.api_keys import add_api_key
from warehouse.database import Database, value

pytestmark = pytest.mark.system("nginx")

PASSWORD = "a long sentence nobody guesses"


@dataclass(frozen=True)
class Stack:
    """Two replicas behind the gateway. `pages` is in MLflow's and Dagster's place."""

    fleet: Fleet
    address: str
    operations: str
    certificate: str
    key: str
    own: Database
    warehouse: Database
    pages: Echo

    def client(self, **options: Any) -> httpx.Client:
        """Whoever has the key."""
        chosen = {"headers": {"authorization": f"Bearer {self.key}"}} | options
        return httpx.Client(base_url=self.address, verify=self.context(), timeout=30, trust_env=False, **chosen)

    def context(self) -> ssl.SSLContext:
        """Trusts the gateway's certificate alone."""
        return ssl.create_default_context(cafile=self.certificate)


@pytest.fixture(scope="module")
def stack(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Stack]:
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    ports = gateway_ports(empty_platform)
    apis = behind_gateway(empty_platform, [api_server(empty_platform, replica) for replica in (1, 2)], ports, 1)
    with echoing() as pages, Fleet() as fleet:
        port = int(pages.address.rpartition(":")[2])
        others = [Command(name, [], empty_platform.home.logs / f"{name}.log", port) for name in ("dagster", "mlflow")]
        fleet.start(apis)
        unlimited = Limits(
            address_rate=100_000, address_burst=100_000, key_rate=100_000, key_burst=100_000, sign_in_rate=100
        )
        fleet.start([gateway_server(empty_platform, ports, [*apis, *others], limits=unlimited)])
        own, key = Database(empty_platform.backend_url), new_key()
        own.run(add_api_key("test", digest_of(key), ["events:write", "analytics:read", "profile:read"]))
        yield Stack(
            fleet,
            f"https://{LOOPBACK}:{ports.public}",
            f"https://{LOOPBACK}:{ports.operations}",
            str(empty_platform.home.gateway / "certificate.pem"),
            key,
            own,
            Database(shared_warehouse_url),
            pages,
        )


@dataclass
class Load:
    """Callers that send events and read, one request after the other, until they are told to stop."""

    stack: Stack
    sent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        with self.stack.client() as client:
            while not self._over.is_set():
                event = {
                    "event_id": str(uuid4()),
                    "user_id": "7",
                    "event_type": "view",
                    "occurred_at": NOW,
                    "source": "web",
                }
                for method, path, body in (
                    ("POST", "/events", event),
                    ("GET", "/livez", None),
                    ("GET", "/auth/me", None),
                ):
                    try:
                        answer = client.request(method, path, json=body)
                        told = f"{answer.status_code} {answer.text}" if answer.status_code >= 400 else ""
                    except httpx.HTTPError as error:
                        told = repr(error)
                    self.failed += [f"{method} {path}: {told}"] if told else []
                    self.sent += [event["event_id"]] if method == "POST" and not told else []


NOW = "2026-03-01T12:00:00Z"


def stored(stack: Stack) -> int:
    return stack.warehouse.run(value(int, "select count(*) from raw.events"))


def _pids(stack: Stack) -> set[int]:
    return {child.process.pid for child in stack.fleet.children}


def test_no_request_fails_while_both_replicas_are_restarted(stack: Stack) -> None:
    pids = _pids(stack)
    before = stored(stack)
    with Load(stack) as load:
        restart_replicas(stack.fleet, lambda _child: None)
    assert len(pids & _pids(stack)) == 1, "the gateway's own"
    assert load.failed == []
    assert stored(stack) - before == len(load.sent) > 50


def test_no_request_fails_while_a_replica_is_killed(stack: Stack) -> None:
    before = stored(stack)
    with Load(stack) as load:
        time.sleep(1)
        victim = next(child for child in stack.fleet.children if child.command.name == "api_2")
        for process in (
            *psutil.Process(victim.process.pid).children(recursive=True),
            psutil.Process(victim.process.pid),
        ):
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(3)
        stack.fleet.revive()
        stack.fleet.await_ready()
        time.sleep(3)
    assert load.failed == []
    assert stored(stack) - before == len(load.sent) > 50


def test_a_session_has_the_address_that_the_gateway_saw(stack: Stack) -> None:
    email = "address@shop.example"
    assert stack.own.run(add_account(email, "A viewer", Role.VIEWER, hashed(PASSWORD))) is not None
    with stack.client(headers={"x-forwarded-for": "6.6.6.6"}) as client:
        tokens = client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()
        held = client.get("/auth/sessions", headers={"authorization": f"Bearer {tokens['access_token']}"}).json()
    assert json.dumps(held).count("127.0.0.1") == 1
    assert "6.6.6.6" not in json.dumps(held)


def test_notices_come_through(stack: Stack) -> None:
    async def told() -> object:
        address = stack.address.replace("https", "wss") + "/notices"
        async with connect(address, ssl=stack.context(), origin=stack.address) as socket:
            await socket.send(json.dumps({"token": stack.key}))
            return json.loads(await asyncio.wait_for(socket.recv(), 10))

    assert asyncio.run(told()) == {"type": "ready", "after": 0, "is_complete": True}


def test_an_admin_opens_the_pages_and_nobody_else(stack: Stack) -> None:
    page = f"{stack.operations}/operations/dagster/runs"
    for role, status in ((Role.ANALYST, 403), (Role.ADMIN, 200)):
        email = f"{role}@shop.example"
        assert stack.own.run(add_account(email, role, role, hashed(PASSWORD))) is not None
        with httpx.Client(base_url=stack.address, verify=stack.context(), timeout=30, trust_env=False) as browser:
            signed_in = browser.post("/auth/browser/login", json={"email": email, "password": PASSWORD})
            token = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
            assert browser.get(page).status_code == 302
            opened = browser.post("/auth/browser/operations", json={}, headers=token)
            assert opened.status_code == status
            if status != 200:
                continue
            assert opened.json()["dagster"] == f"{stack.operations}/operations/dagster/"
            (cookie,) = SimpleCookie(opened.headers["set-cookie"]).values()
            assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["secure"]) == (
                "/operations/",
                "strict",
                True,
                True,
            )
            assert int(cookie["max-age"]) == 3600
            assert browser.get(page).status_code == 200
            # It is good for nothing else, and an access token not for this.
            assert browser.get("/auth/me", headers={"authorization": f"Bearer {cookie.value}"}).status_code == 401
            swapped = {"cookie": f"{cookie.key}={token['authorization'].removeprefix('Bearer ')}"}
            assert httpx.get(page, headers=swapped, verify=stack.context(), trust_env=False).status_code == 302
            # It ends with its session.
            assert browser.post("/auth/browser/logout", json={}).status_code == 204
            deadline = time.monotonic() + 10
            # Each replica knows a session for two seconds after it was looked up.
            while any(browser.get(page).status_code == 200 for _ in range(6)):
                assert time.monotonic() < deadline
                time.sleep(0.2)
