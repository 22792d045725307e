"""How moments are read and lines are shown."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.logs import as_text, moment
from warehouse.logs import LogLine, LogQuery, search

AT = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("2d", timedelta(days=2)),
    ],
)
def test_an_age_is_so_long_ago(text: str, age: timedelta) -> None:
    before = datetime.now(UTC)
    assert before - age <= moment(text) <= datetime.now(UTC) - age


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-03-01T12:00") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment("2026-03-01T12:00+03:00") == datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "1w", "-1h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither an age"):
        moment(text)


def test_a_line_is_shown_with_its_traceback() -> None:
    line = LogLine(AT, "api", "error", {"message": "failed", "error.stack_trace": "Traceback\n  ValueError: no"})

    assert as_text(line) == ("2026-03-01 12:00:00.123 error    api            failed\nTraceback\n  ValueError: no")


def test_a_line_cannot_steer_the_terminal() -> None:
    shown = as_text(LogLine(AT, "api", "info", {"message": "a\x1b[2Jb\x07c\x9bd"}))
    assert shown.endswith("a?[2Jb?c?d")


def test_what_is_sought_is_bound_and_taken_literally() -> None:
    statement = search(LogQuery(AT, AT, ['50%_"'], level="error"), 10)

    assert statement.parameters["words"] == ['%50\\%\\_\\\\"%']
    assert statement.parameters["levels"] == ["error", "critical"]
