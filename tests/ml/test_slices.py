from datetime import date

import polars as pl
import pytest

from ml.errors import FeatureMismatch
from ml.slices import slice_users

DAY, LATER = date(2024, 1, 1), date(2024, 2, 1)
USERS = pl.DataFrame(
    {
        "as_of": [DAY] * 5 + [LATER] * 3,
        "days_since_first_seen": [10, 90, 91, 200, 300, 1000, 1200, 1300],
        "purchase_days_total": [0, 1, 1, 3, None, 1, 2, 0],
        "purchase_amount_total": [0.0, 5.0, 10.0, 80.0, None, 900.0, 1000.0, 0.0],
        "telegram_share": [0.2, 0.6, 0.0, None, 0.1, 0.5, 0.0, 1.0],
        "web_share": [0.5, 0.4, 0.0, None, 0.3, 0.0, 0.0, 0.0],
        "mobile_share": [0.3, 0.0, 1.0, None, 0.0, 0.0, 0.2, 0.0],
    }
)


def test_halves_are_drawn_among_those_meant_of_the_same_day() -> None:
    sliced = slice_users(USERS)
    new, known, long = "new", "known for a while", "long known"
    assert sliced["tenure"].to_list() == [new, new, known, known, long, known, known, long]
    low, high, never = "low spender", "high spender", "never bought"
    assert sliced["value"].to_list() == [never, low, low, high, never, low, high, never]


def test_the_source_is_where_most_activity_came_from() -> None:
    assert slice_users(USERS)["source"].to_list() == [
        *("web", "telegram", "mobile", "other", "other"),
        *("telegram", "other", "telegram"),
    ]
    unsaid = USERS.drop("telegram_share", "web_share", "mobile_share")
    assert slice_users(unsaid)["source"].unique().to_list() == ["other"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(FeatureMismatch, match="days_since_first_seen"):
        slice_users(USERS.drop("days_since_first_seen"))
