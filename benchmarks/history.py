"""Loads a long simulated history into a warehouse, faster than the import could.

Belongs here: writing whole months, whose indexes are built last. A month is then as an import and a vacuum would leave
it. Does not belong here: measuring the import (`benchmarks.ingest`), and what is built from the events
(`benchmarks.data`).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
from psycopg import sql

from ingestion import event_writer, packing
from simulator import simulate, write
from warehouse.arriving_events import EVENT_COLUMNS
from warehouse.database import Connection

_BATCH = 200_000
_END = date(2026, 1, 1)
_COPY_BYTES = 1 << 20


def simulated(users: int, days: int, file: Path) -> Path:
    """The file with all events of a shop up to the end of 2025. It is written if it does not exist."""
    if not file.exists():
        write(simulate(users, days, 5, start=_END - timedelta(days=days)), file)
    return file


def read_events(file: Path, first: date, last: date) -> Iterator[pl.DataFrame]:
    """The events of the given days, batch by batch. Parts of the file without any are not read."""
    moment = pc.field("occurred_at")
    asked = (moment >= _midnight(first)) & (moment < _midnight(last + timedelta(days=1)))
    for batch in ds.dataset(file).to_batches(filter=asked, batch_size=_BATCH, batch_readahead=2):
        if batch.num_rows:
            yield pl.DataFrame(batch)


def load_history(url: str, file: Path, first: date, last: date) -> None:
    """Writes the events of the given days into `raw.events`. Months that already exist are not changed."""
    with event_writer.connected(url) as connection:
        months = [month for month in _months(first, last) if not _is_there(connection, month)]
        if not months:
            return
        import_id = event_writer.begin_import(connection, file)
        for month in months:
            days = max(first, month), min(last, _following(month) - timedelta(days=1))
            with connection.transaction():
                stored = _load_month(connection, month, read_events(file, *days))
                connection.execute(
                    "update raw.imports set rows_read = rows_read + %(rows)s, rows_stored = rows_stored + %(rows)s"
                    " where import_id = %(import_id)s",
                    {"rows": stored, "import_id": import_id},
                )
        connection.execute("analyze raw.events")
        event_writer.finish_import(connection, import_id)


def _load_month(connection: Connection, month: date, events: Iterator[pl.DataFrame]) -> int:
    """Writes one month and returns its number of rows. Attaching it gives it the keys and indexes of `raw.events`.

    The table is created and filled in one transaction, so the rows are not logged. They are frozen, as after a vacuum.
    """
    table = sql.Identifier("raw", _name(month))
    connection.execute(sql.SQL("create table {} (like raw.events including all excluding indexes)").format(table))
    columns = sql.SQL(", ").join(map(sql.Identifier, EVENT_COLUMNS))
    command = sql.SQL("copy {} ({}) from stdin (format csv, freeze)").format(table, columns)
    with connection.cursor() as cursor:
        with cursor.copy(command) as copy:
            for batch in events:
                text = memoryview(packing.pack_events(batch).text)
                for start in range(0, len(text), _COPY_BYTES):
                    copy.write(text[start : start + _COPY_BYTES])
        stored = cursor.rowcount
    begins, ends = (sql.Literal(f"{day} 00:00:00+00") for day in (month, _following(month)))
    connection.execute(
        sql.SQL("alter table raw.events attach partition {} for values from ({}) to ({})").format(table, begins, ends)
    )
    return stored


def _is_there(connection: Connection, month: date) -> bool:
    return connection.execute("select to_regclass(%s)", [f"raw.{_name(month)}"]).fetchone() != (None,)


def _name(month: date) -> str:
    return f"events_{month:%Y_%m}"


def _months(first: date, last: date) -> Iterator[date]:
    """The first day of each month from `first` to `last`."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _following(month)


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
