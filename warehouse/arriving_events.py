"""Stores events that arrive, each id once, and bad rows in quarantine; says which events have an id that is taken.

Belongs here: SQL that writes `raw.events` and `raw.events_quarantine`, the same for rows of a file, which wait in a
temporary table, and for events that come as JSON. Does not: what is a good event, or the import's transactions and COPY
(`ingestion`).

An id belongs to one event, whenever that happened; but the primary key of a table partitioned by time holds the time
too, so only these statements see an id that comes again with another time. What is compared is everything a sender
says. `received_at` is what we say: a second delivery comes later, and is the same event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import LiteralString
from uuid import UUID

import orjson
from psycopg import errors, sql

from warehouse.database import Result, Statement, command, value

EVENT_TYPES: dict[str, LiteralString] = {
    "event_id": "uuid",
    "user_id": "text",
    "event_type": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "order_id": "text",
    "item_id": "text",
    "amount": "numeric",
    "currency": "text",
    "quantity": "numeric",
    "source": "text",
    "properties": "jsonb",
}
"""The columns of `raw.events` that an event brings, with their types."""

EVENT_COLUMNS = tuple(EVENT_TYPES)
BASE_AMOUNT = "base_amount"
STORED_COLUMNS = (*EVENT_COLUMNS, BASE_AMOUNT)
"""The columns of an event that are stored: those, and what `amount` is worth where it is in another currency."""

_STORED_TYPES: dict[str, LiteralString] = {**EVENT_TYPES, BASE_AMOUNT: "numeric"}
QUARANTINE_TYPES: dict[str, LiteralString] = {
    "quarantine_id": "uuid",
    "row_number": "bigint",
    "reason": "text",
    "row": "jsonb",
    "waits_for": "text",
}
"""The columns of `raw.events_quarantine` that a bad row brings, with their types."""

QUARANTINE_COLUMNS = tuple(QUARANTINE_TYPES)

OVERTAKEN = (errors.UniqueViolation, errors.DeadlockDetected)

# So many locks share all ids, so that a batch of any size takes few of them.
_ID_LOCKS = 64


@dataclass(frozen=True, slots=True)
class Conflict:
    """The event at `place` of its batch (the first is 0) has the id of another, which differs in `columns`."""

    place: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """What became of arriving events: the places of those that were stored, and the conflicts. The rest is known."""

    places: list[int]
    conflicts: list[Conflict]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What stands against storing arriving events: users who were erased, and months that are archived."""

    erased: frozenset[str]
    archived: frozenset[datetime]


def taken(columns: Iterable[str]) -> str:
    """Why an event that differs from the stored one in these columns is in quarantine."""
    return f"event_id is taken by an event with another {', '.join(columns)}"


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


_EVENT = _names(STORED_COLUMNS)
_REFUSAL = _names(QUARANTINE_COLUMNS)
# Rows that wait in a temporary table, and `place`, which counts them as they come.
_IN_TABLE = sql.SQL("select {}, place from pg_temp.arriving").format(_EVENT)


def from_json(types: dict[str, LiteralString]) -> sql.Composed:
    """The rows in the parameter `rows`, a JSON array of objects, and `place`. JSON inside is text."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL("text" if kind == "jsonb" else kind))
        for name, kind in types.items()
    )
    chosen = sql.SQL(", ").join(
        sql.SQL("{0}::jsonb as {0}" if kind == "jsonb" else "{0}").format(sql.Identifier(name))
        for name, kind in types.items()
    )
    return sql.SQL(
        "select {}, place - 1 as place"
        " from rows from (json_to_recordset(%(rows)s) as ({})) with ordinality as given ({}, place)"
    ).format(chosen, columns, _names(list(types)))


_SAID_COLUMNS = tuple(name for name in EVENT_COLUMNS if name not in {"event_id", "received_at"})
# No difference is an empty text, the least there is. An id that is stored twice, at two times, is from before ids were
# compared: either of them will do.
_DIFFERENCES = sql.SQL("min(concat_ws(', ', {}))").format(
    sql.SQL(", ").join(
        sql.SQL("case when arriving.{0} is distinct from held.{0} then {1} end").format(sql.Identifier(name), name)
        for name in _SAID_COLUMNS
    )
)
# In the order of ids, so that two who store the same rows wait for each other but hardly ever in a circle.
_STORE = sql.SQL("""
with arriving as materialized ({arriving}),
known as materialized (
    select {event} from raw.events where event_id = any((select array_agg(event_id) from arriving)::uuid[])
),
fresh as materialized (
    select distinct on (event_id) {event}, place from arriving
    where not exists (select from known where known.event_id = arriving.event_id)
    order by event_id, place
){stored},
conflicts as (
    select arriving.place, {differences} as columns
    from arriving join (table known union all select {event} from fresh) as held using (event_id)
    group by arriving.place
    having {differences} <> ''
)
select
    array(select place from fresh),
    array(select place from conflicts order by place),
    array(select columns from conflicts order by place)
""")
_STORED = sql.SQL(""",
stored as (
    insert into raw.events ({event}) select {event} from fresh order by event_id
)""").format(event=_EVENT)
_REFUSE = sql.SQL("""
insert into raw.events_quarantine (import_id, {refusal})
select %(import_id)s, {refusal} from ({refused}) as refused
order by quarantine_id
on conflict do nothing
""")


def beginning() -> Statement[tuple[datetime, str | None]]:
    """The moment it is to the database, and the base currency (`exchange_rates.base_currency`)."""
    query = "select clock_timestamp(), (select currency from raw.base_currency)"
    return Statement(query, {}, lambda result: result.rows[0])


def any_known(event_ids: str) -> Statement[bool]:
    """Whether one of the ids, a Postgres array as text, is taken, at whatever time.

    About a microsecond an id and month of history on one core: one pass over each month's index.
    """
    query = "select exists(select from raw.events where event_id = any((select %(event_ids)s::uuid[])::uuid[]))"
    return value(bool, query, event_ids=event_ids)


def store_table() -> Statement[StoredEvents]:
    """Stores the events of the temporary table `arriving` whose id is not taken; of equal ids the first wins.

    Raises one of `OVERTAKEN` where another transaction stored some of these ids meanwhile: repeat the batch, which will
    then find them.
    """
    return Statement(store_query(_IN_TABLE), {}, stored_events)


def compare_table() -> Statement[StoredEvents]:
    """What `store_table` would answer now. Stores nothing."""
    query = _STORE.format(arriving=_IN_TABLE, event=_EVENT, differences=_DIFFERENCES, stored=sql.SQL(""))
    return Statement(query, {}, stored_events)


def store_table_without_looking() -> Statement[int]:
    """Stores the events of the temporary table `arriving` but those with id and time of a stored one; how many.

    Enough for ids made of the row.
    """
    query = "insert into raw.events ({0}) select {0} from pg_temp.arriving order by event_id on conflict do nothing"
    return command(sql.SQL(query).format(_EVENT))


def store_json(events: Sequence[Mapping[str, object]]) -> Statement[StoredEvents]:
    """Stores events as `store_table` does: times with their zone, `properties` as JSON text."""
    return Statement(_store_json_query(), {"rows": orjson.dumps(events).decode()}, stored_events)


@cache
def _store_json_query() -> sql.SQL:
    """Put together once: for a single event that would take as long as Postgres does."""
    return sql.SQL(store_query(from_json(_STORED_TYPES)).as_string())


def store_query(arriving: sql.Composable) -> sql.Composed:
    """Stores the events of the query `arriving` (STORED_COLUMNS and `place`); its answer is for `stored_events`."""
    return _STORE.format(arriving=arriving, event=_EVENT, differences=_DIFFERENCES, stored=_STORED)


def stored_events(result: Result) -> StoredEvents:
    """What a `store_query` answered."""
    ((fresh, places, columns),) = result.rows
    pairs = zip(places, columns, strict=True)
    return StoredEvents(fresh, [Conflict(place, tuple(names.split(", "))) for place, names in pairs])


def refuse_table(import_id: int) -> Statement[int]:
    """Puts the rows of the temporary table `refused` into quarantine; how many were not there yet."""
    refused = sql.SQL("select {} from pg_temp.refused").format(_REFUSAL)
    query = _REFUSE.format(refusal=_REFUSAL, refused=refused)
    return command(query, import_id=import_id)


def refuse_json(refused: Sequence[Mapping[str, object]]) -> Statement[int]:
    """Puts rows that come from no file into quarantine, `row` as JSON text; how many were not there yet."""
    query = _REFUSE.format(refusal=_REFUSAL, refused=from_json(QUARANTINE_TYPES))
    return command(query, import_id=None, rows=orjson.dumps(refused).decode())


def begin_receipt(
    months: Iterable[datetime], event_ids: Iterable[UUID], user_ids: Iterable[str] = ()
) -> Statement[Receipt]:
    """Prepares the transaction for events of these months, ids and users, which come from no file.

    Makes partitions, and has others who bring one of the ids wait for the end of the transaction. Every erasure that
    begins later waits for it too, as with `erased_users.erased_among`.
    """

    def made(result: Result) -> Receipt:
        ((erased, archived),) = result.rows
        return Receipt(frozenset(erased), frozenset(archived))

    return Statement(
        "select array(select raw.erased_among(%(user_ids)s::text[])),"
        " array(select raw.begin_receipt(%(months)s::timestamptz[], %(id_locks)s::integer[]))",
        {
            "user_ids": list(user_ids),
            "months": sorted(months),
            "id_locks": sorted({each.int % _ID_LOCKS for each in event_ids}),
        },
        made,
    )
