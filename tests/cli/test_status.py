"""What `status` shows of a home, and that it changes nothing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from cli.status import EventTotals, ModelState, ServerRow, Status, gather, print_status
from core.settings import Settings

SEEN = EventTotals(12_345, datetime(1998, 6, 30, 9, tzinfo=UTC), datetime(1998, 6, 30, 10, tzinfo=UTC), None, None)
CHURN = ModelState("churn", 3, datetime(1998, 7, 1, tzinfo=UTC), 3, date(1998, 6, 29))
STATUS = Status("/h", (ServerRow("churn", "http://127.0.0.1:3003", is_running=True),), SEEN, (CHURN,), None)


def _printed(status: Status) -> str:
    console = Console(width=120, record=True, quiet=False, file=Path("/dev/null").open("w"))  # noqa: SIM115
    print_status(status, console)
    return console.export_text()


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    status = gather(Settings(home=tmp_path / "home"))
    assert status.problem is not None
    assert not any(server.is_running for server in status.servers)
    assert not (tmp_path / "home").exists()


def test_it_says_what_runs_and_how_fresh_it_is() -> None:
    text = _printed(STATUS)
    assert "churn service  http://127.0.0.1:3003  running" in text
    assert "about 12,345" in text
    assert "1998-06-30 09:00 UTC" in text
    # Scores as of the 29th know everything up to the 28th. The last event was on the 30th.
    (line,) = [line for line in text.splitlines() if line.startswith("churn ") and "version 3" in line]
    assert line.split() == ["churn", "version", "3", "1998-07-01", "00:00", "UTC", "version", "3", "1998-06-29", "2"]


def test_a_program_can_read_it() -> None:
    read = json.loads(json.dumps(STATUS.to_dict()))
    assert read["models"][0]["scored_as_of"] == "1998-06-29"
    assert read["events"]["last_occurred_at"] == "1998-06-30T09:00:00+00:00"
    assert read["servers"][0] == {"name": "churn", "address": "http://127.0.0.1:3003", "is_running": True}
