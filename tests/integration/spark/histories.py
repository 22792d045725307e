"""Made-up histories of users: late, twice, in several currencies, of users who are the same person.

Belongs here: drawing and storing them, and the days as of which they are built. Does not: comparing what is built.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from psycopg import sql

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
# What is received before each of these days is built as of it.
DAYS = ("2024-02-10", "2024-03-01", "2024-03-20")
LATEST = datetime(2024, 3, 20, tzinfo=UTC)
TYPES = [
    "purchase", "purchase", "purchase", "refund", "view", "session_start", "command", "message", "search",
    "add_to_cart", "checkout", "notification_sent", "notification_opened", "feedback", "badge", "nobody foresaw it",
]  # fmt: skip
AMOUNTS = [None, "0", "9.99", "0.3333333333333333", "-5", "1000000000000", "0.0005", "12.34565", "1e-6"]

Event = dict[str, Any]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """The events of one user, of whom anything may be late, twice, or in another currency."""
    found: list[Event] = []
    for _ in range(draw(st.integers(1, 8))):
        received = FIRST_DAY + timedelta(seconds=draw(st.integers(0, int((LATEST - FIRST_DAY).total_seconds()) - 1)))
        lag = timedelta(days=draw(st.sampled_from([0, 0, 0, 0, 1, 7, 40, 400, -1])))
        event_type = draw(st.sampled_from(TYPES))
        is_money = event_type in ("purchase", "refund")
        amount = draw(st.sampled_from(AMOUNTS)) if is_money else None
        is_foreign = amount is not None and draw(st.booleans())
        event = {
            "event_type": event_type,
            "occurred_at": received - lag,
            "received_at": received,
            "order_id": draw(st.sampled_from([None, "order 1", "order 2"])) if is_money else None,
            "item_id": draw(st.sampled_from([None, "item 1", "item 2", "Ünï", "item 10"])),
            "amount": amount,
            "currency": "USD" if is_foreign else None,
            "base_amount": Decimal(repr(float(amount) / 4)) if is_foreign and amount else None,
            "quantity": draw(st.sampled_from([None, 1, 2, Decimal("0.5")])) if is_money else None,
            "source": draw(st.sampled_from(["telegram", "web", "mobile", "import"])),
        }
        found += [event] * draw(st.sampled_from([1, 1, 1, 2]))
    return found


def drawn(number: int, chance: int) -> list[Event]:
    """The events of so many users, the same ones for the same chance. Ids are in an order of their own."""
    found: list[Event] = []

    @seed(chance)
    @settings(
        max_examples=number, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(histories())
    def draw(history: list[Event]) -> None:
        user = len(found) * 7919 % 100_003
        found.extend({**event, "user_id": f"user {user}"} for event in history)

    draw()
    return [{**event, "event_id": UUID(int=chance << 64 | place)} for place, event in enumerate(found)]


def store(connection: psycopg.Connection[tuple[object, ...]], events: Sequence[Event]) -> None:
    """Stores events as the import would: in one transaction."""
    columns = list(events[0])
    query = sql.SQL("insert into raw.events ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Placeholder, columns))
    )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(query, events)


def prepared(warehouse: psycopg.Connection[tuple[object, ...]], users: int, chance: int) -> list[Event]:
    """The events of so many users, some of whom are the same person; nothing is stored yet."""
    events = drawn(users, chance)
    warehouse.execute("select raw.ensure_event_partitions('2022-10-01', '2024-04-30')")
    join(warehouse, ids_of(events)[:18])
    return events


def ids_of(events: Iterable[Event]) -> list[str]:
    return sorted({event["user_id"] for event in events})


def join(warehouse: psycopg.Connection[tuple[object, ...]], ids: Sequence[str]) -> None:
    """Says of every second id that it is the one after it, since the first day."""
    pairs = zip(ids[::2], ids[1::2], strict=True)
    joined = "select raw.alias_user(%s, %s, %s, 'a test', null)"
    warehouse.cursor().executemany(joined, [(old, new, FIRST_DAY) for old, new in pairs])


def arriving(events: Iterable[Event]) -> list[list[Event]]:
    """The events by the build that first knows them: the one after they were received.

    Every eleventh is of an old history that is imported before the next build: what was built without it is no longer
    true.
    """
    parts: list[list[Event]] = [[] for _ in DAYS]
    for place, event in enumerate(events):
        received = f"{event['received_at']:%Y-%m-%d}"
        part = sum(received >= day for day in DAYS) + (place % 11 == 0)
        parts[min(part, len(DAYS) - 1)].append(event)
    return parts


def known(days: Sequence[str]) -> dict[str, object]:
    """What dbt is told of a build as of some days."""
    return {"as_of_dates": list(days), "horizon_days": 19, "known_until": days[-1]}
