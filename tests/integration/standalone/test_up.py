"""`up`, `status` and `down` in three terminals, on a home without models.

The home is this module's own: a home has one `up`, and `down` ends it.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from core.home import Home, remembered_port
from standalone.postgres import running_postmaster
from standalone.system_programs import find_program
from tests.integration.chaos.accounts import events, messages
from tests.integration.chaos.faults import kill
from tests.integration.chaos.load import under_load
from tests.integration.chaos.stack import Stack, wait_until
from warehouse.databases import embedded_server
from warehouse.passfile import read_entries

PROGRAM = Path(sys.executable).with_name("customer-analyzer")
WATCHERS = ("prometheus", "prometheus-alertmanager")
IS_WATCHED = all(find_program(name) for name in WATCHERS)
IS_SEARCHABLE = find_program("rsyslogd") is not None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("up") / "home")


def _environment(home: Home) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"CUSTOMER_ANALYZER_HOME": str(home.root), "DATABASE_URL": "", "TELEGRAM_BOT_TOKEN": ""}


def _call(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], env=_environment(home), capture_output=True, text=True, check=False)


def _status(home: Home) -> dict[str, Any]:
    answer = _call(home, "status", "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[subprocess.Popen[str]]:
    command = [PROGRAM, "up", *(["--monitoring"] if IS_WATCHED else []), *(["--logs"] if IS_SEARCHABLE else [])]
    with subprocess.Popen(command, env=_environment(home), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C stops all" in line:
                break
        assert process.poll() is None, (home.logs / "cli.log").read_text()
        yield process
        process.send_signal(signal.SIGINT)


def test_every_page_answers(home: Home, up: subprocess.Popen[str]) -> None:
    servers = {server["name"]: server for server in _status(home)["servers"]}
    running = {name for name, server in servers.items() if server["is_running"]}
    watching = {"exporter", "prometheus", "alertmanager", "node_exporter", "postgres_exporter", "log_shipper"}
    assert running - watching == {
        "postgres",
        "api",
        "worker",
        "sender",
        "mlflow",
        "dagster",
        "dagster_code",
        "dagster_daemon",
        "telegram",
        "bot",
    }
    for name, path in (("api", "/docs"), ("mlflow", ""), ("dagster", ""), ("telegram", "/")):
        with urllib.request.urlopen(servers[name]["address"] + path, timeout=30) as page:  # noqa: S310
            assert page.status == 200


@pytest.mark.system(*WATCHERS)
def test_prometheus_reads_all_that_has_figures(home: Home, up: subprocess.Popen[str]) -> None:
    servers = {server["name"]: server for server in _status(home)["servers"]}

    def read() -> dict[str, str]:
        with urllib.request.urlopen(f"{servers['prometheus']['address']}/api/v1/targets", timeout=10) as page:  # noqa: S310
            return {each["labels"]["job"]: each["health"] for each in json.load(page)["data"]["activeTargets"]}

    expected = {"api", "platform", "prometheus", "alertmanager"}
    deadline = time.monotonic() + 45
    while ("unknown" in (found := read()).values() or not expected <= found.keys()) and time.monotonic() < deadline:
        time.sleep(1)
    assert expected <= read().keys()
    assert set(read().values()) == {"up"}


def test_dagster_has_loaded_everything(home: Home, up: subprocess.Popen[str]) -> None:
    (address,) = [server["address"] for server in _status(home)["servers"] if server["name"] == "dagster"]
    question = "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError {__typename}}}}}"
    request = urllib.request.Request(  # noqa: S310
        f"{address}/graphql", json.dumps({"query": question}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        (entry,) = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    assert entry["locationOrLoadError"]["__typename"] == "RepositoryLocation"


def test_a_home_has_one_up(home: Home, up: subprocess.Popen[str]) -> None:
    second = _call(home, "up")
    assert second.returncode == 2
    assert f"is already up (process {up.pid})" in second.stderr


def test_no_secret_is_in_an_argument_or_a_log(home: Home, up: subprocess.Popen[str]) -> None:
    passwords = [entry.password for entry in read_entries(home.passfile)]
    processes = [psutil.Process(up.pid), *psutil.Process(up.pid).children(recursive=True)]
    texts = [" ".join(process.cmdline()) for process in processes]
    texts += [path.read_text() for path in [*home.logs.iterdir(), home.dagster / "dagster.yaml"]]
    assert not any(password in text for text in texts for password in passwords)


def test_every_process_writes_one_shape_and_no_secret_that_is_planted(home: Home, up: subprocess.Popen[str]) -> None:
    servers = {server["name"]: server for server in _status(home)["servers"]}
    planted = "token=hunter2secret&who=anna@example.org&phone=+79123456789"
    for name, path in (("mlflow", "/health"), ("api", "/nothing"), ("dagster", "/server_info"), ("telegram", "/")):
        with (
            contextlib.suppress(urllib.error.HTTPError),
            urllib.request.urlopen(  # noqa: S310
                f"{servers[name]['address']}{path}?{planted}", timeout=30
            ) as page,
        ):
            page.read()
    port = remembered_port(home, "postgres")
    assert port is not None
    with embedded_server(home, port).connect("postgres") as connection, pytest.raises(psycopg.Error):
        connection.execute(f"select '{planted}'::integer".encode())
    deadline = time.monotonic() + 20
    while "***" not in (home.logs / "postgres.log").read_text() and time.monotonic() < deadline:
        time.sleep(0.2)

    assert "who=***" in (home.logs / "postgres.log").read_text()
    for path in home.logs.glob("*.log"):
        if path.stem in ("cli", "initdb"):
            continue
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            assert {"@timestamp", "log.level", "message", "ecs.version", "service.name"} <= line.keys(), path
            assert not re.search("hunter2secret|anna@example|79123456789", text), path


@pytest.mark.system("rsyslogd")
def test_lines_of_every_process_are_found(home: Home, up: subprocess.Popen[str]) -> None:
    wanted = {"api", "postgres", "dagster", "dagster_code", "dagster_daemon", "mlflow"}

    def services() -> set[str]:
        answer = _call(home, "logs", "search", "--since", "1h", "--limit", "100000", "--json")
        assert answer.returncode == 0, answer.stderr
        return {json.loads(line)["service.name"] for line in answer.stdout.splitlines()}

    deadline = time.monotonic() + 60
    while not wanted <= (found := services()) and time.monotonic() < deadline:
        time.sleep(1)
    assert wanted <= found
    answer = _call(home, "logs", "search", "integer", "who=***", "--service", "postgres", "--level", "error")
    assert "invalid input syntax" in answer.stdout


def test_what_is_killed_under_load_comes_back_and_nothing_is_lost(home: Home, up: subprocess.Popen[str]) -> None:
    stack = Stack(home, up, home.logs / "cli.log")
    # Telegram is outside of the platform, and the double remembers what arrived. Dagster's processes and MLflow take
    # long to start; `faults/test_dagster.py` kills those of Dagster.
    spared = ("telegram", "mlflow", "dagster", "dagster_code", "dagster_daemon")
    victims = [name for name in stack.names if name not in spared]
    before = {name: stack.pid(name) for name in victims}
    with under_load(stack, minutes=0.5) as load:
        wait_until(lambda: len(load.received()) > 3 and all(sender.acknowledged for sender in load.events), "load")
        for name in victims:
            kill(stack, name)
        wait_until(lambda: not stack.troubled(), "all well")
        known = [len(sender.acknowledged) for sender in load.events]
        wait_until(lambda: all(len(s.acknowledged) > n for s, n in zip(load.events, known, strict=True)), "load")
    after = {name: stack.pid(name) for name in victims}
    assert [name for name in victims if after[name] == before[name]] == []
    for promise in (events(stack, load), messages(stack, load)):
        assert (promise.lost, promise.doubled) == (0, 0), promise


def test_down_leaves_nothing_running(home: Home, up: subprocess.Popen[str]) -> None:
    children = psutil.Process(up.pid).children(recursive=True)
    answer = _call(home, "down")
    assert (answer.returncode, answer.stdout) == (0, f"Stopped what was up in {home.root}.\n")
    assert up.wait(30) == 0
    time.sleep(0.2)
    alive = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert alive == []
    assert running_postmaster(home) is None
    assert _call(home, "down").stdout == f"Nothing is up in {home.root}.\n"
