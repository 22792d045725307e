"""Every error becomes one sentence and an exit code."""

import errno
from pathlib import Path

import psycopg
import pytest
import sqlalchemy.exc

from cli.failures import explain
from core.errors import OperationError, UserError
from data_contracts.errors import ContractError
from ml.errors import NotEnoughHistory
from serving.errors import ServiceUnreachable


class FullDisk(Exception):
    """A full disk, as psycopg2 reports it."""

    pgcode = "53100"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("A sentence."), 2),
        (NotEnoughHistory("A sentence."), 2),
        (OperationError("A sentence."), 1),
        (ContractError("A sentence."), 1),
        (ServiceUnreachable("A sentence."), 1),
    ],
)
def test_expected_errors_keep_their_sentence(error: Exception, code: int) -> None:
    failure = explain(error)
    assert (failure.sentence, failure.exit_code) == ("A sentence.", code)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), "The disk is full at /data/x"),
        (psycopg.errors.DiskFull("could not extend file"), "The disk under Postgres is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), "/data/x may not be read or written"),
        (psycopg.OperationalError("server closed the connection"), "The connection to Postgres failed"),
        (sqlalchemy.exc.OperationalError("", {}, Exception("refused")), "The connection to Postgres failed"),
        (sqlalchemy.exc.OperationalError("", {}, FullDisk("could not extend file")), "The disk under Postgres is full"),
    ],
)
def test_errors_of_the_system_are_explained(error: Exception, said: str) -> None:
    assert explain(error).sentence.startswith(said)


def test_a_wrapped_cause_is_found() -> None:
    error = ValueError("could not write")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    failure = explain(error)
    assert failure.sentence.startswith("The disk is full")
    assert failure.exit_code == 1


def test_an_unexpected_error_is_logged(tmp_path: Path) -> None:
    failure = explain(ZeroDivisionError("division by zero\nand more with password=hunter2secret"))
    log = tmp_path / "logs" / "cli.log"
    assert failure.exit_code == 1
    assert "ZeroDivisionError: division by zero" in failure.sentence
    assert "\n" not in failure.sentence
    assert str(log) in failure.sentence
    assert "and more" in log.read_text()
    assert "hunter2secret" not in log.read_text()


def test_an_unexpected_error_without_a_home_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUSTOMER_ANALYZER_HOME", str(tmp_path / "none"))
    assert "--debug shows where" in explain(ZeroDivisionError()).sentence
