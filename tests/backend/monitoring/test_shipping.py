"""How far a shipper is behind, from the notes that rsyslog leaves."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.monitoring.shipping import lag_seconds, shipping_lag
from core.home import Home, prepare_home

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
SECOND = {"@timestamp": "2026-03-01T11:59:00.000Z", "message": "second"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = prepare_home(tmp_path / "home")
    (home.log_shipping / "log_shipper").mkdir(parents=True)
    return home


def lag(home: Home, now: float = NOON) -> float:
    return lag_seconds(home, home.log_shipping / "log_shipper", now)


def write(home: Home, *lines: object) -> Path:
    log = home.logs / "api.log"
    log.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return log


def note(home: Home, log: Path, place: int, kind: str = "") -> Path:
    """What rsyslog writes down of a file."""
    path = home.log_shipping / "log_shipper" / f"imfile-state:{log.stat().st_ino}{kind}"
    path.write_text(json.dumps({"filename": str(log), "prev_was_nl": 0, "curr_offs": place, "strt_offs": place}))
    return path


def test_it_is_the_age_of_the_first_line_that_waits(home: Home) -> None:
    first = {"@timestamp": "2026-03-01T11:00:00.000Z", "message": "first"}
    log = write(home, first, SECOND, {"@timestamp": "2026-03-01T11:59:59.000Z"})
    assert lag(home) == 3600
    note(home, log, len(json.dumps(first)) + 1)
    assert lag(home) == 60
    note(home, log, log.stat().st_size)
    assert lag(home) == 0


def test_the_newer_of_two_notes_counts(home: Home) -> None:
    log = write(home, SECOND)
    os.utime(note(home, log, 0), (1, 1))
    note(home, log, log.stat().st_size, ":45e188a39386c9e1")
    assert lag(home) == 0


def test_a_line_without_a_time_is_as_old_as_its_file(home: Home) -> None:
    os.utime(write(home, "plain text"), (NOON - 5, NOON - 5))
    assert lag(home) == 5


def test_half_a_line_waits_for_its_writer_and_not_for_the_shipper(home: Home) -> None:
    (home.logs / "api.log").write_text(json.dumps(SECOND))
    assert lag(home) == 0


def test_only_a_shipper_that_up_runs_has_a_figure(home: Home) -> None:
    write(home, SECOND)
    assert list(shipping_lag(home, ["api"])) == []
    (metric,) = shipping_lag(home, ["api", "log_shipper"])
    assert [(sample.labels, sample.value > 60) for sample in metric.samples] == [({"shipper": "log_shipper"}, True)]
