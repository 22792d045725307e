"""The time rule on histories, and sums of a user and an item."""

from datetime import date, timedelta

import polars as pl

from ml.recommendation.history import as_of_day, bought_within, summed
from tests.ml.recommendation.conftest import history_of

DAY = date(2024, 3, 1)


def test_what_happened_or_was_learned_of_later_is_not_known() -> None:
    history = history_of([("u", "early", "purchase", DAY - timedelta(days=1)), ("u", "late", "purchase", DAY)])
    slow = history.head(1).with_columns(item_id=pl.lit("slow"), known_day=pl.lit(DAY))
    assert as_of_day(pl.concat([history, slow]), DAY)["item_id"].to_list() == ["early"]


def test_ids_of_one_person_are_one_user_while_they_are_joined() -> None:
    history = history_of([("old", "cup", "purchase", DAY - timedelta(days=9))])
    joined = pl.DataFrame(
        {
            "member_user_id": ["old"],
            "user_id": ["new"],
            "valid_from": [DAY],
            "valid_until": [DAY + timedelta(days=1)],
        }
    )
    known = [as_of_day(history, DAY + timedelta(days=n), joined)["user_id"].to_list() for n in (-1, 0, 1)]
    assert known == [["old"], ["new"], ["old"]]


def test_an_outcome_is_what_was_known_when_the_window_closed() -> None:
    until = DAY + timedelta(days=30)
    history = history_of(
        [
            ("u", "before", "purchase", DAY - timedelta(days=1)),
            ("u", "within", "purchase", DAY),
            ("u", "within", "purchase", DAY + timedelta(days=2)),
            ("u", "seen", "view", DAY),
            ("u", "after", "purchase", until),
        ]
    )
    slow = history.head(2).tail(1).with_columns(item_id=pl.lit("slow"), known_day=pl.lit(until))
    assert bought_within(pl.concat([history, slow]), DAY, until).rows() == [("u", "within")]


def test_sums_count_days_and_fade() -> None:
    month, day = DAY - timedelta(days=30), DAY - timedelta(days=14)
    history = history_of(
        [
            ("u", "cup", "purchase", month),
            ("u", "cup", "refund", month),
            ("u", "pot", "view", day),
            ("u", "pot", "cart", day),
        ]
    )
    cup, pot = summed(pl.concat([history, history]), DAY).rows(named=True)
    assert (cup["days"], cup["recent"], cup["is_refunded"]) == (1.0, 0.5, True)
    assert abs(cup["lasting"] - 0.5**0.25) < 1e-12
    # A view and a cart on one day are two things that fade by half in 14 days.
    assert (pot["days"], pot["viewed"], pot["is_refunded"]) == (0.0, 1.0, False)
    assert abs(pot["taste"] - 0.3) < 1e-12
