"""A real rsyslog brings lines to a real Postgres and to a stand-in for Elasticsearch, through kills and outages.

It reads the log files of a home of this module's own, so that no other test's lines are among them.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from backend.monitoring.shipping import lag_seconds
from core.home import free_port, prepare_home
from standalone.log_shipping import shipper_servers
from standalone.processes import Child, start, stop
from standalone.stack import Platform
from tests.elasticsearch import Documents, elasticsearch
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.logs import LogLine, LogQuery, search

pytestmark = pytest.mark.system("rsyslogd")

NOW = datetime.now(UTC)


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is not empty."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)
    return answer


@contextmanager
def shipping(platform: Platform) -> Iterator[list[Child]]:
    children = [start(command) for command in shipper_servers(platform, pause=1)]
    try:
        yield children
    finally:
        stop(children, seconds=5)


def kill(children: list[Child]) -> None:
    """Ends the shippers without a warning."""
    for child in children:
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()


@pytest.fixture
def platform(empty_platform: Platform, warehouse_url: str, tmp_path: Path) -> Platform:
    """The shared server with a home of its own, whose log files are empty."""
    return replace(empty_platform, home=prepare_home(tmp_path / "home"))


def write(platform: Platform, service: str, *messages: str, level: str = "info", **fields: object) -> None:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    with (platform.home.logs / f"{service}.log").open("a", encoding="utf-8") as file:
        for message in messages:
            line = {"@timestamp": moment, "log.level": level, "message": message, "service.name": service, **fields}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def found(platform: Platform, *words: str, **more: Any) -> list[LogLine]:
    query = LogQuery(NOW - timedelta(days=30), datetime.now(UTC) + timedelta(days=2), words, **more)
    return Database(platform.access.logs.url(WAREHOUSE)).run(search(query, 10_000))


def lag(platform: Platform) -> float:
    return lag_seconds(platform.home, platform.home.log_shipping / "log_shipper", time.time())


def messages(lines: list[LogLine]) -> list[str]:
    return [str(line.fields["message"]) for line in lines]


def test_every_line_is_found_once_though_the_shipper_is_killed_and_postgres_is_away(platform: Platform) -> None:
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        write(platform, "api", *(f"line {number}" for number in range(sent, sent + count)))
        sent += count

    login = platform.access.logs.user
    with platform.server.connect("postgres", autocommit=True) as owner:
        send(200)
        with shipping(platform) as children:
            until(lambda: found(platform, "line", services=["api"]))
            shipper = psutil.Process(children[0].process.pid)
            assert shipper.username() != "root"
            assert all(each.status != psutil.CONN_LISTEN for each in shipper.net_connections("inet"))
            send(1000)
            kill(children)
        send(200)
        # Postgres takes no lines for a while, and the shipper is killed meanwhile.
        owner.execute(f'alter role "{login}" nologin'.encode())
        owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'logs'")
        with shipping(platform) as children:
            send(500)
            time.sleep(1)
            assert lag(platform) > 1
            kill(children)
        owner.execute(f'alter role "{login}" login'.encode())
        with shipping(platform):
            send(10)
            until(lambda: len(found(platform, "line", services=["api"])) >= sent)
            until(lambda: lag(platform) == 0)

    assert messages(found(platform, "line", services=["api"])) == [f"line {number}" for number in range(sent)]


def test_lines_that_no_table_would_take_hold_nothing_up(platform: Platform) -> None:
    with (platform.home.logs / "initdb.log").open("wb") as file:
        file.write(b'it\'s plain "text" \\ 100% $1\n')
        file.write(b"half a character \xd0 and \xff\n")
        file.write(b"nothing \x00 at all\n")
        file.write(b'{"@timestamp":"2026-13-45T99:00:00Z","message":"no such day"}\n')
        file.write(b'{"@timestamp":"infinity","message":"for ever"}\n')
        file.write(b'{"@timestamp":"2020-01-01T00:00:00Z","message":"long ago"}\n')
        file.write(b'{"@timestamp":"2026-01-01T00:00:00Z","message":"not whole\n')
        file.write(b'{"@timestamp":"2026-01-01T00:00:00Z","message":"a \\u0000 in it"}\n')
        file.write(b"x" * 200_000 + b"\n")
        file.write(b"the end\n")
    with shipping(platform):
        until(lambda: found(platform, "the end"))
        lines = messages(found(platform))

    assert 'it\'s plain "text" \\ 100% $1' in lines
    assert any("half a character" in line for line in lines)
    assert {"no such day", "for ever"} <= set(lines)
    assert "long ago" not in lines
    assert any("not whole" in line for line in lines)
    assert any(len(line) > 100_000 for line in lines)
    assert {line.service for line in found(platform, "the end")} == {"initdb"}


def test_elasticsearch_gets_each_line_once_through_an_outage(platform: Platform) -> None:
    port, documents = free_port(), Documents()
    documents.is_refused = lambda document: document.get("customer_analyzer.number") == "none"
    address = SecretStr(f"http://shipper:hunter2secret@127.0.0.1:{port}")
    platform = replace(platform, settings=platform.settings.model_copy(update={"elasticsearch_url": address}))
    sent: list[str] = []

    def send(count: int) -> None:
        new = [f"line {number}" for number in range(len(sent), len(sent) + count)]
        sent.extend(new)
        write(platform, "api", *new)

    def there() -> list[str]:
        return [str(document["message"]) for document in documents.all() if document["service.name"] == "api"]

    with elasticsearch(port, documents):
        documents.overloaded = 5
        send(100)
        write(platform, "worker", "refused", **{"customer_analyzer.number": "none"})
        with shipping(platform) as children:
            until(lambda: len(there()) >= 100)
            assert documents.overloaded == 0
            kill(children)
    send(200)
    # Away. Postgres gets its lines all the same.
    with shipping(platform) as children:
        until(lambda: len(found(platform, "line", services=["api"])) == 300)
        kill(children)
    with shipping(platform):
        send(1)
        until(lambda: len(found(platform, "line", services=["api"])) == 301)
        with elasticsearch(port, documents):
            until(lambda: len(there()) >= 301)
            time.sleep(0.5)

    assert sorted(there()) == sorted(sent)
    assert documents.credentials == {"Basic c2hpcHBlcjpodW50ZXIyc2VjcmV0"}
    assert {index[:18] for index in documents.stored} == {"customer-analyzer-"}
    assert "mapper_parsing_exception" in (
        platform.home.log_shipping / "elasticsearch_shipper" / "refused.log"
    ).read_text(encoding="utf-8")
    assert all(line.fields["message"] != "hunter2secret" for line in found(platform))
