"""Texts, ids and objects as senders write them."""

from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import parsing
from data_contracts.contract import read_contract
from data_contracts.conventions import CANONICAL, Conventions
from data_contracts.numbers import DecimalSign


def test_texts_lose_what_postgres_cannot_store_and_pandas_adds() -> None:
    assert parsing.texts(pl.Series(["a", "", "b\x00c", None, " d "])).to_list() == ["a", None, None, None, "d"]
    assert parsing.texts(pl.Series([17850.0, 1.5, None])).to_list() == ["17850", "1.5", None]
    assert parsing.texts(pl.Series([7, 8])).to_list() == ["7", "8"]


def test_bytes_are_text_and_lists_are_none() -> None:
    assert parsing.texts(pl.Series([b"a", b"\xff", None])).to_list() == ["a", None, None]
    assert parsing.texts(pl.Series([["a"], None])).to_list() == [None, None]
    assert parsing.objects(pl.Series([b"{}", b"\xff"])).to_list() == ["{}", None]
    assert parsing.uuids(pl.Series([["a"]])).to_list() == [None]


def test_objects_that_postgres_cannot_hold_are_null() -> None:
    huge = '{"a":"' + "x" * (1 << 24) + '"}'
    given = pl.Series([huge, '{"a":1e999999}', '{"a":' + "[" * 5000 + "]" * 5000 + "}"])
    assert parsing.objects(given).to_list() == [None] * 3


@given(st.uuids())
def test_uuids_are_the_same_however_written(uuid: UUID) -> None:
    given = pl.Series([str(uuid), str(uuid).upper(), uuid.hex])
    assert parsing.uuids(given).to_list() == [uuid.hex] * 3


def test_what_is_no_uuid_is_null() -> None:
    assert parsing.uuids(pl.Series(["", "12", "g" * 32, None])).to_list() == [None] * 4


def test_objects() -> None:
    given = pl.Series(['{"a": 1}', " {} ", "[]", "{", '"x"', "3", '{"a":"\\u0000"}', '{"a":"\\ud800"}', None])
    assert parsing.objects(given).to_list() == ['{"a": 1}', "{}"] + [None] * 7
    assert parsing.objects(pl.Series([{"a": 1, "b": "x"}])).to_list() == ['{"a":1,"b":"x"}']


USUAL = ("2025-03-04T00:00:00Z", "2025-03-04T02:00:00.5+02:00", " 2025-03-04T00:00:00Z ", "12.5", "-0.0", '{"a": 1}')
OTHERS = ("2025-03-04", "1741046400", "4 March 2025", "1.234", "1,5", "17.0", "nan", "", " ", "a\x00", "word", None)
CELLS = st.lists(st.sampled_from([*USUAL, *OTHERS, UUID(int=7).hex]), min_size=3, max_size=3)
CONTRACT = read_contract()
COMMAS = Conventions("Europe/Berlin", decimals={"amount": DecimalSign.COMMA}, whole_ids=frozenset({"order_id"}))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CONTRACT.columns, CELLS)), st.sampled_from([CANONICAL, COMMAS]))
def test_columns_are_parsed_together_as_alone(cells: dict[str, list[str | None]], conventions: Conventions) -> None:
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    parsed = parsing.parse_frame(frame, CONTRACT.properties, conventions)
    assert parsed.columns == list(CONTRACT.columns)
    for each in CONTRACT.properties:
        if each.name in cells:
            assert parsed[each.name].equals(parsing.parse(frame[each.name], each, conventions), check_dtypes=True)
        else:
            assert parsed[each.name].null_count() == frame.height


def test_what_is_typed_already_is_parsed_together_as_alone() -> None:
    moment = datetime(2025, 3, 4, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "user_id": [1.0, 1.5, None],
            "occurred_at": [moment, None, moment],
            "received_at": [date(2025, 3, 4), None, None],
            "amount": [1.5, float("nan"), -0.0],
            "quantity": [1, None, 3],
            "properties": [{"a": 1}, {"a": None}, {"a": 2}],
        }
    ).with_columns(pl.col("occurred_at").cast(pl.Datetime("us", "UTC")))
    parsed = parsing.parse_frame(frame, CONTRACT.properties)
    for each in CONTRACT.properties:
        if each.name in frame.columns:
            assert parsed[each.name].equals(parsing.parse(frame[each.name], each), check_dtypes=True)
