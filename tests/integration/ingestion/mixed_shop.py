"""A shop that sells in several currencies, its rates, and what a warehouse holds of it."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

HEAD = "user_id,event_type,occurred_at,amount,currency"
# One euro's worth of each a day, but for the stars.
MIXED = [
    "a,purchase,2025-03-10,10,EUR",
    "a,purchase,2025-03-11,1600,JPY",
    "b,purchase,2025-03-12,10,USD",
    "b,refund,2025-03-12,-5,usd",
    "b,purchase,2025-03-12,250,XTR",
    "c,purchase,2025-03-13,7,",
    "c,purchase,2025-03-13,3,EUR",
    "c,view,2025-03-13,0,JPY",
]
RATES = ["2025-03-10,JPY,0.00625", "2025-03-10,USD,0.9", "2025-03-12,USD,0.8", "2025-03-12,EUR,1"]


def emptied(connection: Connection) -> None:
    """Nothing stored, nothing known of any currency."""
    connection.execute(
        "truncate raw.events, raw.imports, raw.events_quarantine, raw.erased_users, raw.archives, raw.base_currency,"
        " raw.exchange_rates, raw.usual_events, raw.watermarks"
    )


def written(folder: Path, rows: Sequence[str], head: str = HEAD) -> Path:
    """A CSV file of events."""
    file = folder / f"{uuid4()}.csv"
    file.write_text("\n".join([head, *rows]) + "\n")
    return file


def rates(folder: Path, rows: Sequence[str] = RATES) -> Path:
    """A CSV file of rates."""
    return written(folder, rows, "day,currency,rate")


def sums(connection: Connection) -> dict[str, Decimal]:
    """The amounts of each user in base currency."""
    query = (
        "select user_id, sum(coalesce(base_amount, amount)) from raw.events where amount is not null group by 1"
        " order by 1"
    )
    return dict(connection.execute(query).fetchall())


def held(connection: Connection) -> list[tuple[object, ...]]:
    """All events as they are, to the last digit, but for the transaction."""
    return connection.execute(
        "select (to_jsonb(events) - 'ingested_xid')::text from raw.events order by event_id"
    ).fetchall()


def waiting(connection: Connection) -> int:
    """How many rows wait for a rate."""
    (count,) = connection.execute("select count(*) from raw.events_quarantine where waits_for is not null").fetchall()[
        0
    ]
    return int(count)
