"""Which days a backfill asks for, and in which passes."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from core.errors import UserError
from orchestration.backfill import backfill_days, passes, variables

FIRST = date(2025, 1, 6)


def test_days_lie_as_far_apart_as_told_and_end_where_the_range_does() -> None:
    assert backfill_days(FIRST, date(2025, 1, 27), 7) == tuple(date(2025, 1, day) for day in (6, 13, 20, 27))
    assert backfill_days(FIRST, date(2025, 1, 26), 7)[-1] == date(2025, 1, 20)
    assert backfill_days(FIRST, FIRST, 1) == (FIRST,)


@pytest.mark.parametrize(
    ("first", "last", "every", "reason"),
    [
        (FIRST, FIRST - timedelta(days=1), 1, "is before 2025-01-06"),
        (FIRST, FIRST, 0, "--every 1 or more"),
    ],
)
def test_a_senseless_range_is_refused_with_the_way_out(first: date, last: date, every: int, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        backfill_days(first, last, every)


def test_a_range_may_end_today_and_not_tomorrow() -> None:
    with time_machine.travel(datetime(2025, 1, 31, 23, 59, 59, tzinfo=UTC), tick=False):
        assert backfill_days(FIRST, date(2025, 1, 31), 25)[-1] == date(2025, 1, 31)
        with pytest.raises(UserError, match=r"2025-02-01 has not begun yet, .* choose 2025-01-31 or earlier"):
            backfill_days(FIRST, date(2025, 2, 1), 1)


def test_passes_keep_the_order_and_lose_no_day() -> None:
    days = backfill_days(FIRST, FIRST + timedelta(days=6), 1)
    assert [len(some) for some in passes(days, 3)] == [3, 3, 1]
    assert sum(passes(days, 3), ()) == days
    with pytest.raises(UserError, match="--days-a-pass 1 or more"):
        passes(days, 0)


def test_dbt_is_told_what_is_known_unless_everything_is() -> None:
    assert json.loads(variables([FIRST], 7)) == {
        "as_of_dates": ["2025-01-06"],
        "horizon_days": 7,
        "model_labels": {"purchase": "has_purchased", "churn": "is_churned"},
        "known_until": "",
        "rebuild": False,
    }
    assert json.loads(variables([FIRST], 7, known_until=FIRST, rebuild=True))["known_until"] == "2025-01-06"
