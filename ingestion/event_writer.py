"""Puts a batch into the warehouse: one transaction, all of it or nothing.

Belongs here: COPY, partitions, statistics, the record of imports. Does not: files, rules, making text of rows
(`packing`), or telling an event that is known from one whose id is taken (`warehouse.arriving_events`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from core.errors import DatabaseError
from ingestion.errors import ImportStoppedError
from ingestion.packing import Packed, pack_events, pack_quarantine
from warehouse import arriving_events, erased_users, exchange_rates
from warehouse.arriving_events import QUARANTINE_COLUMNS, STORED_COLUMNS, Conflict
from warehouse.database import Connection, execute

# libpq keeps what it cannot send at once, so a batch is handed over in pieces.
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: new events, known ones, bad rows, and how many of those were in quarantine already.

    `conflicting` of the bad ones are events with the id of another. `erased` rows, good or bad, are of users who were
    erased; they are nowhere.
    """

    stored: int
    known: int
    quarantined: int
    quarantined_known: int
    conflicting: int
    erased: int


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection in autocommit mode. Raises DatabaseError when there is none to be had."""
    try:
        connection: Connection = psycopg.connect(url, autocommit=True, options="-c timezone=UTC")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseError(f"The warehouse cannot be reached: {reason}; is the platform up?") from error
    with connection:
        yield connection


def begin_import(
    connection: Connection, file: Path, reading: Mapping[str, Any] | None = None, upload_id: UUID | None = None
) -> int:
    """Notes that a file is being imported, how it is read (`recorded_reading`) and which upload it is; its number."""
    with _refusals():
        row = connection.execute(
            "insert into raw.imports (file_name, reading, upload_id) values (%s, %s, %s) returning import_id",
            [file.name, None if reading is None else Jsonb(dict(reading)), upload_id],
        ).fetchone()
    assert row is not None  # noqa: S101 (an insert returns its row)
    return int(str(row[0]))


def finish_import(connection: Connection, import_id: int) -> None:
    """Notes that a file is in, whole."""
    with _refusals():
        connection.execute("update raw.imports set finished_at = now() where import_id = %s", [import_id])


def analyze_after(connection: Connection, stored: int) -> None:
    """Renews the planner's statistics if `stored` new events are a tenth of the table or more.

    Autovacuum would do it for each month, a minute later, and never for the table as a whole. It reads a sample of each
    month: far less than what was just stored.
    """
    with _refusals():
        row = connection.execute(
            "select coalesce(sum(greatest(reltuples, 0)), 0)::bigint from pg_partition_tree('raw.events') as tree"
            " join pg_class on pg_class.oid = tree.relid where isleaf"
        ).fetchone()
        if row is not None and stored and 10 * stored >= int(str(row[0])):
            connection.execute("analyze raw.events")


def store_batch(
    connection: Connection,
    import_id: int,
    events: Packed,
    quarantine: Packed,
    conflicting: Callable[[pl.DataFrame, Sequence[Conflict]], Packed],
    *,
    is_new: bool,
    base: str | None = None,
) -> Stored:
    """Stores events and bad rows that are not there yet, and counts them in `raw.imports`; committed on return.

    `conflicting` turns those events of a frame that have the id of another into rows for the quarantine. `is_new` is a
    guess: true tries the fast way first, which only works if no event is known. Wrong costs time, never correctness.
    `base` is the currency that amounts were converted to, to be settled with the batch. Raises ImportStoppedError when
    the database cannot store the batch; nothing of it is then stored.
    """
    with _refusals():
        # Committed at once: a month without events harms nobody, and holding it would make other importers wait.
        _ensure_partitions(connection, events)
        while True:
            try:
                with connection.transaction():
                    if base is not None:
                        settle(connection, base)
                    return _store(connection, import_id, events, quarantine, conflicting, is_new=is_new)
            except arriving_events.OVERTAKEN:
                # Another importer of the same events got further, which can only happen as often as it has batches.
                is_new = False


def _store(
    connection: Connection,
    import_id: int,
    events: Packed,
    quarantine: Packed,
    conflicting: Callable[[pl.DataFrame, Sequence[Conflict]], Packed],
    *,
    is_new: bool,
) -> Stored:
    events, quarantine, erased = without_erased(connection, events, quarantine)
    conflicts: Sequence[Conflict] = ()
    stored = _copy_new(connection, events) if is_new and not _may_be_known(connection, import_id, events) else None
    if stored is None:
        copy_rows(connection, empty_table(connection), events)
        if events.own_ids is None:
            stored = execute(connection, arriving_events.store_table_without_looking())
        else:
            compared = execute(connection, arriving_events.store_table())
            stored, conflicts = len(compared.places), compared.conflicts
    quarantined = _copy_quarantine(connection, import_id, [quarantine, conflicting(events.rows, conflicts)])
    bad = quarantine.height + len(conflicts)
    known = events.height - stored - len(conflicts)
    result = Stored(stored, known, bad, bad - quarantined, len(conflicts), erased)
    connection.execute(
        "update raw.imports set rows_read = rows_read + %s, rows_stored = rows_stored + %s,"
        " rows_known = rows_known + %s, rows_quarantined = rows_quarantined + %s, rows_erased = rows_erased + %s"
        " where import_id = %s",
        [events.height + quarantine.height + erased, stored, known, bad, erased, import_id],
    )
    return result


def settle(connection: Connection, base: str) -> None:
    """Settles the base currency. Raises ImportStoppedError if another one is settled already."""
    execute(connection, exchange_rates.settle_base_currency(base))
    settled = execute(connection, exchange_rates.base_currency())
    if settled != base:
        raise ImportStoppedError(
            f"Another import has just made {settled} the base currency; import the file again, what is stored stays"
        )


def _may_be_known(connection: Connection, import_id: int, events: Packed) -> bool:
    """Whether ids that senders gave are taken; where nobody else has stored anything, only the file can tell."""
    if events.own_ids is None or events.is_repeating:
        return events.is_repeating
    row = connection.execute(
        "select is_called or exists(select from raw.imports where import_id <> %s and rows_stored > 0)"
        " from raw.receipts",
        [import_id],
    ).fetchone()
    return row is not None and bool(row[0]) and execute(connection, arriving_events.any_known(events.own_ids))


def is_archived(month: str) -> ImportStoppedError:
    """The sentence for a file with events of a month (YYYY-MM) that is archived."""
    return ImportStoppedError(
        f"There are events of {month}, which is archived: bring it back first with"
        " `customer-analyzer events restore FILE`, then import the file again; what is stored stays"
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns what the database refuses into the sentence for the one who imports."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise ImportStoppedError(
            "The disk of the warehouse is full; free some space and import the file again, what is stored stays"
        ) from error
    except psycopg.Error as error:
        if error.diag.constraint_name == "is_archived":
            raise is_archived(str(error.diag.table_name).removeprefix("events_").replace("_", "-")) from error
        # Only the primary message: the detail may quote a row.
        reason = error.diag.message_primary or str(error).strip().splitlines()[0]
        raise ImportStoppedError(
            f"The warehouse could not store events: {reason}; import the file again, what is stored stays"
        ) from error


def without_erased(connection: Connection, events: Packed, quarantine: Packed) -> tuple[Packed, Packed, int]:
    """The batch without rows of users who were erased, and how many those were. No one is erased until it is stored."""
    if not execute(connection, erased_users.is_anyone_erased()):
        return events, quarantine, 0
    users = execute(connection, erased_users.erased_among(events.rows.get_column("user_id").unique().to_list()))
    good = events.rows.filter(~pl.col("user_id").is_in(users))
    places = execute(connection, erased_users.erased_rows(quarantine.rows.get_column("row").to_list()))
    bad = quarantine.rows.with_row_index("place").filter(~pl.col("place").is_in(places))
    erased = events.height - good.height + quarantine.height - bad.height
    if not erased:
        return events, quarantine, 0
    packed = replace(pack_events(good), own_ids=events.own_ids, is_repeating=events.is_repeating)
    return packed, pack_quarantine(bad), erased


def _ensure_partitions(connection: Connection, events: Packed) -> None:
    connection.execute(
        "select raw.ensure_event_partitions(month, month) from unnest(%s::timestamptz[]) as month",
        [list(events.months)],
    )


def empty_table(connection: Connection) -> sql.Identifier:
    """A temporary table for the batch, gone with the transaction. `place` counts its rows as they come."""
    columns = sql.SQL(", ").join(map(sql.Identifier, STORED_COLUMNS))
    connection.execute(
        sql.SQL("create temporary table arriving on commit drop as select {} from raw.events limit 0").format(columns)
    )
    connection.execute("alter table arriving add column place bigint generated always as identity (start 0 minvalue 0)")
    return sql.Identifier("arriving")


def _copy_new(connection: Connection, events: Packed) -> int | None:
    """Straight into the table; None, and nothing stored, if one of the events is known."""
    try:
        with connection.transaction():
            copy_rows(connection, sql.Identifier("raw", "events"), events)
    except psycopg.errors.UniqueViolation:
        return None
    return events.height


def _copy_quarantine(connection: Connection, import_id: int, rows: Sequence[Packed]) -> int:
    filled = [each for each in rows if each.height]
    if not filled:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, QUARANTINE_COLUMNS))
    connection.execute(
        sql.SQL("create temporary table refused on commit drop as select {} from raw.events_quarantine limit 0").format(
            columns
        )
    )
    for each in filled:
        copy_rows(connection, sql.Identifier("refused"), each)
    return execute(connection, arriving_events.refuse_table(import_id))


def copy_rows(connection: Connection, table: sql.Identifier, rows: Packed) -> None:
    """Adds rows to a table."""
    text = memoryview(rows.text)
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    command = sql.SQL("copy {} ({}) from stdin (format csv)").format(table, columns)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for start in range(0, len(text), _COPY_BYTES):
            copy.write(text[start : start + _COPY_BYTES])
