"""Rows that are not stored, as the quarantine has them.

Belongs here: their columns and ids. Does not: why a row is refused (`data_contracts`), or writing it (`warehouse`).
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from ingestion import event_ids
from ingestion.chunks import storable
from ingestion.exchange import REASON
from warehouse.arriving_events import EVENT_COLUMNS

_SCHEMA = {"row_number": pl.Int64, "reason": pl.String, "row": pl.String, "waits_for": pl.String}


def refused(
    numbers: list[int],
    reasons: list[str],
    rows: list[str],
    places: event_ids.Places | None,
    waits_for: Sequence[str | None] | None = None,
) -> pl.DataFrame:
    """Rows for the quarantine, by number. `rows` are JSON, whole, as they came.

    A row's id is made of the row and its place among equal rows; without `places` equal rows are one. So what is sent
    again adds nothing. `waits_for` has the currencies of those that only wait for a rate.
    """
    columns = {"row_number": numbers, "reason": reasons, "row": rows, "waits_for": waits_for or [None] * len(rows)}
    frame = pl.DataFrame(columns, schema=_SCHEMA).sort("row_number")
    ids = event_ids.row_ids(event_ids.QUARANTINE, frame.get_column("row"), places)
    return frame.with_columns(ids.alias("quarantine_id"))


def waiting(events: pl.DataFrame, numbers: list[int]) -> pl.DataFrame:
    """Events that wait for a rate (`exchange.Converted.waiting`) for the quarantine, as they will be stored.

    So another reading of the file or other rates do not change what they are.
    """
    texts = [as_row(event) for event in events.select(pl.col(name) for name in EVENT_COLUMNS).iter_rows(named=True)]
    reasons, currencies = events.get_column(REASON).to_list(), events.get_column("currency").to_list()
    return refused(numbers, reasons, texts, None, currencies)


def as_row(event: dict[str, object]) -> str:
    """An event as JSON, without what is missing. `properties` are JSON text already, of which no digit may be lost."""
    properties = event["properties"]
    row = {name: value for name, value in event.items() if value is not None and name != "properties"}
    text = storable({name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()})
    return text if properties is None else f'{text[:-1]}, "properties": {properties}}}'
