"""The table of events: its columns, appending to it, reading it.

Belongs here: how an event of `raw.events` is written in the lake. Does not: whether it is stored (`ingestion`).

Files are in the order in which events arrived, so their bounds of `received_at` tell which of them a day needs: there
are no partitions, of which a small shop would make thousands of tiny files. Numbers are doubles, as every number that
`ingestion` stores was one; a decimal would have to round some of them. Bounds of columns that may name a user are not
kept, because they would be one more place to erase.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from pyiceberg.types import DoubleType, NestedField, StringType, TimestamptzType

from lake.catalogue import LakeTransaction
from lake.files import data_files, read
from lake.names import EVENTS
from warehouse.arriving_events import STORED_COLUMNS

_REQUIRED = ("event_id", "user_id", "event_type", "occurred_at", "received_at", "source")
_KINDS = {
    **dict.fromkeys(("occurred_at", "received_at"), TimestamptzType()),
    **dict.fromkeys(("amount", "quantity", "base_amount"), DoubleType()),
}
SCHEMA = Schema(
    *(
        NestedField(number, name, _KINDS.get(name, StringType()), required=name in _REQUIRED)
        for number, name in enumerate(STORED_COLUMNS, 1)
    )
)
"""The columns of `raw.events`. Ids are text, as Spark has no UUIDs; `properties` are JSON text."""

_ARROW_KINDS = {
    **dict.fromkeys(("occurred_at", "received_at"), pa.timestamp("us", "UTC")),
    **dict.fromkeys(("amount", "quantity", "base_amount"), pa.float64()),
}
ARROW_SCHEMA = pa.schema(
    [pa.field(name, _ARROW_KINDS.get(name, pa.string()), nullable=name not in _REQUIRED) for name in STORED_COLUMNS]
)

PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # As they are in memory, into which erasing reads one after another; on disk they are a fifth of it.
    "write.target-file-size-bytes": str(256 << 20),
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.received_at": "full",
    "write.metadata.metrics.column.occurred_at": "full",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}

_MINE = "customer-analyzer."
FIRST_RECEIVED = _MINE + "first-received"
"""In the summary of a snapshot that added events: when the first of them was received (ISO 8601). A mart that was built
from an older snapshot is still true for the days before."""
BATCH = _MINE + "batch"
"""In the summary of such a snapshot: whatever its sender called the batch."""
COMPACTED = _MINE + "compacted"
"""In the summary of a snapshot that wrote the same rows into fewer files."""

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


def events_table(transaction: LakeTransaction) -> Table:
    """The table of events, which is made if there is none."""
    table = transaction.table(EVENTS)
    if table is None:
        transaction.catalogue.create_namespace_if_not_exists(EVENTS[:-1])
        table = transaction.catalogue.create_table(EVENTS, SCHEMA, properties=PROPERTIES)
    return table


def as_arrow(events: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with the columns that are stored, as a table of the lake's schema."""
    columns = {name: [event.get(name) for event in events] for name in STORED_COLUMNS}
    columns["event_id"] = [str(UUID(each)) for each in columns["event_id"]]
    return pa.table(columns, schema=ARROW_SCHEMA)


def append(transaction: LakeTransaction, events: pa.Table, batch: str) -> int | None:
    """Adds events in a snapshot of their own and returns its id; None where there are none to add."""
    if not events.num_rows:
        return None
    first: datetime = pc.min(events["received_at"]).as_py()
    table = events_table(transaction)
    table.append(events, snapshot_properties={BATCH: batch, FIRST_RECEIVED: first.isoformat()})
    snapshot = table.current_snapshot()
    return None if snapshot is None else snapshot.snapshot_id


def batches(table: Table, rows: int) -> Iterator[pl.DataFrame]:
    """All events of a table's newest snapshot in frames of up to `rows` rows, read file after file."""
    for file in data_files(table):
        yield from pl.DataFrame(read(table, [file])).iter_slices(rows)


def changed_from(table: Table, snapshot_id: int) -> datetime | None:
    """The moment of receipt from which events differ between an older snapshot and the newest; None if none differ.

    Where that cannot be told any more, because snapshots in between have expired or have removed rows, it is BEGINNING:
    whatever was built from the older snapshot is to be built anew.
    """
    known = {each.snapshot_id: each for each in table.snapshots()}
    current = table.current_snapshot()
    changed: list[datetime] = []
    while current is not None and current.snapshot_id != snapshot_id:
        said: Mapping[str, Any] = current.summary or {}
        if first := said.get(FIRST_RECEIVED):
            changed.append(datetime.fromisoformat(first))
        elif said.get("operation") is not Operation.REPLACE and not said.get(COMPACTED):
            return BEGINNING
        current = known.get(current.parent_snapshot_id or 0)
    return BEGINNING if current is None else min(changed, default=None)
