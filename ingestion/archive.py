"""Old months out of `raw.events` into Parquet files, and back: the same rows, to the last digit.

Belongs here: what moves between a partition and a file, and the catalogue of files, `raw.archives`. Does not: what
marts make of a month that is away (they keep its days in `int_user_daily`).

A month that is archived stays as an empty partition that takes no row. So a late event of it is refused, and an old
file cannot bring its events in twice; marts would otherwise make the day anew from the late event alone.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg
import pyarrow.parquet as pq
from psycopg import sql
from psycopg.rows import class_row

from core.errors import OperationError, UserError
from ingestion.chunks import CHUNK_ROWS
from ingestion.errors import FileRefusedError
from ingestion.event_writer import connected, copy_rows
from ingestion.packing import Packed, as_csv
from warehouse import erased_users, waiting_events
from warehouse.arriving_events import BASE_AMOUNT
from warehouse.database import Database, execute
from warehouse.events import watermark
from warehouse.locks import marts_lock

Connection = psycopg.Connection[tuple[object, ...]]

# Whoever has not seen a row yet would never see it.
_READERS = ("contract", "int_user_daily")
# Types that Arrow has too; all others go as text, in which a numeric keeps every digit.
_AS_THEY_ARE = ("text", "timestamp with time zone", "bigint", "integer", "boolean", "double precision")


@dataclass(frozen=True)
class Archive:
    """A row of `raw.archives`: a file of events of one month."""

    sha256: str
    month: date
    path: str
    rows: int
    checksum: str
    restored_at: datetime | None

    @property
    def is_there(self) -> bool:
        """Whether the file lies where it was written, unchanged."""
        return Path(self.path).is_file() and sha256_of(Path(self.path)) == self.sha256


@dataclass(frozen=True)
class Restored:
    """A month that is back, in rows. `erased` were left out; `waiting`, archived without a rate, are in quarantine."""

    month: date
    rows: int
    erased: int
    waiting: int = 0


def catalogue(connection: Connection) -> list[Archive]:
    """Every archive ever written, oldest month first."""
    with connection.cursor(row_factory=class_row(Archive)) as cursor:
        return cursor.execute(
            "select sha256, month, path, rows, checksum, restored_at from raw.archives order by month, path"
        ).fetchall()


def archive_months(
    warehouse: Database, before: date, folder: Path, *, progress: Callable[[Archive], None] | None = None
) -> list[Archive]:
    """Moves every month before `before` (a first of a month) into a file of its own in `folder`.

    A partition is dropped only after its file was read back and had the same rows, in one transaction with the entry in
    the catalogue; whoever reads or stores events waits for that. Raises UserError where rows are too new to move or the
    folder is missing.
    """
    if not folder.is_dir():
        raise UserError(f"The folder {folder} does not exist; make it, or name another with --to.")
    archived = []
    with marts_lock(warehouse), connected(warehouse.url) as connection:
        is_built = connection.execute("select to_regclass('intermediate.int_user_daily') is not null").fetchall()[0][0]
        seen = min(warehouse.run(watermark(reader)) for reader in _READERS) if is_built else 0
        for month in _full_months(connection, before):
            archive = _archive(connection, warehouse.url, month, folder.resolve(), seen)
            archived.append(archive)
            if progress:
                progress(archive)
    return archived


def restore_files(url: str, files: Sequence[Path]) -> list[Restored]:
    """Brings archived months back, as they were, but for events of users who were erased meanwhile.

    Raises FileRefusedError for a file that no month of this warehouse was moved to, or that is back already.
    """
    with connected(url) as connection:
        archives = [_known(connection, file) for file in files]
        return [_restore(connection, archive, file) for archive, file in zip(archives, files, strict=True)]


def replace_file(connection: Connection, archive: Archive, part: Path) -> None:
    """Puts `part`, which has some of an archive's rows, in its place.

    At any moment the catalogue knows the file that is there, so a kill leaves an archive that can be restored.
    """
    made = sha256_of(part)
    with connection.transaction():
        _, (rows, checksum) = _read_back(connection, part)
        connection.execute(
            "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day, archived_at, restored_at)"
            " select %s, month, path, %s, %s, first_known_day, archived_at, restored_at from raw.archives"
            " where sha256 = %s on conflict do nothing",
            [made, rows, checksum, archive.sha256],
        )
    part.replace(archive.path)
    connection.execute("delete from raw.archives where path = %s and sha256 <> %s", [archive.path, made])


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _full_months(connection: Connection, before: date) -> list[date]:
    """The months before `before` of which there are events, oldest first."""
    rows = connection.execute(
        "select to_date(substring(relname from 'events_(\\d{4}_\\d{2})$'), 'YYYY_MM')"
        " from pg_partition_tree('raw.events') join pg_class on oid = relid where isleaf order by 1"
    ).fetchall()
    months = [month for (month,) in rows if isinstance(month, date) and month < before]
    return [
        month
        for month in months
        if connection.execute(sql.SQL("select from {} limit 1").format(_table(month))).fetchone() is not None
    ]


def _table(month: date) -> sql.Identifier:
    return sql.Identifier("raw", f"events_{month:%Y_%m}")


def _archive(connection: Connection, url: str, month: date, folder: Path, seen: int) -> Archive:
    table = _table(month)
    path = folder / f"events_{month:%Y-%m}_{secrets.token_hex(4)}.parquet"
    with _removed_on_failure(path):
        _write(connection, url, table, path)
        with connection.transaction():
            columns, kept = _read_back(connection, path)
            # At once what dropping takes in the end: two who each hold a little of it would wait for each other.
            connection.execute("lock table only raw.events in access exclusive mode")
            if _checksum(connection, table, columns) != kept:
                raise OperationError(f"Events of {month:%Y-%m} arrived while it was being archived; archive it again.")
            newest, first_known_day = connection.execute(
                sql.SQL(
                    "select max(ingested_xid), min(greatest(occurred_at, received_at) at time zone 'UTC')::date from {}"
                ).format(table)
            ).fetchall()[0]
            if int(str(newest)) >= seen:
                raise UserError(
                    f"Some events of {month:%Y-%m} are not in the marts yet; build them first: customer-analyzer run"
                )
            archive = Archive(sha256_of(path), month, str(path), *kept, restored_at=None)
            connection.execute(sql.SQL("alter table raw.events detach partition {}").format(table))
            connection.execute(sql.SQL("drop table {}").format(table))
            connection.execute(
                sql.SQL(
                    "create table {} partition of raw.events (constraint is_archived check (false))"
                    " for values from ({}) to ({})"
                ).format(table, *_bounds(month))
            )
            connection.execute(
                "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day)"
                " values (%s, %s, %s, %s, %s, %s)",
                [archive.sha256, month, archive.path, *kept, first_known_day],
            )
    return archive


def _restore(connection: Connection, archive: Archive, file: Path) -> Restored:
    table, back = _table(archive.month), sql.Identifier("raw", f"events_{archive.month:%Y_%m}_back")
    with connection.transaction():
        connection.execute(sql.SQL("create table {} (like raw.events including all)").format(back))
        columns = _load(connection, file, back)
        if _checksum(connection, back, columns) != (archive.rows, archive.checksum):
            raise OperationError(f"The rows of {file} are not those that were archived; nothing was restored from it.")
        execute(connection, erased_users.is_anyone_erased())
        erased = connection.execute(
            sql.SQL(
                "delete from {0} where user_id in (select user_id from (select distinct user_id from {0}) as users"
                " where raw.user_hash(user_id) in (select user_hash from raw.erased_users))"
            ).format(back)
        ).rowcount
        waiting = 0 if BASE_AMOUNT in columns else execute(connection, waiting_events.set_aside(back))
        connection.execute("lock table only raw.events in access exclusive mode")
        connection.execute(sql.SQL("drop table {}").format(table))
        name = sql.Identifier(f"events_{archive.month:%Y_%m}")
        connection.execute(sql.SQL("alter table {} rename to {}").format(back, name))
        connection.execute(
            sql.SQL("alter table raw.events attach partition {} for values from ({}) to ({})").format(
                table, *_bounds(archive.month)
            )
        )
        connection.execute("update raw.archives set restored_at = now() where sha256 = %s", [archive.sha256])
    connection.execute(sql.SQL("analyze {}").format(table))
    return Restored(archive.month, archive.rows - erased - waiting, erased, waiting)


def _bounds(month: date) -> tuple[sql.Literal, sql.Literal]:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return sql.Literal(f"{month} 00:00:00+00"), sql.Literal(f"{following} 00:00:00+00")


def _known(connection: Connection, file: Path) -> Archive:
    if not file.is_file():
        raise FileRefusedError(f"There is no file {file}.")
    digest = sha256_of(file)
    found = next((archive for archive in catalogue(connection) if archive.sha256 == digest), None)
    if found is None:
        raise FileRefusedError(
            f"{file} is not an archive of this warehouse, or it was changed since it was written; "
            "other files of events come in with: customer-analyzer events import FILE"
        )
    if found.restored_at is not None:
        raise FileRefusedError(f"{found.month:%Y-%m}, which {file} is an archive of, is back already.")
    return found


def _write(connection: Connection, url: str, table: sql.Identifier, path: Path) -> None:
    """All rows of a partition as a file that only its owner may read, on disk when this returns."""
    columns = connection.execute(
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [table.as_string()],
    ).fetchall()
    named = sql.SQL(", ").join(
        sql.SQL("{0}" if kind in _AS_THEY_ARE else "{0}::text as {0}").format(sql.Identifier(str(name)))
        for name, kind in columns
    )
    query = sql.SQL("select {} from {} order by occurred_at, event_id").format(named, table).as_string()
    with adbc.connect(url) as reading, reading.cursor() as cursor:
        cursor.execute(query)
        with (
            cursor.fetch_record_batch() as batches,
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            with pq.ParquetWriter(file, batches.schema.remove_metadata(), compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())


def _read_back(connection: Connection, file: Path) -> tuple[list[str], tuple[int, str]]:
    """The columns of a file, and what its events add up to once Postgres has them again."""
    table = sql.Identifier("pg_temp", "archived")
    connection.execute(sql.SQL("create table {} (like raw.events including defaults)").format(table))
    columns = _load(connection, file, table)
    added_up = _checksum(connection, table, columns)
    connection.execute(sql.SQL("drop table {}").format(table))
    return columns, added_up


def _load(connection: Connection, file: Path, table: sql.Identifier) -> list[str]:
    """Adds the events in a file to a table; the columns the file has."""
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(CHUNK_ROWS):
            rows = pl.DataFrame(batch)
            copy_rows(connection, table, Packed(rows, tuple(rows.columns), as_csv(rows)))
        return list(parquet.schema_arrow.names)


def _checksum(connection: Connection, table: sql.Identifier, columns: Iterable[str]) -> tuple[int, str]:
    rows, checksum = connection.execute(
        "select * from raw.events_checksum(%s::regclass, %s)", [table.as_string(), list(columns)]
    ).fetchall()[0]
    return int(str(rows)), str(checksum)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
