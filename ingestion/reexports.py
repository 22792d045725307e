"""Notices a file whose events are stored already under other ids: the same, exported once more.

Belongs here: the comparison with what is stored. Does not: ids (`event_ids`).
"""

from pathlib import Path

import polars as pl

from ingestion.chunks import Chunk
from ingestion.errors import ReexportError
from warehouse.database import Connection

# Rows of the first look that are compared; a share of so many is exact to some two percent.
SAMPLE_ROWS = 2_000
# Twins of so few rows say nothing.
_LEAST_ROWS = 2
_TWINS = """
    select count(*)
    from unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::float8[])
        as given (event_id, user_id, event_type, occurred_at, order_id, item_id, amount)
    where exists (
        select from raw.events
        where events.user_id = given.user_id
            and events.occurred_at = given.occurred_at
            and events.event_type = given.event_type
            and events.order_id is not distinct from given.order_id
            and events.item_id is not distinct from given.item_id
            and events.amount::float8 is not distinct from given.amount
            and events.event_id <> given.event_id
    ) and not exists (
        select from raw.events
        where events.event_id = given.event_id and events.occurred_at = given.occurred_at
    )
"""
_COLUMNS = ("event_id", "user_id", "event_type", "occurred_at", "order_id", "item_id", "amount")


def sampled(chunk: Chunk) -> Chunk:
    """Some rows of a chunk, evenly spread over it."""
    step = max(chunk.rows.height // SAMPLE_ROWS, 1)
    return Chunk(
        chunk.numbers.gather_every(step),
        chunk.rows.gather_every(step),
        chunk.fraction,
        (),
        None if chunk.documents is None else chunk.documents.gather_every(step),
        None if chunk.rest is None else chunk.rest.gather_every(step),
        chunk.names,
    )


def demand_new(connection: Connection, file: Path, events: pl.DataFrame) -> None:
    """Raises ReexportError if most of `events`, a sample of a file's, are stored under other ids."""
    if events.height < _LEAST_ROWS or connection.execute("select from raw.events limit 1").fetchone() is None:
        return
    row = connection.execute(_TWINS, [events.get_column(name).to_list() for name in _COLUMNS]).fetchone()
    twins = 0 if row is None else int(str(row[0]))
    if 2 * twins > events.height:
        raise ReexportError(
            f"{file} seems to hold events that are stored already: {twins:,} of {events.height:,} rows looked at equal"
            " stored events in user, type, time, order, item and amount, under other ids. Nothing of it was stored. Say"
            " what tells one row from another with --key order_id,item_id, leave out the columns that differ, or import"
            " it nevertheless with --even-if-known"
        )
