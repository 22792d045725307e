"""How a row is read that is tried again: as its file was, with what was changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from data_contracts.conventions import Conventions
from data_contracts.numbers import DecimalSign
from ingestion.normalizing import Reading
from ingestion.profile import Profile
from ingestion.recorded_reading import as_json
from ingestion.repairing import Change, as_event, changed_reading
from warehouse.quarantine import QuarantinedRow

NOW = datetime(2025, 3, 1, tzinfo=UTC)
FILE = Reading(Profile({"user_id": "visitor", "amount": "total"}), Conventions(decimals={"amount": DecimalSign.COMMA}))


def row(content: Any, reading: Reading | None = FILE, waits_for: str | None = None) -> QuarantinedRow:
    return QuarantinedRow(
        UUID(int=1),
        None if reading is None else 7,
        "shop.csv",
        3,
        "a reason",
        waits_for,
        content,
        NOW,
        None,
        None,
        None,
        None,
        None if reading is None else as_json(reading),
    )


def test_a_row_is_shown_as_its_file_was_read() -> None:
    event = as_event(row({"visitor": "7", "total": "1,50", "event_type": "view"}))
    assert (event["user_id"], event["amount"], event["event_type"], event["item_id"]) == ("7", "1,50", "view", None)


def test_a_row_that_waits_for_a_rate_is_an_event_already() -> None:
    assert as_event(row({"user_id": "7", "visitor": "8"}, waits_for="USD"))["user_id"] == "7"


def test_a_row_that_is_no_document_can_still_be_looked_at() -> None:
    assert as_event(row({"text": "7;purchase;too;many"}))["user_id"] is None


def test_what_is_filled_in_is_written_as_programs_write_it() -> None:
    reading = changed_reading(row({}), Change({"amount": "1.50", "order_id": ""}), NOW)
    assert reading.profile.columns == {"user_id": "visitor", "amount": "'1.50'", "order_id": "-"}
    assert reading.conventions.decimals == {}


def test_columns_and_words_are_changed_beside_those_of_the_file() -> None:
    reading = changed_reading(row({}), Change({}, {"user_id": "guest"}, {"event_type": {"bought": "purchase"}}), NOW)
    assert reading.profile.columns == {"user_id": "guest", "amount": "total"}
    assert reading.profile.values == {"event_type": {"bought": "purchase"}}
    assert reading.conventions == FILE.conventions


def test_an_event_that_came_in_no_file_is_received_when_it_is_stored() -> None:
    reading = changed_reading(row({}, None), Change(), NOW)
    assert reading.profile.columns == {"received_at": "'2025-03-01T00:00:00+00:00'"}
