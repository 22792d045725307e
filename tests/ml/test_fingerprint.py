"""Two frames have one fingerprint only if they are the same frame."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.fingerprint import fingerprint

FRAME = pl.DataFrame(
    {
        "user_id": ["a", "bc", "d"],
        "as_of": [date(2024, 1, 1), date(2024, 1, 2), None],
        "orders_30d": [1.0, None, 3.0],
        "orders_90d": [2.0, 2.0, 4.0],
        "is_new": [True, False, None],
    }
)


@given(rows=st.permutations(range(3)), columns=st.permutations(FRAME.columns))
@settings(max_examples=20)
def test_the_order_of_rows_and_columns_does_not_matter(rows: list[int], columns: list[str]) -> None:
    assert fingerprint(FRAME[rows].select(columns)) == fingerprint(FRAME)


@pytest.mark.parametrize(
    "changed",
    [
        FRAME.with_columns(orders_30d=pl.Series([1.0, None, 3.0000001])),
        FRAME.with_columns(orders_30d=pl.Series([1.0, 0.0, 3.0])),
        FRAME.with_columns(orders_90d=pl.col("orders_90d").cast(pl.Int64)),
        FRAME.with_columns(orders_30d="orders_90d", orders_90d="orders_30d"),
        FRAME.rename({"orders_30d": "orders_60d"}),
        FRAME.with_columns(user_id=pl.Series(["ab", "c", "d"])),
        FRAME.with_columns(as_of=pl.col("as_of").dt.offset_by("1d")),
        FRAME.with_columns(is_new=pl.Series([True, False, False])),
        FRAME.head(2),
        FRAME.drop("orders_90d"),
    ],
)
def test_any_other_frame_has_another(changed: pl.DataFrame) -> None:
    assert fingerprint(changed) != fingerprint(FRAME)


def test_an_empty_frame_has_one_too() -> None:
    assert fingerprint(FRAME.clear()).startswith("0x5-")
    assert fingerprint(FRAME.clear()) != fingerprint(FRAME.clear().rename({"user_id": "user"}))
