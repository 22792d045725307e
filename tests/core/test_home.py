"""The home folder and the ports it remembers."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import UserError
from core.home import LOOPBACK, Home, choose_port, is_free, prepare_home, read_json, write_private


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield int(server.getsockname()[1])


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_closed_to_others(home: Home) -> None:
    # Others may at most pass through it, but never list or read it.
    assert _mode(home.root) & 0o066 == 0
    assert {_mode(folder) for folder in (home.artifacts, home.logs, home.bentoml, home.dagster)} == {0o700}


def test_preparing_again_changes_nothing(home: Home) -> None:
    (home.artifacts / "kept").touch()
    assert prepare_home(home.root) == home
    assert (home.artifacts / "kept").exists()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be used: .*Set CUSTOMER_ANALYZER_HOME"):
        prepare_home(tmp_path / "file" / "home")


def test_a_private_file_is_private_and_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "word")
    assert (tmp_path / "secret").read_text() == "word"
    assert _mode(tmp_path / "secret") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_a_damaged_state_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    assert read_json(tmp_path / "state.json") == {}


def test_a_port_is_remembered(home: Home) -> None:
    first = choose_port(home, "mlflow", None)
    assert is_free(first)
    assert choose_port(home, "mlflow", None) == first
    assert choose_port(home, "dagster", None) != first


def test_a_port_that_was_taken_meanwhile_is_replaced(home: Home, taken_port: int) -> None:
    home.ports.write_text(f'{{"mlflow": {taken_port}}}')
    assert choose_port(home, "mlflow", None) != taken_port


def test_a_port_asked_for_is_used_or_refused(home: Home, taken_port: int) -> None:
    free = choose_port(home, "mlflow", None)
    assert choose_port(home, "dagster", free) == free
    assert choose_port(home, "mlflow", None) != free
    with pytest.raises(UserError, match=f"Port {taken_port} for churn is already in use.*CHURN_PORT"):
        choose_port(home, "churn", taken_port)
