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
