"""Which file column becomes which event column, and where the others go."""

import json
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest

from data_contracts.contract import read_contract
from ingestion.chunks import Chunk
from ingestion.errors import FileRefusedError, MappingRefusedError
from ingestion.mapping import (
    demand_columns,
    demand_known_columns,
    demand_known_source,
    map_columns,
)
from ingestion.profile import Profile

CONTRACT = read_contract()
FILE = Path("shop.parquet")


def chunk(**columns: list[object]) -> Chunk:
    rows = pl.DataFrame(columns)
    return Chunk(pl.int_range(1, rows.height + 1, eager=True), rows, 1.0)


def properties(events: pl.DataFrame) -> list[object]:
    return [None if text is None else json.loads(text) for text in events["properties"].to_list()]


def test_columns_are_renamed_and_the_rest_goes_to_properties() -> None:
    events = map_columns(
        chunk(customer=["a", "b"], country=["DE", None], visits=[3, None], properties=['{"x": 1}', None]),
        CONTRACT,
        {"user_id": "customer"},
    )
    assert events["user_id"].to_list() == ["a", "b"]
    assert properties(events) == [{"country": "DE", "visits": 3, "x": 1}, None]


def test_a_name_in_properties_wins_over_a_column_of_that_name() -> None:
    # Postgres keeps the last of two equal names in an object, as Python does.
    events = map_columns(chunk(user_id=["a"], x=[1], properties=['{"x": 2}']), CONTRACT, {})
    assert properties(events) == [{"x": 2}]


@pytest.mark.parametrize("text", ["[1]", "nonsense"])
def test_properties_that_are_no_object_are_left_for_the_contract_to_refuse(text: str) -> None:
    assert map_columns(chunk(user_id=["a"], x=[1], properties=[text]), CONTRACT, {})["properties"].to_list() == [text]


@pytest.mark.parametrize("text", ["{}", "{ }", "", None])
def test_empty_properties_are_replaced(text: str | None) -> None:
    frame = chunk(user_id=["a"], x=[1], properties=pl.Series([text], dtype=pl.String))  # type: ignore[arg-type]
    assert properties(map_columns(frame, CONTRACT, {})) == [{"x": 1}]


def test_reaching_into_json_text_and_structs() -> None:
    mapping = {"order_id": "properties.order.number", "item_id": "payload.sku"}
    events = map_columns(
        chunk(properties=['{"order": {"number": 17}}', "{}"], payload=[{"sku": "i1"}, {"sku": None}]),
        CONTRACT,
        mapping,
    )
    assert events["order_id"].to_list() == ["17", None]
    assert events["item_id"].to_list() == ["i1", None]
    # What was reached into stays where it was.
    assert properties(events)[0] == {"order": {"number": 17}, "payload": {"sku": "i1"}}


def test_a_column_with_a_dot_in_its_name_is_that_column() -> None:
    columns: dict[str, list[object]] = {"properties.invoice": ["9"], "user_id": ["a"]}
    frame = chunk(**columns)
    events = map_columns(frame, CONTRACT, {"order_id": "properties.invoice"})
    assert events["order_id"].to_list() == ["9"]
    assert "properties" not in events.columns


def test_an_event_column_that_is_mapped_from_elsewhere_keeps_its_old_value_in_properties() -> None:
    events = map_columns(chunk(user_id=["old"], customer=["new"]), CONTRACT, {"user_id": "customer"})
    assert events["user_id"].to_list() == ["new"]
    assert properties(events) == [{"user_id": "old"}]


def test_constants_fill_a_column_and_left_out_columns_go_to_properties() -> None:
    mapping = {"event_type": "'purchase'", "source": "-"}
    events = map_columns(chunk(user_id=["a", "b"], source=["google", None]), CONTRACT, mapping)
    assert events["event_type"].to_list() == ["purchase", "purchase"]
    assert "source" not in events.columns
    assert properties(events) == [{"source": "google"}, None]


def test_a_required_column_cannot_be_left_out() -> None:
    frame = chunk(user_id=["a"], event_type=["view"], occurred_at=["2025-01-01"])
    filled = ("event_id", "source", "received_at")
    demand_columns(FILE, frame, CONTRACT, {"event_type": "'purchase'", "source": "-"}, filled)
    with pytest.raises(FileRefusedError, match="no column user_id"):
        demand_columns(FILE, frame, CONTRACT, {"user_id": "-"}, filled)


@pytest.mark.parametrize(
    ("days", "clocks", "expected"),
    [
        (["2025-01-02", "2025-01-03", None], ["21:00", None, None], ["2025-01-02 21:00", "2025-01-03", None]),
        (["02.01.2025", " "], [" 9:30 PM ", ""], ["02.01.2025 9:30 PM", None]),
        ([date(2025, 1, 2)], [time(21, 5)], ["2025-01-02 21:05:00"]),
        # As spreadsheets and data frames keep a day.
        ([datetime(2025, 1, 2)], ["21:00:01"], ["2025-01-02 21:00:01"]),
        (["2025-01-02T00:00:00Z"], ["21:00"], ["2025-01-02 21:00"]),
    ],
)
def test_columns_are_joined(days: list[object], clocks: list[object], expected: list[object]) -> None:
    given = chunk(day=days, clock=clocks, user_id=["u"] * len(days))
    mapping = {"occurred_at": "day+clock"}
    demand_columns(FILE, given, CONTRACT, {**mapping, "event_type": "'view'"}, ("event_id", "received_at", "source"))
    events = map_columns(given, CONTRACT, mapping)
    assert events["occurred_at"].to_list() == expected
    assert "properties" not in events.columns


def test_a_column_with_a_plus_in_its_name_is_itself() -> None:
    events = map_columns(chunk(**{"a+b": ["x"], "a": ["1"], "b": ["2"]}), CONTRACT, {"order_id": "a+b"})
    assert events["order_id"].to_list() == ["x"]
    assert properties(events) == [{"a": "1", "b": "2"}]


def test_a_joined_column_that_does_not_exist_is_named() -> None:
    with pytest.raises(MappingRefusedError, match=r"has no column clock \(--map occurred_at=day\+clock\)"):
        demand_columns(FILE, chunk(day=["2025-01-02"]), CONTRACT, {"occurred_at": "day+clock"}, ())


def test_an_event_column_that_does_not_exist_is_named() -> None:
    with pytest.raises(MappingRefusedError, match="events have no column buyer; theirs are event_id, user_id"):
        demand_known_columns(CONTRACT, Profile({"buyer": "customer"}))


def test_a_source_that_does_not_exist_is_named() -> None:
    with pytest.raises(MappingRefusedError, match="--source fax is not one of telegram, web, mobile, import"):
        demand_known_source(CONTRACT, "fax")


def test_a_file_column_that_does_not_exist_is_named_with_those_that_do() -> None:
    frame = chunk(user_id=["a"], event_type=["view"], occurred_at=["2025-01-01"], properties=['{"invoice": "1"}'])
    with pytest.raises(MappingRefusedError, match=r"shop.parquet has no column nope .* user_id, event_type"):
        demand_columns(FILE, frame, CONTRACT, {"order_id": "nope"}, ())
    with pytest.raises(MappingRefusedError, match=r"has no properties.invoce .* properties holds invoice"):
        demand_columns(FILE, frame, CONTRACT, {"order_id": "properties.invoce"}, ())
    demand_columns(FILE, frame, CONTRACT, {"order_id": "properties.invoice"}, ("event_id", "received_at", "source"))


def test_a_file_without_a_needed_column_is_refused_with_the_way_out() -> None:
    with pytest.raises(FileRefusedError, match="--map user_id=COLUMN"):
        demand_columns(FILE, chunk(customer=["a"]), CONTRACT, {}, ("event_id",))
