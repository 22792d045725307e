"""Stores a batch in which some ids may be taken, and says which of its events are not the ones that are stored.

Belongs here: SQL that compares an arriving event with the stored one of the same id. Does not: transactions, COPY, and
what becomes of an event that is refused (`store`, `importing`).

An id belongs to one event, whenever that happened; but the primary key of a table partitioned by time holds the time
too, so only these statements see an id that comes again with another time. What is compared is everything a sender
says. `received_at` is what we say: a second delivery comes later, and is the same event.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

EVENT_COLUMNS = (
    "event_id",
    "user_id",
    "event_type",
    "occurred_at",
    "received_at",
    "order_id",
    "item_id",
    "amount",
    "currency",
    "quantity",
    "source",
    "properties",
)
_SAID_COLUMNS = tuple(name for name in EVENT_COLUMNS if name not in {"event_id", "received_at"})
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, EVENT_COLUMNS))

Connection = psycopg.Connection[tuple[object, ...]]


class OvertakenError(Exception):
    """Another importer stored some of these ids meanwhile. Repeat the batch, which will then find them."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The event at `place` of its batch (the first is 0) has the id of another, which differs in `columns`."""

    place: int
    columns: str


def any_known(connection: Connection, event_ids: str) -> bool:
    """Whether one of the ids, a Postgres array as text, is taken, at whatever time.

    About a microsecond an id and month of history on one core: one pass over each month's index.
    """
    row = connection.execute(
        "select exists(select from raw.events where event_id = any((select %s::uuid[])::uuid[]))", [event_ids]
    ).fetchone()
    return row is not None and bool(row[0])


def receive(connection: Connection) -> sql.Identifier:
    """An empty table for the batch, gone with the transaction. `place` counts its rows as they come."""
    connection.execute(
        sql.SQL("create temporary table arriving on commit drop as select {} from raw.events limit 0").format(_COLUMNS)
    )
    connection.execute("alter table arriving add column place bigint generated always as identity (start 0 minvalue 0)")
    return sql.Identifier("arriving")


def store_unknown(connection: Connection) -> int:
    """Stores what is arriving, but for rows with the id and time of a stored one: enough for ids made of the row."""
    return _store_from(connection, "arriving")


def store_compared(connection: Connection) -> tuple[int, list[Conflict]]:
    """Stores the arriving events whose id is not taken; their number, and those that contradict a stored event.

    Of equal ids the first wins. Raises OvertakenError.
    """
    connection.execute(
        sql.SQL(
            "create temporary table known on commit drop as select {} from raw.events"
            " where event_id = any((select array_agg(event_id) from arriving)::uuid[])"
        ).format(_COLUMNS)
    )
    fresh = connection.execute(
        sql.SQL(
            "create temporary table fresh on commit drop as select distinct on (event_id) {} from arriving"
            " where not exists (select from known where known.event_id = arriving.event_id) order by event_id, place"
        ).format(_COLUMNS)
    ).rowcount
    stored = _store_from(connection, "fresh")
    if stored < fresh:
        raise OvertakenError
    return stored, _conflicts(connection)


def _store_from(connection: Connection, table: str) -> int:
    # In the order of ids, so that two importers of the same rows wait for each other but hardly ever in a circle.
    return connection.execute(
        sql.SQL("insert into raw.events ({0}) select {0} from {1} order by event_id on conflict do nothing").format(
            _COLUMNS, sql.Identifier(table)
        )
    ).rowcount


def _conflicts(connection: Connection) -> list[Conflict]:
    differing = sql.SQL(", ").join(
        sql.SQL("case when arriving.{0} is distinct from held.{0} then {1} end").format(sql.Identifier(name), name)
        for name in _SAID_COLUMNS
    )
    # An id that is stored twice, at two times, is from before ids were compared: either of them will do. No difference
    # is an empty text, the least there is.
    rows = connection.execute(
        sql.SQL(
            "select place, min(concat_ws(', ', {})) as columns from arriving"
            " join (table known union all table fresh) as held using (event_id)"
            " group by place having min(concat_ws(', ', {})) <> '' order by place"
        ).format(differing, differing)
    ).fetchall()
    return [Conflict(int(str(place)), str(columns)) for place, columns in rows]
