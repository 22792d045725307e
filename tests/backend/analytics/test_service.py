"""Cohorts have every week, also those in which nobody came."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from backend.analytics.activity_store import Returned
from backend.analytics.periods import Calendar, PeriodLength, periods
from backend.analytics.service import cohorts

WEEKS = periods(Calendar(ZoneInfo("Europe/Moscow")), PeriodLength.WEEK, date(2024, 1, 1), date(2024, 1, 28))


def test_a_week_without_anybody_is_a_zero_and_the_running_one_is_marked() -> None:
    returned = [Returned(1, 0, 4, 3), Returned(1, 2, 2, 1), Returned(3, 0, 1, 1)]
    shown = cohorts(WEEKS, returned, datetime(2024, 1, 20, tzinfo=UTC))
    assert [(each.first_day.day, each.users) for each in shown] == [(1, 4), (8, 0), (15, 1)]
    assert [(week.week, week.active_users, week.share, week.is_running) for week in shown[0].weeks] == [
        (0, 3, 0.75, False),
        (1, 0, 0.0, False),
        (2, 1, 0.25, True),
    ]
    assert [week.share for week in shown[1].weeks] == [None, None]
