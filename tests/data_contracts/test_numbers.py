"""Numbers as people and programs write them: one decimal sign a column."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.numbers import DecimalSign, decimal_evidence, numbers


def test_numbers() -> None:
    given = pl.Series(["1", " -2.50 ", "1e3", "nan", "inf", "1,5", "", None, "-0.0"])
    assert numbers(given).to_list() == [1.0, -2.5, 1000.0, None, None, None, None, None, 0.0]
    assert str(numbers(pl.Series([-0.0]))[0]) == "0.0"


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1.234,56", None, 1234.56),
        ("1,234.56", 1234.56, None),
        ("1.234", 1.234, 1234.0),
        ("12,5", None, 12.5),
        ("0.125", 0.125, None),
        ("1.234.567", None, 1_234_567.0),
        ("1,23,456.5", 123_456.5, None),
        ("1 234", 1234.0, 1234.0),
        ("1\u00a0234\u202f567,5", None, 1_234_567.5),
        ("1'234.50", 1234.5, None),
        ("(12)", -12.0, -12.0),
        ("12-", -12.0, -12.0),
        ("\u22123", -3.0, -3.0),
        ("1e3", 1000.0, 1000.0),
        ("12 34", None, None),
        ("1,2,3", None, None),
        ("ten", None, None),
        ("", None, None),
    ],
)
def test_one_text_with_each_sign(text: str, point: float | None, comma: float | None) -> None:
    given = pl.Series([text])
    assert numbers(given, DecimalSign.POINT).to_list() == [point]
    assert numbers(given, DecimalSign.COMMA).to_list() == [comma]


def test_where_the_sign_is_unknown_only_what_cannot_be_anything_else_is_read() -> None:
    given = pl.Series(["12", "1.234", "1,234", "12.5", "12,5", "1 234"])
    assert numbers(given, DecimalSign.UNKNOWN).to_list() == [12.0, None, None, 12.5, None, 1234.0]


def test_what_a_column_says_about_its_sign() -> None:
    found = decimal_evidence(pl.Series(["5", "1.234", "19,90", "1.234,56", None]))
    assert (found.points, found.commas, found.eithers) == (0, 2, 1)
    assert (found.comma, found.either) == ("19,90", "1.234")
    assert decimal_evidence(pl.Series([1.5])).points == 0


@given(st.lists(st.floats(min_value=-1e11, max_value=1e11), min_size=1))
def test_numbers_of_programs_are_read_exactly(values: list[float]) -> None:
    assert numbers(pl.Series([repr(each) for each in values]), DecimalSign.POINT).to_list() == values


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_grouped_cents_come_back(cents: list[int]) -> None:
    english = [f"{each / 100:,.2f}" for each in cents]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    expected = [each / 100 for each in cents]
    assert numbers(pl.Series(english), DecimalSign.POINT).to_list() == expected
    assert numbers(pl.Series(german), DecimalSign.COMMA).to_list() == expected
