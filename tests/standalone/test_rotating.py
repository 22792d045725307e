"""A large log is set aside, the oldest is forgotten, and whoever writes it is told."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone.rotating import KEPT, rotate


@pytest.fixture
def told() -> Iterator[list[int]]:
    """Gets an element for each signal."""
    signals: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: signals.append(number))
    yield signals
    signal.signal(signal.SIGUSR1, before)


def test_a_log_is_set_aside_when_it_is_large_and_the_oldest_is_forgotten(tmp_path: Path, told: list[int]) -> None:
    log = tmp_path / "access.log"
    assert not rotate(log, os.getpid(), 3)
    log.write_text("abc")
    assert not rotate(log, os.getpid(), 3)
    assert told == []
    for number in range(KEPT + 2):
        log.write_text(f"file {number}")
        assert rotate(log, os.getpid(), 3)
        assert not log.exists()
    assert len(told) == KEPT + 2
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {f"access.log.{number}": f"file {KEPT + 2 - number}" for number in range(1, KEPT + 1)}
