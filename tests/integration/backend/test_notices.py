"""Notices over the WebSocket of real API processes: complete, in order, and only for who may see them."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from backend.access.permissions import Role
from orchestration.resources import WarehouseResource
from orchestration.sensors import tell_of_runs
from standalone.fleet import Fleet
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.backend.conftest import PASSWORD, Api
from warehouse import notices, user_jobs
from warehouse.database import Database, command, execute, value

WRITERS = 6
NOTICES_A_WRITER = 40


@pytest.fixture(scope="module")
def fleet(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Fleet]:
    """Two API processes on one warehouse."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    first = api_server(empty_platform)
    port = 1 + max(first.port or 0, 20_000)
    second = replace(
        first,
        name="second api",
        port=port,
        arguments=[f"--port={port}" if each.startswith("--port=") else each for each in first.arguments],
        log=first.log.with_name("second_api.log"),
    )
    with Fleet() as running:
        running.start([first, second])
        yield running


@pytest.fixture(scope="module")
def api(fleet: Fleet, shared_warehouse_url: str, empty_platform: Platform) -> Api:
    return Api(addresses(fleet)[0], Database(shared_warehouse_url), Database(empty_platform.backend_url))


def addresses(fleet: Fleet) -> list[str]:
    return [str(child.command.address) for child in fleet.children]


@contextmanager
def listen(address: str, **options: Any) -> Iterator[ClientConnection]:
    """A connection that has said nothing yet."""
    # Without a limit of its own the client reads on while it is closing.
    with connect(
        f"{address.replace('http', 'ws')}/notices", proxy=None, open_timeout=5, max_queue=None, **options
    ) as connection:
        yield connection


@contextmanager
def opened(address: str, token: str, after: int | None = None) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """A listener that has said who it is, and the first answer."""
    with listen(address) as connection:
        connection.send(json.dumps({"token": token, "after": after}))
        yield connection, json.loads(connection.recv(timeout=5))


def told(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next notices."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = json.loads(connection.recv(timeout=10))
        if message["type"] == "notice":
            found.append(message["notice"])
    return found


def refusal(connection: ClientConnection) -> tuple[int, dict[str, Any]]:
    """How a connection ends: the code, and the problem told before."""
    problem: dict[str, Any] = {}
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            message = json.loads(connection.recv(timeout=15))
            problem = message.get("problem", problem)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, problem


class Writer(threading.Thread):
    """Tells notices as several processes of a pipeline would: slowly committed, and some taken back."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self._url, self._number = url, number
        self._random = random.Random(number)
        self.committed: list[int] = []

    def run(self) -> None:
        for each in range(NOTICES_A_WRITER):
            with suppress(InterruptedError), psycopg.connect(self._url) as connection:
                run_id = f"{self._number}-{each}"
                number = execute(connection, notices.run_ended(run_id, "refresh", "done", "2025-03-01"))
                time.sleep(self._random.random() * 0.02)
                if self._random.random() < 0.2:
                    raise InterruptedError
                connection.commit()
                assert number is not None
                self.committed.append(number)


class Reader(threading.Thread):
    """Listens at any of the processes, leaves now and then, and comes back with the last number it has seen."""

    def __init__(self, fleet: Fleet, token: str, after: int, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._addresses, self._token, self._after, self._stop_asked = addresses(fleet), token, after, stop
        self._random = random.Random(seed)
        self.seen: list[int] = []
        self.reconnects = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            with suppress(WebSocketException, OSError, TimeoutError):
                self._listen(self._random.choice(self._addresses))
            self.reconnects += 1

    def _listen(self, address: str) -> None:
        with opened(address, self._token, self._after) as (connection, ready):
            assert (ready["type"], ready["is_complete"]) == ("ready", True)
            patience = self._random.randrange(1, 30)
            while patience and not self._stop_asked.is_set():
                with suppress(TimeoutError):
                    message = json.loads(connection.recv(timeout=1))
                    assert message["type"] in ("notice", "alive"), message
                    if message["type"] == "notice":
                        self._after = message["notice"]["notice_id"]
                        self.seen.append(self._after)
                        patience -= 1


def test_nothing_is_lost_or_told_twice_though_writers_race_and_processes_are_killed(
    api: Api, fleet: Fleet, make_key: Callable[..., str]
) -> None:
    begin = api.own.run(notices.ends()).last_id
    stop = threading.Event()
    key = make_key("analytics:read")
    readers = [Reader(fleet, key, begin, seed, stop) for seed in range(3)]
    writers = [Writer(api.warehouse.url, number) for number in range(WRITERS)]
    for thread in (*readers, *writers):
        thread.start()
    for _ in range(3):
        time.sleep(0.7)
        first = fleet.children[0]
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
        fleet.revive()
        fleet.await_ready()
    for writer in writers:
        writer.join(60)
    committed = sorted(number for writer in writers for number in writer.committed)
    until = time.monotonic() + 20
    while any(not reader.seen or reader.seen[-1] < committed[-1] for reader in readers):
        assert time.monotonic() < until
        time.sleep(0.1)
    stop.set()
    for reader in readers:
        reader.join(10)
    assert len(committed) > WRITERS * NOTICES_A_WRITER / 2
    assert committed == list(range(begin + 1, begin + 1 + len(committed)))
    for reader in readers:
        assert reader.seen == committed
        assert reader.reconnects > 3


def test_numbers_are_given_in_the_order_of_commits(api: Api) -> None:
    with api.warehouse.transaction() as slow:
        number = execute(slow, notices.run_ended("slow", "refresh", "failed", None))
        with psycopg.connect(api.warehouse.url) as fast, pytest.raises(psycopg.errors.LockNotAvailable):
            fast.execute("set lock_timeout = '200ms'")
            execute(fast, notices.run_ended("fast", "refresh", "failed", None))
        slow.rollback()
    assert api.warehouse.run(notices.run_ended("fast", "refresh", "failed", None)) == number


def test_each_sees_what_the_permissions_allow(api: Api, make_key: Callable[..., str]) -> None:
    analyst, key = make_key("analytics:read"), make_key("analytics:read", "users:read")
    with opened(api.address, analyst) as (reader, _), opened(api.address, key) as (both, _):
        asked = api.own.run(user_jobs.ask_for_user("export", "anna", "a test"))
        api.warehouse.run(user_jobs.begin(asked))
        api.warehouse.run(user_jobs.write_progress(asked, 17))
        api.warehouse.run(user_jobs.finish(asked, None))
        api.warehouse.run(notices.early_warning(date(2025, 3, 1), 7, 70))
        found = told(both, 5)
        assert [each["body"].get("state") for each in found] == ["waiting", "running", "running", "done", None]
        assert [each["body"].get("bytes_written") for each in found] == [0, 0, 17, 17, None]
        assert "anna" not in json.dumps(found)
        assert [each["kind"] for each in told(reader, 1)] == ["early_warning"]
    with api.caller(analyst) as caller:
        listed = caller.get("/notices").json()["notices"]
        assert listed[0]["body"] == {"as_of": "2025-03-01", "users_at_high_risk": 7, "users_asked_about": 70}
        assert "job" not in {each["kind"] for each in listed}
        older = caller.get("/notices", params={"before": listed[0]["notice_id"], "limit": 1}).json()["notices"]
        assert older == listed[1:2]


def test_the_end_of_a_run_is_told_once(api: Api) -> None:
    begin = api.own.run(notices.ends()).last_id
    warehouse = WarehouseResource(url=api.warehouse.url)

    @dg.job
    def refresh() -> None:
        @dg.op
        def step() -> None: ...

        step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = refresh.execute_in_process(instance=instance, tags={"dagster/partition": "2025-03-01"})
        event = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=1).records[0]
        (done,) = (each for each in tell_of_runs() if each.name == "tell_of_runs_done")
        context = dg.build_run_status_sensor_context(
            "tell_of_runs_done", event.event_log_entry.get_dagster_event(), instance, result.dagster_run
        )
        for _ in range(2):
            done(context, warehouse=warehouse)
    (notice,) = api.own.run(notices.notices_after(begin, ["run"], 10))
    assert notice.body == {"run_id": result.run_id, "job": "refresh", "state": "done", "as_of": "2025-03-01"}


def test_old_notices_go_and_a_listener_that_missed_some_is_told(
    api: Api, make_key: Callable[..., str], empty_platform: Platform
) -> None:
    numbers = [api.warehouse.run(notices.run_ended(f"old {each}", "refresh", "done", None)) for each in range(3)]
    with empty_platform.server.connect("warehouse", autocommit=True) as owner:
        owner.execute(
            "update app.notices set noticed_at = now() - interval '8 days' where notice_id <= %s", [numbers[1]]
        )
    newest = api.warehouse.run(notices.run_ended("new", "refresh", "done", None))
    assert api.own.run(value(int, "select min(notice_id) from app.notices")) == numbers[2]
    key = make_key("analytics:read")
    for after, is_complete in ((numbers[0], False), (numbers[1], True)):
        with opened(api.address, key, after) as (connection, ready):
            assert ready == {"type": "ready", "after": numbers[1], "is_complete": is_complete}
            assert [each["notice_id"] for each in told(connection, 2)] == [numbers[2], newest]
    with opened(api.address, key, 10**9) as (_, ready):
        assert ready == {"type": "ready", "after": numbers[1], "is_complete": False}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        ("{}", 4422),
        ('{"token": "x", "more": 1}', 4422),
        ('{"token": "x", "after": -1}', 4422),
        ('{"token": "not one of ours"}', 4401),
        (b"\xff\xfe", 4400),
    ],
)
def test_a_listener_that_does_not_say_who_it_is_is_refused(api: Api, message: str | bytes, code: int) -> None:
    with listen(api.address) as connection:
        connection.send(message)
        ended, problem = refusal(connection)
        assert (ended, problem["status"]) == (code, code - 4000)
        assert problem["request_id"]


def test_who_says_nothing_is_refused(api: Api) -> None:
    with listen(api.address) as connection:
        assert refusal(connection)[0] == 4401


def test_a_key_without_the_permission_is_refused(api: Api, make_key: Callable[..., str]) -> None:
    with listen(api.address) as connection:
        connection.send(json.dumps({"token": make_key("events:write")}))
        code, problem = refusal(connection)
        assert code == 4403
        assert "analytics:read" in problem["detail"]


def test_a_page_of_another_address_is_refused_before_it_is_heard(api: Api, make_key: Callable[..., str]) -> None:
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused, listen(api.address, origin=origin):
            pass
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body or b"{}")["status"] == 403
    with listen(api.address, origin=api.address) as own:
        own.send(json.dumps({"token": make_key("analytics:read")}))
        assert json.loads(own.recv(timeout=5))["type"] == "ready"


def test_a_session_that_ends_ends_its_listeners_and_a_newer_token_keeps_them(
    api: Api, make_person: Callable[[Role], Any]
) -> None:
    api.own.run(command("delete from app.login_attempts"))
    person = make_person(Role.VIEWER)
    credentials = {"email": person.email, "password": PASSWORD}
    with api.caller(None) as nobody:
        first, second = (nobody.post("/auth/login", json=credentials).json() for _ in range(2))
        token = first["access_token"]
        with opened(api.address, token) as (stays, _), opened(api.address, token) as (ends, _):
            stays.send(json.dumps({"token": second["access_token"]}))
            nobody.post("/auth/logout", json={"refresh_token": first["refresh_token"]}).raise_for_status()
            assert refusal(ends)[0] == 4401
            api.warehouse.run(notices.run_ended("after the logout", "refresh", "done", None))
            assert told(stays, 1)[0]["body"]["run_id"] == "after the logout"
            other = make_person(Role.VIEWER)
            theirs = nobody.post("/auth/login", json={"email": other.email, "password": PASSWORD}).json()
            stays.send(json.dumps({"token": theirs["access_token"]}))
            assert refusal(stays)[0] == 4401


def test_no_token_reaches_the_log(api: Api, empty_platform: Platform, make_key: Callable[..., str]) -> None:
    key = make_key("analytics:read")
    with opened(api.address, key):
        pass
    time.sleep(0.5)
    written = (empty_platform.home.logs / "api.log").read_text(encoding="utf-8")
    assert "listener left" in written
    assert key not in written


def test_listeners_are_counted(api: Api, caller: httpx.Client, make_key: Callable[..., str]) -> None:
    with opened(api.address, make_key("analytics:read")):
        figures = caller.get("/metrics").text
        assert "customer_analyzer_api_notice_listeners 1.0" in figures
