"""Texts, ids and objects as senders write them."""

from uuid import UUID

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_contracts import parsing


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
