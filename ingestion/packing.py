"""Rows as the text that COPY reads.

Belongs here: work for the processor only, which can run ahead of storing. Does not: the database (`event_writer`).
"""

import io
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import polars.selectors as cs

from warehouse.arriving_events import BASE_AMOUNT, EVENT_COLUMNS, QUARANTINE_COLUMNS, STORED_COLUMNS

# As many hexadecimal digits as a signed integer of 64 bits holds.
_START_DIGITS = 15
_START = "start_of_id"


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows ready for COPY: the CSV text of some of their columns, and the months their events fall into.

    `own_ids` are the ids that senders gave, as a Postgres array, None where all are made of the row. `is_repeating`:
    one of those was in the file before.
    """

    rows: pl.DataFrame
    columns: tuple[str, ...]
    text: bytes
    months: tuple[datetime, ...] = ()
    own_ids: str | None = None
    is_repeating: bool = False

    @property
    def height(self) -> int:
        return self.rows.height


def pack_events(events: pl.DataFrame, own_ids: pl.Series | None = None, *, is_repeating: bool = False) -> Packed:
    """Events that fulfil the contract, for `event_writer.store_batch`."""
    # So the index of ids is written page after page, and importers of the same events wait for each other in no circle.
    events = _by_id(events)
    months = events.get_column("occurred_at").dt.truncate("1mo").unique().sort().to_list()
    ids = None if own_ids is None or own_ids.is_empty() else "{" + str(own_ids.str.join(",").item()) + "}"
    columns = STORED_COLUMNS if BASE_AMOUNT in events.columns else EVENT_COLUMNS
    return Packed(events, columns, as_csv(events.select(columns)), tuple(months), ids, is_repeating)


def _by_id(events: pl.DataFrame) -> pl.DataFrame:
    """Events in the order of their ids. To sort by the first digits, as a number, costs a third of sorting by text."""
    start = events.get_column("event_id").str.slice(0, _START_DIGITS).str.to_integer(base=16).alias(_START)
    ordered = events.with_columns(start).sort(_START, maintain_order=True)
    if (ordered.get_column(_START).diff() == 0).any():
        return events.sort("event_id", maintain_order=True)
    return ordered.drop(_START)


def pack_quarantine(rows: pl.DataFrame) -> Packed:
    """Bad rows, for `event_writer.store_batch`."""
    return Packed(rows, QUARANTINE_COLUMNS, as_csv(rows.select(QUARANTINE_COLUMNS)))


def as_csv(rows: pl.DataFrame) -> bytes:
    """Rows as the text that COPY reads; only a null is empty and without quotes."""
    # The session's time zone is UTC, so a time needs no zone; Polars writes those twice as fast.
    buffer = io.BytesIO()
    rows.with_columns(cs.datetime().dt.replace_time_zone(None)).write_csv(buffer, include_header=False)
    return buffer.getvalue()
