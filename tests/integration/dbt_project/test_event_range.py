"""The days that events span are known before, between and after builds of the roll-up."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from core.errors import UserError
from tests.integration.dbt_project.shop import Dbt, Event, insert
from warehouse.database import Database
from warehouse.events import EventRange, estimated_events, event_range


def event(number: int, occurred: str, *, received_days_later: int = 0) -> Event:
    occurred_at = datetime.fromisoformat(occurred).replace(tzinfo=UTC)
    received_at = occurred_at + timedelta(days=received_days_later)
    return (UUID(int=number), "a", "view", occurred_at, received_at, None, None, None, None)


def test_the_first_day_known_and_the_last_day_happened(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    events = Database(warehouse_url)
    with pytest.raises(UserError, match="no events yet"):
        event_range(events)
    insert(warehouse, [event(1, "2024-01-05 23:59:59", received_days_later=3), event(2, "2024-01-06 12:00")])
    assert event_range(events) == EventRange(date(2024, 1, 6), date(2024, 1, 6))
    assert events.run(estimated_events()) == 0
    warehouse.execute("analyze raw.events")
    assert events.run(estimated_events()) == 2

    dbt("seed")
    dbt("run", "--select", "+int_user_daily")
    assert event_range(events) == EventRange(date(2024, 1, 6), date(2024, 1, 6))

    # The roll-up has not seen these: history that came early after all, and a new day.
    insert(warehouse, [event(3, "2024-01-01", received_days_later=1), event(4, "2024-02-03 00:00")])
    assert event_range(events) == EventRange(date(2024, 1, 2), date(2024, 2, 3))

    # Without the roll-up, events are asked again.
    warehouse.execute("drop table intermediate.int_user_daily cascade")
    assert event_range(events) == EventRange(date(2024, 1, 2), date(2024, 2, 3))


def test_one_old_date_makes_no_history(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    """Neither before the roll-up counts it nor afterwards; what comes later changes no earlier day's view."""
    events = Database(warehouse_url)
    begin = datetime(2024, 3, 1, tzinfo=UTC)
    daily = [event(day, (begin + timedelta(days=day)).date().isoformat()) for day in range(150)]
    months = [date(2000, 1, 1), *(date(2024 + month // 12, month % 12 + 1, 1) for month in range(2, 16))]
    warehouse.execute("select raw.ensure_event_partitions(month, month) from unnest(%s::date[]) as month", [months])
    insert(warehouse, [event(1_000, "2000-01-01"), *daily])
    expected = EventRange(date(2024, 3, 1), date(2024, 7, 28))
    assert event_range(events) == expected
    assert event_range(events, date(2024, 7, 29)) == expected
    # Of so few days the old one is more than a hundredth.
    assert event_range(events, date(2024, 5, 1)).first == date(2000, 1, 1)

    dbt("seed")
    dbt("run", "--select", "+int_user_daily")
    assert event_range(events) == expected
    # More of a day that is counted already changes nothing; much that becomes known later changes only later views.
    insert(warehouse, [event(2_000, "2024-03-02 13:00")])
    assert event_range(events) == expected
    more = [event(3_000 + day, (begin + timedelta(days=200 + day)).date().isoformat()) for day in range(200)]
    insert(warehouse, more)
    assert event_range(events, date(2024, 7, 29)).first == date(2024, 3, 1)
    assert event_range(events).first == date(2024, 3, 3)
