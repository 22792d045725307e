"""Tables of Postgres that are filled from elsewhere: made, emptied and filled within the caller's transaction.

Belongs here: their SQL. Does not belong here: where the rows come from (`lake.publishing`).

Readers see the old rows until the transaction is committed, and then the new ones: rows are deleted and copied, because
`truncate` and `drop` would make readers wait.
"""

from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from warehouse.database import Connection, Statement, command, execute, rows


def prepare_table(connection: Connection, schema: str, name: str, kinds: Mapping[str, LiteralString]) -> None:
    """Makes a table where it is missing, and columns that it lacks. `kinds` are the types of the columns, by name."""
    table = sql.Identifier(schema, name)
    known = execute(connection, _columns(schema, name))
    if not known:
        columns = sql.SQL(", ").join(_column(column, kind) for column, kind in kinds.items())
        connection.execute(sql.SQL("create table {} ({})").format(table, columns))
        if "user_id" in kinds:
            connection.execute(sql.SQL("create index on {} (user_id)").format(table))
        return
    for column, kind in kinds.items():
        if column not in known:
            connection.execute(sql.SQL("alter table {} add column {}").format(table, _column(column, kind)))


def empty_table(schema: str, name: str) -> Statement[int]:
    """Deletes all rows of a table; how many there were."""
    return command(sql.SQL("delete from {}").format(sql.Identifier(schema, name)))


def copy_rows(connection: Connection, schema: str, name: str, columns: list[str], text: bytes) -> None:
    """Adds rows, as CSV in which only what is missing is empty and without quotes."""
    copied = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(copied) as copy:
        copy.write(text)


def count_from_lake(connection: Connection) -> None:
    """Says of int_user_daily that it has the events that the lake has, so that live features add those that came since.

    Without a definition, so that a build by Postgres counts everything anew; nor does Postgres know of any snapshot.
    """
    connection.execute(
        "insert into raw.watermarks (reader, xid)"
        " select 'int_user_daily', xid from raw.watermarks where reader = 'lake'"
        " on conflict (reader) do update set xid = excluded.xid, definition = null, moved_at = now()"
    )
    connection.execute("delete from raw.snapshots where mart in ('int_user_sums', 'user_features', 'user_labels')")


def _column(name: str, kind: LiteralString) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))


def _columns(schema: str, name: str) -> Statement[list[str]]:
    """The columns of a table; none where there is no such table."""
    return rows(
        str,
        "select column_name from information_schema.columns where table_schema = %(schema)s and table_name = %(name)s",
        schema=schema,
        name=name,
    )
