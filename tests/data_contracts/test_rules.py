"""Splitting a frame by a contract: nothing is lost, and every reason names column and rule."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import read_contract
from data_contracts.rules import validate

CONTRACT = read_contract()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
GOOD = {
    "event_id": "0" * 32,
    "user_id": "u1",
    "event_type": "purchase",
    "occurred_at": "2025-01-01",
    "received_at": "2025-01-01T00:00:05Z",
    "amount": "12.50",
    "currency": "EUR",
    "quantity": "1",
    "source": "web",
    "properties": '{"a":1}',
}


def reason(**changes: str | None) -> str:
    validated = validate(CONTRACT, pl.DataFrame([{**GOOD, **changes}]), now=NOW)
    assert validated.good.height + validated.bad.height == 1
    return "" if validated.good.height else str(validated.bad.item(0, "reason"))


def test_a_good_row_is_typed() -> None:
    good = validate(CONTRACT, pl.DataFrame([GOOD]), now=NOW).good
    assert good.columns == list(CONTRACT.columns)
    row = good.row(0, named=True)
    assert row["occurred_at"] == datetime(2025, 1, 1, tzinfo=UTC)
    assert (row["amount"], row["order_id"]) == (12.5, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "0"},
        {"amount": "-25.5", "event_type": "refund"},
        {"amount": None, "currency": None, "quantity": None, "properties": None},
        {"amount": "", "properties": ""},
        {"event_type": "nobody_foresaw_this"},
        {"occurred_at": "2025-01-01T20:00:00Z", "received_at": "2025-01-01"},
    ],
)
def test_real_oddities_are_good(changes: dict[str, str | None]) -> None:
    assert reason(**changes) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"user_id": None}, "user_id is missing"),
        ({"user_id": ""}, "user_id is missing"),
        ({"user_id": "a\x00"}, "user_id is not text"),
        ({"user_id": "  "}, "user_id is missing"),
        ({"user_id": "u" * 513}, "user_id is longer than 512 characters"),
        ({"user_id": "NULL"}, "user_id is a word for nothing, such as NULL"),
        ({"user_id": " (not set) "}, "user_id is a word for nothing, such as NULL"),
        ({"order_id": "o" * 513}, "order_id is longer than 512 characters"),
        ({"event_type": ""}, "event_type is missing"),
        ({"event_id": "12"}, "event_id is not a UUID"),
        ({"occurred_at": "soon"}, "occurred_at is not a time"),
        ({"occurred_at": "1970-01-01"}, "occurred_at is below 1990-01-01T00:00:00Z"),
        ({"occurred_at": "2025-01-03"}, "occurred_at is more than a day after received_at"),
        ({"received_at": "2026-06-03"}, "received_at is more than a day in the future"),
        ({"amount": "ten"}, "amount is not a finite number"),
        ({"amount": "NaN"}, "amount is not a finite number"),
        ({"amount": "1e13"}, "amount is above 1000000000000"),
        ({"quantity": "-inf"}, "quantity is not a finite number"),
        ({"currency": "eur"}, "currency does not match ^[A-Z]{3}$"),
        ({"source": "fax"}, "source is not one of telegram, web, mobile, import"),
        ({"properties": "[1]"}, "properties is not a JSON object, or holds a NUL character"),
        ({"user_id": None, "amount": "x"}, "user_id is missing; amount is not a finite number"),
    ],
)
def test_a_bad_row_says_which_column_and_why(changes: dict[str, str | None], expected: str) -> None:
    assert reason(**changes) == expected


def test_the_future_is_a_day_from_now() -> None:
    later = (NOW + timedelta(days=2)).isoformat()
    assert reason(occurred_at=later, received_at=later) == (
        "occurred_at is more than a day in the future; received_at is more than a day in the future"
    )


def test_columns_may_be_missing_and_others_are_carried_along() -> None:
    frame = pl.DataFrame({"user_id": ["a", None], "row_number": [7, 8]})
    contract = CONTRACT.optional("event_id", "event_type", "occurred_at", "received_at", "source")
    validated = validate(contract, frame, now=NOW)
    assert validated.good.get_column("row_number").to_list() == [7]
    assert validated.bad.to_dicts() == [{"user_id": None, "row_number": 8, "reason": "user_id is missing"}]


def test_an_empty_frame_stays_empty() -> None:
    validated = validate(CONTRACT, pl.DataFrame([GOOD]).clear(), now=NOW)
    assert (validated.good.height, validated.bad.height) == (0, 0)


VALUES = {
    "user_id": st.sampled_from(["a", "", None, "b"]),
    "occurred_at": st.sampled_from(["2025-01-01", "never", None, "1980-01-01"]),
    "amount": st.sampled_from(["1", "", None, "x", "1e99"]),
    "properties": st.sampled_from(["{}", "[", None]),
}


@settings(max_examples=20)
@given(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=6))
def test_good_and_bad_are_a_partition_and_rows_do_not_influence_each_other(rows: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame([{**GOOD, **row} for row in rows]).with_row_index("row_number")
    frame = frame.with_columns(pl.col(list(VALUES)).cast(pl.String))
    whole = validate(CONTRACT, frame, now=NOW)
    numbers = whole.good["row_number"].to_list() + whole.bad["row_number"].to_list()
    assert sorted(numbers) == list(range(len(rows)))
    assert whole.bad["reason"].str.len_chars().min() != 0
    alone = [validate(CONTRACT, frame[place], now=NOW) for place in range(len(rows))]
    assert whole.good["row_number"].to_list() == [place for place, each in enumerate(alone) if each.good.height]
    assert whole.bad["reason"].to_list() == [each.bad.item(0, "reason") for each in alone if each.bad.height]
