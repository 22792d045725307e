"""The entry point: finding a command, staying quick, and reporting errors."""

import subprocess
import sys
import types

import pytest
import typer

from cli import entry
from core.errors import DatabaseError, UserError


def _stub(monkeypatch: pytest.MonkeyPatch, command: object) -> None:
    module = types.ModuleType("cli.stub")
    module.stub = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cli.stub", module)
    monkeypatch.setitem(entry.COMMANDS, "stub", entry.Entry("stub", "stub", "A command for a test."))


def _call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        entry.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def _raising(error: BaseException) -> object:
    def command() -> None:
        raise error

    return command


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("--help") == 0
    text = capsys.readouterr().out
    assert all(f" {name} " in text for name in entry.COMMANDS)


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; from cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'dagster', 'mlflow', 'polars', 'sklearn', 'psycopg', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_run_can_be_refused_and_a_session_opened_before_what_takes_seconds_to_import() -> None:
    code = (
        "import sys, cli.run, cli.session, orchestration.planning\n"
        "heavy = {'dagster', 'dbt', 'mlflow', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call() == 2
    assert "Usage" in capsys.readouterr().out


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("frobnicate") == 2
    assert "frobnicate" in capsys.readouterr().err


def test_a_command_is_called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def command(name: str, twice: bool = False) -> None:
        typer.echo(name * (2 if twice else 1))

    _stub(monkeypatch, command)
    assert _call("stub", "ab", "--twice") == 0
    assert capsys.readouterr().out == "abab\n"


@pytest.mark.parametrize(
    ("error", "code"), [(UserError("Do this instead."), 2), (DatabaseError("The database said no."), 1)]
)
def test_an_expected_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: UserError, code: int
) -> None:
    _stub(monkeypatch, _raising(error))
    assert _call("stub") == code
    captured = capsys.readouterr()
    assert captured.err == f"{error}\n"
    assert captured.out == ""


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    _stub(monkeypatch, _raising(UserError("Do this instead.")))
    with pytest.raises(UserError, match="Do this instead"):
        entry.main(["--debug", "stub"] if place == "before" else ["stub", "--debug"])


def test_debug_after_two_dashes_is_an_ordinary_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(name: str) -> None:
        typer.echo(name)

    _stub(monkeypatch, command)
    assert _call("stub", "--", "--debug") == 0
    assert capsys.readouterr().out == "--debug\n"


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _stub(monkeypatch, _raising(KeyboardInterrupt()))
    assert _call("stub") == 130
    assert "Traceback" not in capsys.readouterr().err
