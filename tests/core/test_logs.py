"""The shape of a log line."""

import json
import logging

import pytest

from core.logs import JsonFormatter, message_of, request_id_in_use


def line_of(record: logging.LogRecord) -> dict[str, object]:
    text = JsonFormatter("churn").format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def record_of(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("serving").makeRecord(
        "serving", logging.INFO, "file.py", 1, message, arguments, None, extra=extra or None
    )


def test_a_line_is_one_object() -> None:
    line = line_of(record_of("hello %s", 'a "quoted"\nname', fields={"status": 200}))

    assert line["message"] == 'hello a "quoted"\nname'
    assert (line["log.level"], line["service.name"], line["customer_analyzer.status"]) == ("info", "churn", 200)
    assert str(line["@timestamp"]).endswith("Z")
    assert "http.request.id" not in line


def test_a_line_within_a_request_carries_its_id() -> None:
    token = request_id_in_use.set("abc")
    try:
        assert line_of(record_of("hello"))["http.request.id"] == "abc"
    finally:
        request_id_in_use.reset(token)


def test_a_failure_keeps_its_traceback_in_the_line() -> None:
    with pytest.raises(ValueError, match="no") as caught:
        raise ValueError("no")
    record = record_of("failed")
    record.exc_info = (ValueError, caught.value, caught.value.__traceback__)

    assert "ValueError: no" in str(line_of(record)["error.stack_trace"])


def test_what_a_line_says_is_read_back() -> None:
    assert message_of(JsonFormatter("churn").format(record_of("hello"))) == "hello"
    assert message_of("initdb: error: no room") == "initdb: error: no room"
    assert message_of("[1]") == "[1]"
