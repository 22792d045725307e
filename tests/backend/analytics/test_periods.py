"""Periods follow one another without a gap, and hold exactly the moments whose local day is theirs."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.analytics.periods import Calendar, PeriodLength, Weekday, bounds_of, periods
from backend.fields import zone_names

MOSCOW = Calendar(ZoneInfo("Europe/Moscow"))
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
CALENDARS = st.builds(Calendar, st.sampled_from(sorted(zone_names())).map(ZoneInfo), st.sampled_from(Weekday))
DAYS = st.dates(date(2012, 1, 1), date(2037, 1, 1))


@given(CALENDARS, st.sampled_from(PeriodLength), DAYS, st.integers(0, 100))
def test_periods_follow_one_another(calendar: Calendar, length: PeriodLength, first: date, more: int) -> None:
    found = periods(calendar, length, first, first + timedelta(days=more))
    assert found[0].first_day <= first < found[0].end_day
    assert found[-1].first_day <= first + timedelta(days=more) <= found[-1].last_day
    for one, following in pairwise(found):
        assert one.end_day == following.first_day
        assert one.end == following.begin
        assert one.begin <= one.end
    if length is PeriodLength.WEEK:
        assert {each.first_day.weekday() for each in found} == {calendar.week_starts_on.number}
    if length is PeriodLength.MONTH:
        assert {each.first_day.day for each in found} == {1}


@given(CALENDARS, st.datetimes(datetime(2012, 1, 2), datetime(2037, 1, 1), timezones=st.just(UTC)))
def test_a_moment_belongs_to_its_local_day(calendar: Calendar, moment: datetime) -> None:
    day = calendar.day_of(moment)
    # Where clocks go back over midnight some minutes have the day before twice, and no days in a row can hold them.
    assume(calendar.day_of(moment - timedelta(hours=2)) <= day <= calendar.day_of(moment + timedelta(hours=2)))
    (found,) = periods(calendar, PeriodLength.DAY, day, day)
    assert found.begin <= moment < found.end


def test_days_are_as_long_as_they_are_there() -> None:
    (spring,) = periods(BERLIN, PeriodLength.DAY, date(2024, 3, 31), date(2024, 3, 31))
    (autumn,) = periods(BERLIN, PeriodLength.DAY, date(2024, 10, 27), date(2024, 10, 27))
    assert spring.end - spring.begin == timedelta(hours=23)
    assert autumn.end - autumn.begin == timedelta(hours=25)
    (moscow,) = periods(MOSCOW, PeriodLength.DAY, date(2024, 3, 31), date(2024, 3, 31))
    assert (moscow.begin, moscow.end) == (
        datetime(2024, 3, 30, 21, tzinfo=UTC),
        datetime(2024, 3, 31, 21, tzinfo=UTC),
    )


def test_a_day_that_a_zone_left_out_is_empty() -> None:
    apia = Calendar(ZoneInfo("Pacific/Apia"))
    left_out, after = periods(apia, PeriodLength.DAY, date(2011, 12, 30), date(2011, 12, 31))
    assert left_out.begin == left_out.end == after.begin


@pytest.mark.parametrize(
    ("week_starts_on", "first_day"), [(Weekday.MONDAY, date(2024, 2, 26)), (Weekday.SUNDAY, date(2024, 2, 25))]
)
def test_a_week_begins_on_the_day_that_was_asked_for(week_starts_on: Weekday, first_day: date) -> None:
    calendar = Calendar(ZoneInfo("UTC"), week_starts_on)
    (week,) = periods(calendar, PeriodLength.WEEK, date(2024, 2, 29), date(2024, 3, 1))
    assert (week.first_day, week.end_day) == (first_day, first_day + timedelta(days=7))


def test_a_period_runs_until_it_is_known_to_its_end() -> None:
    (day,) = periods(MOSCOW, PeriodLength.DAY, date(2024, 3, 31), date(2024, 3, 31))
    assert day.is_running(datetime(2024, 3, 31, 20, 59, tzinfo=UTC))
    assert not day.is_running(datetime(2024, 3, 31, 21, tzinfo=UTC))
    assert bounds_of([day]) == [day.begin, day.end]
