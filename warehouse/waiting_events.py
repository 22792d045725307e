"""Events that wait in quarantine for a rate of their currency: read, stored once they can be, and counted.

Belongs here: SQL on those rows of `raw.events_quarantine`. Does not belong here: what they are worth
(`ingestion.exchange`), and rows that break the contract (`warehouse.arriving_events`).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import polars as pl
from psycopg import sql

from data_contracts.currencies import POINTS
from warehouse.arriving_events import (
    BASE_AMOUNT,
    EVENT_TYPES,
    Conflict,
    StoredEvents,
    store_query,
    stored_events,
    taken,
)
from warehouse.database import Statement, command, rows

FIRST_ID = str(UUID(int=0))
"""No row has an id before it."""

WAITING_SCHEMA = pl.Schema(
    {
        "quarantine_id": pl.String(),
        "event_id": pl.String(),
        "user_id": pl.String(),
        "occurred_at": pl.Datetime("us", "UTC"),
        "amount": pl.Float64(),
        "currency": pl.String(),
    }
)

_ARRIVING = sql.SQL(
    "select {said}, coalesce(event.received_at, clock_timestamp()) as received_at, given.{base_amount},"
    " given.place - 1 as place"
    " from unnest(%(ids)s::uuid[], %(base_amounts)s::numeric[]) with ordinality as given (id, {base_amount}, place)"
    " join raw.events_quarantine as waiting on waiting.quarantine_id = given.id"
    " cross join lateral jsonb_to_record(waiting.row) as event ({typed})"
).format(
    said=sql.SQL(", ").join(sql.Identifier("event", name) for name in EVENT_TYPES if name != "received_at"),
    base_amount=sql.Identifier(BASE_AMOUNT),
    typed=sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in EVENT_TYPES.items()
    ),
)


def waiting_rows(after: str, limit: int) -> Statement[pl.DataFrame]:
    """Rows that wait, in the order of their ids from the one after `after` on, as a frame with WAITING_SCHEMA."""
    return Statement(
        "select quarantine_id::text, row ->> 'event_id', row ->> 'user_id', (row ->> 'occurred_at')::timestamptz,"
        " (row ->> 'amount')::float8, waits_for from raw.events_quarantine"
        " where waits_for is not null and quarantine_id > %(after)s::uuid order by quarantine_id limit %(limit)s",
        {"after": after, "limit": limit},
        lambda result: pl.DataFrame(result.rows, schema=WAITING_SCHEMA, orient="row"),
    )


def store_waiting(ids: Sequence[str], base_amounts: Sequence[float | None]) -> Statement[StoredEvents]:
    """Stores rows that waited, each with what it is worth, as `store_json` does; places are those of the ids.

    A row that does not say when it was received is received now.
    """
    worth = [None if amount is None else repr(amount) for amount in base_amounts]
    return Statement(store_query(_ARRIVING), {"ids": list(ids), "base_amounts": worth}, stored_events)


def no_longer_waiting(ids: Iterable[str]) -> Statement[int]:
    """Takes rows out of the quarantine."""
    return command("delete from raw.events_quarantine where quarantine_id = any(%(ids)s::uuid[])", ids=list(ids))


def waited_in_vain(ids: Sequence[str], conflicts: Sequence[Conflict]) -> Statement[int]:
    """Leaves rows in quarantine whose ids others have taken meanwhile."""
    return command(
        "update raw.events_quarantine set waits_for = null, reason = found.reason"
        " from unnest(%(ids)s::uuid[], %(reasons)s::text[]) as found (id, reason) where quarantine_id = found.id",
        ids=[ids[each.place] for each in conflicts],
        reasons=[taken(each.columns) for each in conflicts],
    )


def set_aside(table: sql.Identifier) -> Statement[int]:
    """Moves from a table of events to quarantine what was stored when currencies were added up as if they were one.

    Amounts in other currencies wait there; points stay, worth nothing.
    """
    query = sql.SQL(
        "with points as (update {table} set base_amount = 0 where amount <> 0 and currency = any(%(points)s)),"
        " moved as (delete from {table} as events using raw.base_currency as base where amount <> 0"
        " and events.currency <> base.currency and events.currency <> all(%(points)s) returning events.*)"
        " insert into raw.events_quarantine (quarantine_id, row_number, reason, row, ingested_xid, waits_for)"
        " select gen_random_uuid(), row_number() over (), format('amount is in %%s, which has no rate for %%s',"
        " currency, (occurred_at at time zone 'UTC')::date), to_jsonb(moved) - 'ingested_xid' - 'base_amount', 0,"
        " currency from moved"
    ).format(table=table)
    return command(query, points=sorted(POINTS))


def waiting_counts() -> Statement[list[tuple[str, int]]]:
    """The currencies for whose rates rows wait, and how many rows, most first."""
    return rows(
        lambda currency, count: (str(currency), int(count)),
        "select waits_for, count(*) from raw.events_quarantine where waits_for is not null"
        " group by 1 order by 2 desc, 1",
    )
