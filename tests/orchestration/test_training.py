"""What a training run writes down about its data and its code."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.training import fingerprint

FRAME = pl.DataFrame({"user_id": ["a", "b", "c"], "orders_30d": [1.0, None, 3.0]})


@given(order=st.permutations(range(3)))
@settings(max_examples=10)
def test_the_order_of_rows_and_columns_does_not_matter(order: list[int]) -> None:
    assert fingerprint(FRAME[order].select("orders_30d", "user_id")) == fingerprint(FRAME)


def test_one_changed_value_changes_it() -> None:
    changed = FRAME.with_columns(orders_30d=pl.Series([1.0, None, 3.0000001]))
    assert fingerprint(changed) != fingerprint(FRAME)


def test_an_empty_frame_has_one_too() -> None:
    assert fingerprint(FRAME.clear()) == "0x2-" + "0" * 16
