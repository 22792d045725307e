"""Publishing: marts that were built in the lake go to Postgres, for the services, live features and the API.

Belongs here: which rows go, in one transaction and bounded memory. Does not: SQL (`warehouse.published`), or building
marts.

Whoever reads in Postgres sees all tables as they were, and after the commit all as they are. A table with a column
`as_of` is published as of its newest day only, unless asked otherwise; older snapshots are read in the lake.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import LiteralString

import polars as pl
import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.expressions.parser import parse
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from core.errors import OperationError
from lake.catalogue import Lake
from lake.files import data_files, read
from lake.marts import DAILY
from warehouse import erased_users, published
from warehouse.database import Connection, execute

COPY_ROWS = 50_000
"""So many rows are text at a time."""

AS_OF = "as_of"

_KINDS: dict[type[IcebergType], LiteralString] = {
    BooleanType: "boolean",
    DateType: "date",
    DecimalType: "numeric",
    DoubleType: "double precision",
    FloatType: "real",
    IntegerType: "integer",
    LongType: "bigint",
    StringType: "text",
    TimestampType: "timestamp",
    TimestamptzType: "timestamptz",
}

Name = tuple[str, str]
Show = Callable[[Name, int], None]


def publish(
    lake: Lake, names: Iterable[Name], *, every_day: bool = False, progress: Show | None = None
) -> dict[str, int]:
    """Replaces tables of Postgres by those of the lake with the same names; how many rows each has, by `schema.table`.

    All in one transaction. `every_day` publishes all snapshots that the lake has, for whoever learns from them in
    Postgres. Postgres' own records of what is built go with the days that they were about. Users who were erased
    meanwhile are left out. Raises OperationError for a table that the lake does not have, or with a column of a type
    that Postgres is not told.
    """
    counts = {}
    with lake.reading() as transaction:
        for name in names:
            table = transaction.table(name)
            if table is None:
                raise OperationError(f"The lake has no table {'.'.join(name)}; build the marts first.")
            wanted = AlwaysTrue() if every_day else _wanted(table)
            counts[".".join(name)] = _publish(transaction.connection, table, name, wanted, progress)
        if ".".join(DAILY) in counts:
            published.count_from_lake(transaction.connection)
    return counts


def _publish(connection: Connection, table: Table, name: Name, wanted: BooleanExpression, progress: Show | None) -> int:
    columns = [each.name for each in table.schema().fields]
    published.prepare_table(connection, *name, _kinds(table, name))
    execute(connection, published.empty_table(*name))
    rows = 0
    for kept in kept_frames(connection, table, wanted):
        published.copy_rows(connection, *name, columns, _as_csv(kept))
        rows += kept.height
        if progress:
            progress(name, rows)
    return rows


def kept_frames(connection: Connection, table: Table, wanted: BooleanExpression) -> Iterator[pl.DataFrame]:
    """Rows of a table in frames of bounded size, without those of users who were erased."""
    for frame in _frames(table, wanted):
        yield _without_erased(connection, frame)


def _kinds(table: Table, name: Name) -> dict[str, LiteralString]:
    unknown = [each.name for each in table.schema().fields if type(each.field_type) not in _KINDS]
    if unknown:
        raise OperationError(f"{'.'.join(name)} has columns that Postgres is not told: {', '.join(unknown)}.")
    return {each.name: _KINDS[type(each.field_type)] for each in table.schema().fields}


def _frames(table: Table, wanted: BooleanExpression) -> Iterator[pl.DataFrame]:
    """The rows to publish, in frames that are small enough to be text."""
    for file in table.scan(row_filter=wanted).plan_files():
        found = ArrowScan(table.metadata, table.io, table.schema(), wanted).to_table([file])
        yield from pl.DataFrame(found).iter_slices(COPY_ROWS)


def _wanted(table: Table) -> BooleanExpression:
    if AS_OF not in table.schema().column_names:
        return AlwaysTrue()
    days = [day for file in data_files(table) if (day := _newest_day(table, file)) is not None]
    return parse(f"{AS_OF} = '{max(days).isoformat()}'") if days else AlwaysTrue()


def _newest_day(table: Table, file: FileScanTask) -> date | None:
    """The newest day in a file. Its bounds tell, where it has any."""
    bound = (file.file.upper_bounds or {}).get(table.schema().find_field(AS_OF).field_id)
    if bound is not None:
        return date(1970, 1, 1) + timedelta(days=int.from_bytes(bound, "little", signed=True))
    newest: date | None = pc.max(read(table, [file], [AS_OF])[AS_OF]).as_py()
    return newest


def _without_erased(connection: Connection, frame: pl.DataFrame) -> pl.DataFrame:
    if "user_id" not in frame.columns:
        return frame
    erased = execute(connection, erased_users.erased_among(frame.get_column("user_id").unique().to_list()))
    return frame.filter(~pl.col("user_id").is_in(erased)) if erased else frame


def _as_csv(frame: pl.DataFrame) -> bytes:
    # The session's time zone is UTC.
    zoned = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    return frame.with_columns(pl.col(zoned).dt.replace_time_zone(None)).write_csv(include_header=False).encode()
