"""Copies events between Postgres and the lake, row for row, in either direction.

Belongs here: the order of things, in batches of bounded size. Does not: SQL (`warehouse`), or Iceberg (`lake`).

A batch is one transaction, and an event is stored once by its id: a copy that was killed is simply started again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import polars as pl

from ingestion import event_writer
from ingestion.packing import Packed, pack_events, pack_quarantine
from ingestion.quarantine import as_row, refused
from lake.catalogue import Lake, LakeTransaction
from lake.events import ARROW_SCHEMA, append, batches
from lake.names import EVENTS
from warehouse import erased_users
from warehouse.arriving_events import EVENT_COLUMNS, STORED_COLUMNS, Conflict, taken
from warehouse.database import execute
from warehouse.events import estimated_events, move_watermark, oldest_open_transaction, watermark
from warehouse.lake_events import SAID, event_months, events_for_lake, identify

BATCH_ROWS = 200_000
"""About 100 MB while they are copied."""

READER = "lake"
"""Under this name `raw.watermarks` says which events of Postgres the lake has."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of the events that were read: read = stored + known + conflicting + erased.

    `total` is about how many there are to read.
    """

    total: int
    read: int = 0
    stored: int = 0
    known: int = 0
    conflicting: int = 0
    erased: int = 0


Show = Callable[[Copied], None]


def copy_to_lake(lake: Lake, *, batch_rows: int = BATCH_ROWS, progress: Show | None = None) -> Copied:
    """Copies the events of Postgres that arrived since the last copy into the lake; what is there already stays.

    An event whose id is another's in the lake is left out and counted as conflicting.
    """
    with lake.reading() as transaction:
        connection = transaction.connection
        is_there = transaction.table(EVENTS) is not None
        since = execute(connection, watermark(READER)) if is_there else 0
        below = execute(connection, oldest_open_transaction())
        months = execute(connection, event_months())
        copied = Copied(execute(connection, estimated_events()) if since == 0 else 0)
    for month in months:
        for frame in _frames(lake.url, events_for_lake(month, since, below), batch_rows):
            with lake.writing() as transaction:
                copied = _added(copied, frame, _append(transaction, frame, f"copy of {month}"))
            if progress:
                progress(copied)
    with lake.writing() as transaction:
        execute(transaction.connection, move_watermark(READER, below))
    return copied


def _frames(url: str, query: str, rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a query in frames of `rows` rows (the last one may have fewer)."""
    with adbc.connect(url) as reading, reading.cursor() as cursor:
        cursor.execute(query)
        with cursor.fetch_record_batch() as reader:
            gathered: list[pl.DataFrame] = []
            for batch in reader:
                gathered.append(pl.DataFrame(batch))
                if sum(each.height for each in gathered) >= rows:
                    yield pl.concat(gathered)
                    gathered = []
            if gathered and sum(each.height for each in gathered):
                yield pl.concat(gathered)


def _append(transaction: LakeTransaction, frame: pl.DataFrame, name: str) -> event_writer.Stored:
    users = frame.get_column("user_id").unique().to_list()
    erased = execute(transaction.connection, erased_users.erased_among(users))
    kept = frame.filter(~pl.col("user_id").is_in(erased)) if erased else frame
    found = execute(
        transaction.connection,
        identify(kept.get_column("event_id").to_list(), kept.get_column(SAID).to_list()),
    )
    fresh = kept[found.fresh].select(STORED_COLUMNS).to_arrow().cast(ARROW_SCHEMA)
    append(transaction, fresh, name)
    known = kept.height - len(found.fresh) - len(found.conflicting)
    return event_writer.Stored(len(found.fresh), known, 0, 0, len(found.conflicting), frame.height - kept.height)


def copy_to_postgres(lake: Lake, *, batch_rows: int = BATCH_ROWS, progress: Show | None = None) -> Copied:
    """Copies the events of the lake into Postgres; what is there already stays.

    An event whose id is another's in Postgres goes to quarantine. Raises ImportStoppedError where Postgres cannot store
    a batch.
    """
    with lake.reading() as transaction:
        table = transaction.table(EVENTS)
    snapshot = None if table is None else table.current_snapshot()
    if table is None or snapshot is None or snapshot.summary is None:
        return Copied(0)
    copied = Copied(int(snapshot.summary["total-records"] or 0))
    with event_writer.connected(lake.url) as connection:
        import_id = event_writer.begin_import(connection, Path("lake"))
        nothing = pack_quarantine(refused([], [], [], None))
        for frame in batches(table, batch_rows):
            events = frame.with_columns(pl.col("event_id").str.replace_all("-", "", literal=True))
            packed = pack_events(events, events.get_column("event_id"))
            stored = event_writer.store_batch(
                connection, import_id, packed, nothing, partial(_conflicting, copied.read), is_new=copied.known == 0
            )
            copied = _added(copied, frame, stored)
            if progress:
                progress(copied)
        event_writer.finish_import(connection, import_id)
        event_writer.analyze_after(connection, copied.stored)
    return copied


def _conflicting(before: int, events: pl.DataFrame, conflicts: Sequence[Conflict]) -> Packed:
    """Those of `events` that have the id of another, for the quarantine; `before` them so many events were copied."""
    places = [each.place for each in conflicts]
    rows = [as_row(event) for event in events[places].select(EVENT_COLUMNS).iter_rows(named=True)]
    return pack_quarantine(
        refused([before + place + 1 for place in places], [taken(each.columns) for each in conflicts], rows, None)
    )


def _added(copied: Copied, frame: pl.DataFrame, stored: event_writer.Stored) -> Copied:
    return replace(
        copied,
        read=copied.read + frame.height,
        stored=copied.stored + stored.stored,
        known=copied.known + stored.known,
        conflicting=copied.conflicting + stored.conflicting,
        erased=copied.erased + stored.erased,
    )
