"""Rows that are not stored, as the quarantine has them.

Belongs here: their columns and ids. Does not: why a row is refused (`data_contracts`), or writing it (`warehouse`).
"""

import polars as pl

from ingestion import event_ids

_SCHEMA = {"row_number": pl.Int64, "reason": pl.String, "row": pl.String}


def refused(numbers: list[int], reasons: list[str], rows: list[str], places: event_ids.Places | None) -> pl.DataFrame:
    """Rows for the quarantine, by number. `rows` are JSON, whole, as they came.

    A row's id is made of the row and its place among equal rows; without `places` equal rows are one. So what is sent
    again adds nothing.
    """
    frame = pl.DataFrame({"row_number": numbers, "reason": reasons, "row": rows}, schema=_SCHEMA).sort("row_number")
    ids = event_ids.row_ids(event_ids.QUARANTINE, frame.get_column("row"), places)
    return frame.with_columns(ids.alias("quarantine_id"))
