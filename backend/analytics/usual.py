"""What a figure is read against: what is usual on its day, and what began on it.

Does not belong here: SQL (`usual_store`), and the figures (`service`).
"""

from collections.abc import Sequence
from datetime import date, timedelta

from backend.analytics import activity_store, usual_store
from backend.analytics.activity_store import Range
from backend.analytics.periods import Calendar
from backend.analytics.schemas import Mark, UsualDay
from backend.analytics.usual_store import Happened
from backend.database import DatabasePool


async def happenings(database: DatabasePool, *, has_campaigns: bool) -> list[Happened]:
    """What may explain figures: deployments and, for those who may see them, campaigns."""
    deployed = await database.run(usual_store.deployments())
    return [*deployed, *(await database.run(usual_store.campaigns()) if has_campaigns else [])]


def marks(happened: Sequence[Happened], shown: Sequence[date], calendar: Calendar) -> list[Mark]:
    """What happened on the days shown, each by the day of the calendar on which it began, the oldest first."""
    found = [(calendar.day_of(each.moment), each) for each in sorted(happened, key=lambda each: each.moment)]
    return [
        Mark.model_validate({"day": day, "kind": each.kind, "subject": each.subject, "link": each.link})
        for day, each in found
        if shown[0] <= day <= shown[-1]
    ]


async def usual_days(database: DatabasePool, calendar: Calendar, shown: Sequence[date], as_of: date) -> list[UsualDay]:
    """What is usual on the days shown; nothing where a part of the weeks before is archived and cannot be counted."""
    before = shown[0] - timedelta(weeks=usual_store.WEEKS)
    counted = Range([calendar.begin_of(before), calendar.begin_of(shown[-1])], as_of, calendar.is_utc)
    archived = await database.run(activity_store.archived_months(counted))
    if archived and not calendar.is_utc:
        return []
    statement = usual_store.usual_revenue(shown, as_of, calendar.zone.key, is_utc=calendar.is_utc)
    found = await database.run_long(statement)
    return [UsualDay(**{name: getattr(each, name) for name in UsualDay.model_fields}) for each in found]
