"""Child processes: awaited until they answer, reported when they do not, stopped with their descendants."""

import json
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.errors import PlatformError
from standalone import fleet as fleet_module
from standalone.fleet import Fleet, running_servers
from standalone.processes import Child, Command, start, stop, wait_until_ready

FAMILY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


def _command(tmp_path: Path, code: str, **more: int | str) -> Command:
    return Command("thing", [sys.executable, "-c", code], tmp_path / "thing.log", **more)  # type: ignore[arg-type]


def _server(tmp_path: Path) -> Command:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return Command("pages", arguments, tmp_path / "pages.log", port, "/", directory=tmp_path)


def test_a_server_is_awaited_and_stopped(tmp_path: Path) -> None:
    ready: list[Child] = []
    with running_servers([_server(tmp_path)], ready.append) as children:
        assert ready == children
        assert children[0].is_running
    assert not children[0].is_running


def test_what_is_withheld_is_not_even_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOT_FOR_IT", "a value")
    monkeypatch.setenv("FOR_IT", "another")
    code = "import os; print('NOT_FOR_IT' in os.environ, os.environ['FOR_IT'])"
    child = start(replace(_command(tmp_path, code), withheld=["NOT_FOR_IT"]))
    child.process.wait(30)
    assert child.log_tail() == "False another"


def test_one_that_dies_is_explained_by_its_log(tmp_path: Path) -> None:
    (tmp_path / "thing.log").write_text("an old story\n")
    code = "import sys; print('the reason', flush=True); sys.exit(3)"
    child = start(_command(tmp_path, code, port=1))
    with pytest.raises(PlatformError, match=r"thing ended with exit code 3 while starting .*\nthe reason") as caught:
        wait_until_ready(child, 30)
    assert "an old story" not in str(caught.value)


def test_one_that_never_answers_is_given_up(tmp_path: Path) -> None:
    child = start(_command(tmp_path, "import time; time.sleep(60)", port=1))
    try:
        with pytest.raises(PlatformError, match="was not ready after 0 s"):
            wait_until_ready(child, 0.2)
    finally:
        stop([child])


def test_grandchildren_are_stopped_too(tmp_path: Path) -> None:
    child = start(_command(tmp_path, FAMILY))
    leader = psutil.Process(child.process.pid)
    while not (family := leader.children()):
        assert child.is_running
    stop([child], seconds=1)
    # A zombie counts as stopped, too.
    states = [process.status() for process in [leader, *family] if process.is_running()]
    assert set(states) <= {psutil.STATUS_ZOMBIE}


def test_one_that_keeps_ending_is_started_again_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(fleet_module.time, "monotonic", lambda: now)
    waits: list[float] = []
    with Fleet() as fleet:
        fleet.begin([_command(tmp_path, "import sys; sys.exit(4)")])
        while len(waits) < 9:
            child = fleet.children[0]
            child.process.wait(30)
            fleet.revive(lambda _child, wait: waits.append(wait))
            assert (fleet.children[0] is child) == (waits[-1] > 0)
            fleet.revive(lambda _child, wait: waits.append(wait))
            now += waits[-1]
            fleet.revive(lambda _child, wait: waits.append(wait))
        assert waits == [0, 0, 0, 5, 10, 20, 40, 60, 60]
        # One that ran for long is started again at once.
        now += fleet_module.RESTART_SECONDS
        fleet.children[0].process.wait(30)
        fleet.revive(lambda _child, wait: waits.append(wait))
        assert waits[-1] == 0


@pytest.mark.parametrize("keeps_children", [False, True])
@pytest.mark.parametrize("has_own_session", [False, True])
def test_what_a_killed_server_left_running_is_ended_before_it_is_started_again(
    tmp_path: Path, has_own_session: bool, keeps_children: bool
) -> None:
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
    code += f" start_new_session={has_own_session}); time.sleep(60)"
    command = replace(_command(tmp_path, code), keeps_children=keeps_children)
    with Fleet() as fleet:
        fleet.begin([command])
        leader = psutil.Process(fleet.children[0].process.pid)
        while not (left := leader.children()):
            assert fleet.children[0].is_running
        leader.kill()
        fleet.children[0].process.wait(30)
        fleet.revive()
        is_left = left[0].is_running() and left[0].status() != psutil.STATUS_ZOMBIE
        assert is_left == keeps_children
        assert fleet.children[0].is_running
        if keeps_children:
            left[0].kill()


def test_one_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    with Fleet() as fleet:
        fleet.begin([_command(tmp_path, "import sys; sys.exit(4)")])
        fleet.children[0].process.wait(30)
        log = tmp_path / "thing.log"
        log.unlink()
        log.mkdir()
        with pytest.raises(OSError, match="directory"):
            fleet.revive()
        log.rmdir()
        fleet.revive()
        fleet.children[0].process.wait(30)
        assert fleet.children[0].process.returncode == 4
        assert log.is_file()


def test_what_is_started_again_is_not_awaited(tmp_path: Path) -> None:
    with Fleet() as fleet:
        fleet.begin([_command(tmp_path, "import time; time.sleep(60)", port=1)])
        before = fleet.children[0]
        before.process.kill()
        before.process.wait(30)
        fleet.revive()
        assert fleet.children[0] is not before
        assert fleet.children[0].is_running


def test_a_foreign_program_writes_our_lines(tmp_path: Path) -> None:
    code = "import sys; print('INFO:     by anna@example.org', flush=True); print('  and more'); sys.exit('end')"
    child = start(_command(tmp_path, code, is_foreign=True))
    child.process.wait()

    lines = [json.loads(line) for line in child.log_tail().splitlines()]

    assert [line["message"] for line in lines] == ["by ***\n  and more", "end"]
    assert {line["service.name"] for line in lines} == {"thing"}


def test_what_a_foreign_program_says_when_it_is_stopped_is_in_its_log(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit('farewell'));"
        "print('ready', flush=True); time.sleep(60)"
    )
    child = start(_command(tmp_path, code, is_foreign=True))
    while "ready" not in child.log_tail():
        assert child.is_running
        time.sleep(0.05)
    stop([child])

    assert "farewell" in child.log_tail()


def test_replicas_have_the_name_of_their_server() -> None:
    assert Command("api_2", [], Path("/dev/null")).service == "api"
    assert Command("dagster_code", [], Path("/dev/null")).service == "dagster_code"
