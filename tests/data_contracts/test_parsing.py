"""Values as senders write them."""

from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import parsing


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04",
        "2025-03-04 00:00",
        "2025-03-04T00:00",
        "2025-03-04 00:00:00",
        "2025-03-04T00:00:00",
        "2025-03-04 00:00:00.000",
        "2025-03-04T00:00:00Z",
        "2025-03-04T00:00:00.000000Z",
        "2025-03-04T02:00:00+02:00",
        "2025-03-04 02:00:00+0200",
        "2025-03-04 00:00:00 UTC",
        " 2025-03-04 ",
        "1741046400",
        "1741046400000",
        "1741046400000000",
    ],
)
def test_one_moment_in_many_notations(text: str) -> None:
    # Beside another notation, so that every row is read on its own.
    moments = parsing.times(pl.Series([text, "2025-01-01T00:00:00.5"])).to_list()
    assert moments == [datetime(2025, 3, 4, tzinfo=UTC), datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)]


@pytest.mark.parametrize("text", ["04.03.2025", "2025-02-30", "yesterday", "2025-03-04T25:00:00", "nan"])
def test_what_is_no_time_is_null(text: str) -> None:
    assert parsing.times(pl.Series([text])).to_list() == [None]


def test_times_that_are_typed_already() -> None:
    moment = datetime(2025, 3, 4, tzinfo=UTC)
    assert parsing.times(pl.Series([date(2025, 3, 4)])).to_list() == [moment]
    assert parsing.times(pl.Series([datetime(2025, 3, 4)])).to_list() == [moment]
    nanoseconds = pl.Series([moment]).cast(pl.Datetime("ns", "Europe/Berlin"))
    assert parsing.times(nanoseconds).dtype == pl.Datetime("us", "UTC")
    assert parsing.times(nanoseconds).to_list() == [moment]
    assert parsing.times(pl.Series([1_741_046_400])).to_list() == [moment]


@given(st.lists(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)), min_size=1))
def test_iso_times_come_back_exactly(moments: list[datetime]) -> None:
    texts = pl.Series([moment.isoformat() + "Z" for moment in moments])
    assert parsing.times(texts).to_list() == [moment.replace(tzinfo=UTC) for moment in moments]


def test_numbers() -> None:
    given = pl.Series(["1", " -2.50 ", "1e3", "nan", "inf", "1,5", "", None, "-0.0"])
    assert parsing.numbers(given).to_list() == [1.0, -2.5, 1000.0, None, None, None, None, None, 0.0]
    assert str(parsing.numbers(pl.Series([-0.0]))[0]) == "0.0"


def test_texts_lose_what_postgres_cannot_store_and_pandas_adds() -> None:
    assert parsing.texts(pl.Series(["a", "", "b\x00c", None])).to_list() == ["a", None, None, None]
    assert parsing.texts(pl.Series([17850.0, 1.5, None])).to_list() == ["17850", "1.5", None]
    assert parsing.texts(pl.Series([7, 8])).to_list() == ["7", "8"]


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
