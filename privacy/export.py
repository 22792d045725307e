"""Everything held about a user, as JSON.

Belongs here: the order and form of what is given. Does not: which tables hold something about users (`holdings`).
"""

import json
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

import polars as pl
from psycopg import sql

from core.errors import UserError
from core.home import Home
from ingestion.archive import catalogue
from ingestion.chunks import storable
from privacy import tables
from privacy.holdings import HOLDINGS, QUARANTINE, Action
from privacy.spelling import parameters
from serving.spool import read_lines
from warehouse.database import Connection, Database, execute
from warehouse.user_aliases import ids_of_person

_BATCH = 1_000
_ORDERED_BY: tuple[str, ...] = ("occurred_at", "occurred_day", "as_of", "made_at", "quarantined_at")


def export_user(warehouse: Database, home: Home, user_id: str) -> Generator[str]:
    """The JSON text, piece by piece: an object with the id, the time and, by table, the rows about the user.

    Rows under all ids that belong to the same person now are the user's; `user_ids` names them.
    Every declared table is read, but for records that an erasure keeps; and the quarantine, predictions that wait on
    disk, and archived months. Rows come from the server as they are read, so memory does not grow with them. Raises
    UserError where there are none.
    """
    with warehouse.transaction() as connection:
        connection.execute("set local timezone to 'UTC'")
        ids = execute(connection, ids_of_person(user_id))
        files = [("ledger folder", _spooled(home, ids)), ("archived events", _archived(connection, ids))]
        named = chain(_tables(connection, ids), files)
        pieces = chain.from_iterable(_table(name, rows) for name, rows in named)
        first = next(pieces, None)
        if first is None:
            raise UserError(f"Nothing is held about a user {user_id}; check how the id is written.")
        said = {"user_id": user_id, "user_ids": ids, "exported_at": datetime.now(UTC).isoformat(timespec="seconds")}
        yield (
            "{\n" + "".join(f"{json.dumps(name)}: {json.dumps(each)},\n" for name, each in said.items()) + '"tables": {'
        )
        yield first.removeprefix(",")
        yield from pieces
        yield "\n}\n}\n"


def _table(name: str, rows: Iterator[str]) -> Iterator[str]:
    """A table as the next name of an object; nothing where there are no rows."""
    separator = f",\n{json.dumps(name)}: ["
    row = None
    for row in rows:
        yield f"{separator}\n  {row}"
        separator = ","
    if row is not None:
        yield "\n]"


def _tables(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Iterator[str]]]:
    # What an erasure keeps says nothing of the user: of somebody who was erased, nothing is held.
    about_user = [holding for holding in HOLDINGS if holding.action is not Action.KEEP]
    for holding in tables.present(connection, about_user):
        yield holding.table, _of_each(connection, holding.table, tables.is_of_user(holding), ids)
    yield QUARANTINE, _of_each(connection, QUARANTINE, tables.IS_QUARANTINED_OF_USER, ids)


def _of_each(connection: Connection, table: str, condition: sql.Composable, ids: Sequence[str]) -> Iterator[str]:
    rows = chain.from_iterable(_rows(connection, table, condition, each) for each in ids)
    # A row about two ids comes with both.
    return rows if len(ids) == 1 else (row for row in dict.fromkeys(rows))


def _rows(connection: Connection, table: str, condition: sql.Composable, user_id: str) -> Iterator[str]:
    name = tables.identifier(table)
    described = connection.execute(sql.SQL("select * from {} limit 0").format(name)).description or ()
    times = [name for name in _ORDERED_BY if name in {column.name for column in described}]
    query = sql.SQL("select to_jsonb(held)::text from {} as held where {} order by {}").format(
        name, condition, sql.SQL(", ").join(map(sql.Identifier, times)) if times else sql.SQL("1")
    )
    with connection.cursor("export") as cursor:
        cursor.itersize = _BATCH
        for (row,) in cursor.execute(query, parameters(user_id)):
            yield str(row)


def _archived(connection: Connection, ids: Sequence[str]) -> Iterator[str]:
    """Events in archives that are where they were written; of those that are back, the table has them."""
    for archive in catalogue(connection):
        if archive.restored_at is None and archive.is_there:
            held = pl.scan_parquet(archive.path).filter(pl.col("user_id").is_in(ids)).collect()
            for event in held.iter_rows(named=True):
                yield storable(event)


def _spooled(home: Home, ids: Sequence[str]) -> Iterator[str]:
    for file in sorted(home.ledger.glob("*/*.jsonl")):
        for entry in chain.from_iterable(map(json.loads, read_lines(file))):
            for said in entry["predictions"]:
                if said["user_id"] in ids:
                    yield json.dumps({**entry, "predictions": [said]}, ensure_ascii=False)
