"""Tests whose programs are missing are left out and named, in one process and in several; the others run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standalone.system_programs import demand_program, find_program
from tests.system import summary

ROOT = Path(__file__).parents[1]
CONFTEST = """
from tests.system import SystemTests

def pytest_configure(config):
    config.addinivalue_line("markers", "system(*programs): needs programs")
    config.pluginmanager.register(SystemTests())
"""
TESTS = """
import pytest

@pytest.mark.system("sh")
def test_with_a_shell():
    pass

@pytest.mark.system("sh", "no-such-program")
def test_of_what_is_missing():
    raise AssertionError

def test_of_nothing():
    pass
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_missing_program_leaves_its_tests_out_and_says_so(tmp_path: Path, processes: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--numprocesses", processes, "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "system tests: 1 ran, 1 left out because these programs are missing: no-such-program" in done.stdout
    assert "2 passed" in done.stdout


def test_a_run_with_everything_says_how_many_ran() -> None:
    assert summary(3, 0, set()) == "system tests: 3 ran"


def test_servers_are_found_where_debian_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "some-server"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("standalone.system_programs.SYSTEM_FOLDERS", (str(tmp_path),))
    assert find_program("some-server") == program
    assert find_program("no-such-program") is None


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Exception, match=r"The gateway needs no-such-program.*apt-get install a-package") as raised:
        demand_program("no-such-program", "The gateway", "a-package")
    assert "\n" not in str(raised.value)
