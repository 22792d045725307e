"""Which events the lake has: an id and a digest of what its sender said for each, so that an id belongs to one event.

Belongs here: SQL on `lake.event_ids`, the lock of the lake's writers, and events of Postgres as they go to the lake.
Does not: the lake's files and catalogue (`lake`), or what becomes of an event (`ingestion`).

Events come with random ids, so no order of the lake's files tells quickly whether an id is among billions; an index
does. It is in the same Postgres as the catalogue, so an id and its event are committed together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from psycopg import sql

from warehouse.arriving_events import EVENT_TYPES, STORED_COLUMNS, from_json
from warehouse.database import Result, Statement, command, rows, value

SAID = "said"
"""The column with the digest of what the sender said."""

_SAID = sql.SQL(
    "lake.said(user_id, event_type, occurred_at, order_id, item_id, amount, currency, quantity, source, properties)"
)
_IDENTIFY = sql.SQL("""
with arriving as materialized ({arriving}),
known as materialized (
    select event_id, said from lake.event_ids where event_id = any((select array_agg(event_id) from arriving)::uuid[])
),
fresh as materialized (
    select distinct on (event_id) event_id, said, place from arriving
    where not exists (select from known where known.event_id = arriving.event_id)
    order by event_id, place
),
noted as (
    insert into lake.event_ids (event_id, said) select event_id, said from fresh
)
select
    array(select place from fresh order by place),
    array(
        select arriving.place
        from arriving join (select event_id, said from known union all select event_id, said from fresh) as held
            using (event_id)
        where arriving.said <> held.said
        order by arriving.place
    )
""")


@dataclass(frozen=True, slots=True)
class Identified:
    """The places of arriving events that are new, and of those that have the id of another event. The rest is known."""

    fresh: list[int]
    conflicting: list[int]


def begin_writing() -> Statement[int]:
    """Waits for whoever writes to the lake, and has others wait until the end of the transaction."""
    return command("select pg_advisory_xact_lock(hashtext('lake writers'))")


def identify_json(events: Sequence[Mapping[str, object]]) -> Statement[Identified]:
    """Notes the ids of events that are new to the lake; of equal ids the first wins. `properties` are JSON text."""
    arriving = sql.SQL("select event_id, {} as said, place from ({}) as events").format(_SAID, from_json(EVENT_TYPES))
    given = [{name: event[name] for name in EVENT_TYPES} for event in events]
    query = _IDENTIFY.format(arriving=arriving)
    return Statement(query, {"rows": orjson.dumps(given).decode()}, _identified)


def identify(event_ids: Sequence[str], said: Sequence[bytes]) -> Statement[Identified]:
    """The same for events whose digests are known."""
    arriving = sql.SQL(
        "select event_id, said, place - 1 as place"
        " from unnest(%(event_ids)s::uuid[], %(said)s::bytea[]) with ordinality as given (event_id, said, place)"
    )
    query = _IDENTIFY.format(arriving=arriving)
    return Statement(query, {"event_ids": list(event_ids), "said": list(said)}, _identified)


def _identified(result: Result) -> Identified:
    ((fresh, conflicting),) = result.rows
    return Identified(fresh, conflicting)


def forget_ids(event_ids: Sequence[str]) -> Statement[int]:
    """Forgets ids of events that are no longer in the lake; how many were noted."""
    return command("delete from lake.event_ids where event_id = any(%(event_ids)s::uuid[])", event_ids=list(event_ids))


def has_tables() -> Statement[bool]:
    """Whether there is a lake: whether its catalogue has a table."""
    return value(bool, "select exists(select from lake.iceberg_tables)")


def view_files() -> Statement[list[str]]:
    """The metadata files of the views that Spark made in the lake. pyiceberg's catalogue lists tables only."""
    return rows(str, "select metadata_location from lake.iceberg_tables where iceberg_type = 'VIEW' order by 1")


def event_months() -> Statement[list[str]]:
    """The partitions of `raw.events` with events that could be copied, oldest first, by month: `2024_01`."""
    return rows(
        str,
        "select substring(relname from 'events_(\\d{4}_\\d{2})$')"
        " from pg_partition_tree('raw.events') join pg_class on oid = relid where isleaf order by 1",
    )


def events_for_lake(month: str, since: int, below: int) -> str:
    """A query for the events of a month that transactions from `since` to below `below` stored, as the lake has them.

    With their digest, for Arrow's driver.
    """
    casts = {
        "event_id": "event_id::text",
        "properties": "properties::text",
        **{name: f"{name}::double precision" for name in ("amount", "quantity", "base_amount")},
    }
    columns = sql.SQL(", ").join(
        sql.SQL("{} as {}").format(sql.SQL(casts[name]), sql.Identifier(name))
        if name in casts
        else sql.Identifier(name)
        for name in STORED_COLUMNS
    )
    query = sql.SQL("select {}, {} as said from {} where ingested_xid >= {} and ingested_xid < {}").format(
        columns, _SAID, sql.Identifier("raw", f"events_{month}"), sql.Literal(since), sql.Literal(below)
    )
    return query.as_string()
