"""Currencies beside and inside of amounts."""

import polars as pl

from data_contracts.currencies import are_marked, codes, unit_factor, unmarked


def test_codes_are_in_capitals_and_signs_are_codes() -> None:
    assert codes(pl.Series(["eur", " USD ", "₽", "$", None])).to_list() == ["EUR", "USD", "RUB", "$", None]


def test_amounts_lose_the_currency_that_stands_beside_them() -> None:
    amounts = pl.Series(["€19.90", "19,90 GBP", "-$5", "7", "12 руб.", "$5", "€5", "REF 5"])
    given = pl.Series([None, None, "USD", None, None, None, "USD", None], dtype=pl.String)
    assert are_marked(amounts)
    assert not are_marked(pl.Series(["5", "x"]))
    bare, currency = unmarked(amounts, given)
    assert bare.to_list() == ["19.90", "19,90", "-5", "7", "12", "$5", "€5", "REF 5"]
    assert currency.to_list() == ["EUR", "GBP", "USD", None, "RUB", None, "USD", None]


def test_currencies_have_none_two_or_three_decimals() -> None:
    assert unit_factor(pl.Series(["JPY", "EUR", "KWD", "XTR", "ABC", None])).to_list() == [1, 100, 1000, 1, None, None]
