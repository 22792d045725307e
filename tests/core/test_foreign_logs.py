"""Lines of other programs come out in our shape, with what is secret masked."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.foreign_logs import LONGEST, Shaper

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_TEXT = "2026-03-01T12:00:00.000Z"


def shaped(text: str, service: str = "dagster") -> list[dict[str, Any]]:
    """The records of a program that writes this text and ends."""
    shaper = Shaper(service, lambda: NOW)
    lines = [record for line in text.split("\n") for record in shaper.take(line)] + shaper.rest()
    assert all("\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("line", "time", "level", "message", "logger"),
    [
        (
            "\x1b[32m2026-11-26 15:28:44 +0000\x1b[0m - dagster.daemon - \x1b[34mINFO\x1b[0m - shutting down",
            "2026-11-26T15:28:44.000Z",
            "info",
            "shutting down",
            "dagster.daemon",
        ),
        (
            "2026-11-26T13:16:25+0000 [WARNING] [entry_service:churn:1] slow",
            "2026-11-26T13:16:25.000Z",
            "warning",
            "slow",
            "entry_service:churn:1",
        ),
        (
            "2026/11/26 15:28:57 INFO mlflow.store.db.utils: Create engine with {'pool_size': 1}",
            NOW_TEXT,
            "info",
            "Create engine with {'pool_size': 1}",
            "mlflow.store.db.utils",
        ),
        ("2026/11/26 15:30:34 INFO:     Application shutdown.", NOW_TEXT, "info", "Application shutdown.", None),
        ('INFO:     127.0.0.1:4 - "GET /health" 200', NOW_TEXT, "info", '127.0.0.1:4 - "GET /health" 200', None),
        ("INFO  [alembic.runtime.migration] Context", NOW_TEXT, "info", "Context", "alembic.runtime.migration"),
        (
            "2026-11-26 12:31:06.338 UTC [14310] warehouse ERROR:  no such table",
            "2026-11-26T12:31:06.338Z",
            "error",
            "no such table",
            None,
        ),
        ("2026-11-26 12:31:06.338 UTC [1]  LOG:  ready", "2026-11-26T12:31:06.338Z", "info", "ready", None),
        ("2026-11-26 12:31:06.338 UTC [1] LOG process up", "2026-11-26T12:31:06.338Z", "info", "process up", None),
        ("2026/11/26 15:29:20 [crit] 12#12: *3 no space left", NOW_TEXT, "critical", "no space left", None),
        ("12:M 26 Nov 2026 15:29:20.123 # low memory", NOW_TEXT, "warning", "low memory", None),
        ("12:M 26 Nov 2026 15:29:20.123 * Ready", NOW_TEXT, "info", "Ready", None),
        ("/a/context.py:1174: UserWarning: old", NOW_TEXT, "warning", "/a/context.py:1174: UserWarning: old", None),
        ("2026/11/26 15:29:20 Listening on 127.0.0.1:9", NOW_TEXT, "info", "Listening on 127.0.0.1:9", None),
        (
            'ts=2026-11-26T15:29:56.260Z caller=collector.go:169 level=error msg="failed" err="no \\"bus\\": gone"',
            "2026-11-26T15:29:56.260Z",
            "error",
            'failed err=no "bus": gone',
            "collector.go:169",
        ),
        ("rsyslog internal message (3,-2007): we are suspended", NOW_TEXT, "error", "we are suspended", None),
        ("Registry store URI not provided.", NOW_TEXT, "info", "Registry store URI not provided.", None),
    ],
)
def test_a_line_of_each_program_is_understood(
    line: str, time: str, level: str, message: str, logger: str | None
) -> None:
    (record,) = shaped(line, "thing")

    assert record["service.name"] == "thing"
    assert (record["@timestamp"], record["log.level"], record["message"]) == (time, level, message)
    assert record.get("log.logger") == logger
    assert record["ecs.version"]


def test_a_traceback_belongs_to_its_record() -> None:
    first, second, third = shaped(
        "ERROR:    Exception in ASGI application\n"
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in run\n'
        "KeyError: 1\n"
        "\n"
        "During handling of the above exception, another exception occurred:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "b.py", line 1, in run\n'
        "ValueError: no\n"
        "INFO:     next\n"
        "Traceback (most recent call last):\n"
        '  File "c.py", line 1, in <module>\n'
        "OSError: gone\n"
    )

    assert (first["log.level"], first["message"]) == ("error", "Exception in ASGI application")
    assert first["error.stack_trace"].startswith("Traceback")
    assert "KeyError: 1" in first["error.stack_trace"]
    assert first["error.stack_trace"].endswith("ValueError: no")
    assert second["message"] == "next"
    assert third["error.stack_trace"].endswith("OSError: gone")


def test_a_traceback_without_a_record_is_an_error() -> None:
    (record,) = shaped('Traceback (most recent call last):\n  File "c.py", line 1, in <module>\nOSError: gone\n')

    assert (record["log.level"], record["message"]) == ("error", "an exception was not handled")
    assert record["error.stack_trace"].endswith("OSError: gone")


def test_details_of_postgres_belong_to_their_line() -> None:
    first, second = shaped(
        "2026-11-26 12:31:06.338 UTC [7] warehouse ERROR:  duplicate key\n"
        "2026-11-26 12:31:06.338 UTC [7] warehouse DETAIL:  Key exists.\n"
        "2026-11-26 12:31:06.338 UTC [7] warehouse STATEMENT:  insert into a\n"
        "\tvalues (1)\n"
        "2026-11-26 12:31:06.338 UTC [8] warehouse DETAIL:  of another\n",
        "postgres",
    )

    assert first["message"] == "duplicate key\nDETAIL: Key exists.\nSTATEMENT: insert into a\n\tvalues (1)"
    assert (first["process.pid"], first["customer_analyzer.database"]) == (7, "warehouse")
    assert second["message"] == "of another"


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-26 15:28:44 +0000 - dagster - ERROR - {}",
        "2026/11/26 15:28:57 INFO mlflow.tracking: {}",
        'INFO:     127.0.0.1:4 - "GET /a?{} HTTP/1.1" 200 OK',
        "2026-11-26T13:16:25+0000 [INFO] [cli] {}",
        "2026-11-26 12:31:06.338 UTC [1] warehouse ERROR:  {}",
        "2026/11/26 15:29:20 [error] 12#12: *3 {}",
        "12:M 26 Nov 2026 15:29:20.123 # {}",
        'ts=2026-11-26T15:29:56.260Z level=error msg="{}"',
        "Traceback (most recent call last):\nValueError: {}",
        "first line\n\t{}",
        "{}",
    ],
)
@pytest.mark.parametrize(
    "planted",
    ["password=hunter2secret", "anna.petrova@mail.example.org", "+79123456789", "ca_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT"],
)
def test_what_is_planted_is_masked(line: str, planted: str) -> None:
    written = json.dumps(shaped(line.format(planted)))

    assert "***" in written
    assert planted.removeprefix("password=") not in written


def test_a_line_of_ours_stays_as_it_is_but_for_secrets() -> None:
    ours = {"@timestamp": NOW_TEXT, "message": "hello", "http.request.id": "a"}

    assert shaped(json.dumps(ours, separators=(",", ":"))) == [ours]
    planted = json.dumps(ours | {"message": "by anna@example.org"}, separators=(",", ":"))
    assert shaped(planted)[0]["message"] == "by ***"


def test_a_record_without_end_is_cut() -> None:
    records = shaped("first\n" + "\n".join("\t" + "x" * 1000 for _ in range(200)) + "\nINFO:     next")

    assert [record["message"][:5] for record in records] == ["first", "next"]
    assert len(records[0]["message"]) <= LONGEST


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_gives_whole_records(text: str) -> None:
    for record in shaped(text):
        assert {"@timestamp", "log.level", "message", "service.name"} <= record.keys()
