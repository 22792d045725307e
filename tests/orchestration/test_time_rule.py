"""What differs between a mart and its events, and how it is told."""

from datetime import date

import polars as pl

from orchestration.time_rule import differences

DAY = date(2024, 2, 1)


def rows(orders: list[int | None], users: str = "abc", share: float | None = 0.5) -> pl.DataFrame:
    return pl.DataFrame(
        {"user_id": list(users), "as_of": [DAY] * len(users), "orders": orders, "share": [share] * len(users)}
    )


def test_equal_rows_agree_up_to_rounding_and_unknown_columns_are_named() -> None:
    stored = rows([1, None, 3]).with_columns(share=0.5 + 1e-9, new_feature=7)
    found = differences("marts.user_features", stored, rows([1, None, 3])[::-1])
    assert found.agrees
    assert found.not_stated == ("new_feature",)
    agree = "3 users rebuilt from their events on 1 days: all 2 columns of marts.user_features agree"
    assert (
        found.sentence
        == f"{agree} that are compared; orchestration/reference_features.py does not state new_feature yet"
    )
    assert differences("marts.user_features", rows([1], "a"), rows([1], "a")).sentence.endswith("user_features agree")


def test_differences_are_counted_by_column_and_user() -> None:
    found = differences("marts.user_features", rows([2, None, None], share=0.6), rows([1, None, 3]))
    assert found.differing == {"orders": 2, "share": 3}
    assert not found.agrees
    assert "of 3 users share differs for 3, orders differs for 2." in found.sentence
    assert "drop the table intermediate.int_user_daily" in found.sentence


def test_rows_that_should_not_be_there_or_are_missing_are_counted() -> None:
    found = differences("marts.user_labels", rows([1, 1], "ab"), rows([1, 1, 1], "acd"))
    assert (found.users, found.unforeseen, found.missing) == (4, 1, 2)
    assert "1 have a row before anything was known of them, 2 have no row though something was known" in found.sentence


def test_a_comparison_of_nobody_proves_nothing() -> None:
    nobody = rows([], "")
    found = differences("marts.user_labels", nobody, nobody)
    assert not found.agrees
    assert found.sentence.startswith("nobody could be rebuilt")
