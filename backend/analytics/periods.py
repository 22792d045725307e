"""Days, weeks and months of a time zone, as stretches of time that follow one another without a gap.

Belongs here: where a period begins, and whether it is over. Does not belong here: what happened in it (`store`).

A day begins at its first midnight. Where clocks jump over midnight it begins when they do, and a day is as long as it
is there: 23 or 25 hours when clocks change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAYS = timedelta(days=1)


class PeriodLength(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Weekday(StrEnum):
    """The day that a week begins with."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """As `date.weekday` counts: Monday is 0."""
        return list(Weekday).index(self)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a report counts time."""

    zone: ZoneInfo
    week_starts_on: Weekday = Weekday.MONDAY

    @property
    def is_utc(self) -> bool:
        """Whether its days are those of the marts."""
        return self.zone.key in ("UTC", "Etc/UTC")

    def begin_of(self, day: date) -> datetime:
        """The moment, in UTC, at which a day begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The day that a moment belongs to."""
        return moment.astimezone(self.zone).date()

    def period_of(self, day: date, length: PeriodLength) -> date:
        """The first day of the period that a day belongs to."""
        if length is PeriodLength.WEEK:
            return day - (day.weekday() - self.week_starts_on.number) % 7 * _DAYS
        return day.replace(day=1) if length is PeriodLength.MONTH else day


@dataclass(frozen=True, slots=True)
class Period:
    """The days [first_day, end_day), which are the moments [begin, end)."""

    first_day: date
    end_day: date
    begin: datetime
    end: datetime

    @property
    def last_day(self) -> date:
        """The last of its days."""
        return self.end_day - _DAYS

    def is_running(self, known_until: datetime) -> bool:
        """Whether something may still happen in it that is not known yet."""
        return self.end > known_until


def periods(calendar: Calendar, length: PeriodLength, first_day: date, last_day: date) -> list[Period]:
    """The periods that hold the days from `first_day` to `last_day`, whole, in order."""
    found = []
    begin = calendar.period_of(first_day, length)
    while begin <= last_day:
        end = next_period(begin, length)
        found.append(span(calendar, begin, end))
        begin = end
    return found


def span(calendar: Calendar, first_day: date, end_day: date) -> Period:
    """The days from `first_day` to the one before `end_day`."""
    return Period(first_day, end_day, calendar.begin_of(first_day), calendar.begin_of(end_day))


def next_period(first_day: date, length: PeriodLength) -> date:
    """The first day of the period after the one that begins on `first_day`."""
    if length is PeriodLength.MONTH:
        return (first_day + 31 * _DAYS).replace(day=1)
    return first_day + (7 if length is PeriodLength.WEEK else 1) * _DAYS


def bounds_of(found: Sequence[Period]) -> list[datetime]:
    """Where periods begin, and where the last of them ends. Moments in between belong to the period before."""
    return [*(each.begin for each in found), found[-1].end]
