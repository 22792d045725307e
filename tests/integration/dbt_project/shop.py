"""What the tests of the dbt project share beside fixtures: random events, rows as Postgres has them, edits of files."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 90
AS_OF_DATES = ("2024-02-10", "2024-03-01", "2024-03-20")
TYPES = (
    ["view"] * 4
    + ["purchase"] * 4
    + ["session_start", "message", "add_to_cart", "checkout", "refund", "notification_sent"]
    + ["notification_withheld", "notification_opened"]
    + ["feedback", "badge", "a_type_nobody_foresaw"]
)

Dbt = Callable[..., None]
Event = tuple[object, ...]


def random_events(seed: int, count: int = 1500) -> list[Event]:
    """Events of 30 users, in no order; a quarter is received late, by up to 40 days, and a few before they happen."""
    chance = random.Random(seed)
    events: list[Event] = []
    for _ in range(count):
        occurred = FIRST_DAY + timedelta(seconds=chance.randrange(DAYS * 86400))
        lag = chance.choice([0, 0, 0, 0, 0, 0, chance.randint(1, 3), chance.randint(1, 40), -1]) * 86400
        received = occurred + timedelta(seconds=lag + chance.randint(0, 3600))
        event_type = chance.choice(TYPES)
        has_money = event_type in ("purchase", "refund")
        amount = Decimal(chance.randint(-9999 if event_type == "refund" else 0, 9999)) / 100
        events.append(
            (
                UUID(int=chance.getrandbits(128)),
                f"user {chance.randrange(30)}",
                event_type,
                occurred,
                received,
                chance.choice([None, f"order {occurred:%j} {chance.randrange(2)}"]) if has_money else None,
                chance.choice([None, f"item {chance.randrange(9)}"]),
                chance.choice([None, amount, amount]) if has_money else None,
                Decimal(chance.randint(1, 5)) if has_money else None,
            )
        )
    return events


def insert(connection: psycopg.Connection[tuple[object, ...]], events: Iterable[Event]) -> None:
    """Stores events as the import would: in one transaction, each with that transaction's id."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, order_id, item_id,"
            " amount, quantity, source) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'import')",
            list(events),
        )


def rows(
    connection: psycopg.Connection[tuple[object, ...]], table: str, where: str = "true"
) -> list[tuple[object, ...]]:
    """Every row of a table as Postgres writes it, which for a double is exact to the last bit."""
    query = f"select marts::text from {table} as marts where {where} order by marts::text"  # noqa: S608
    return connection.execute(query.encode()).fetchall()


def edit(project: Path, file: str, before: str, after: str) -> None:
    """Replaces the one occurrence of a text in a file of a copied project."""
    text = (project / file).read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} is not there once; the edit no longer fits {file}"
    (project / file).write_text(text.replace(before, after), encoding="utf-8")
