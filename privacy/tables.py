"""A user's rows in the tables of the warehouse: counted, deleted, pseudonymised; and which tables there are.

Belongs here: SQL made from the names of declared tables, and of those in Postgres' catalogue. Does not: which table is
treated how (`holdings`), in which order (`erasure`), or mentions of a user in others' rows (`mentions`).

Nothing here locks more than the rows it changes, so whoever stores or reads meanwhile does not wait.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from psycopg import sql

from privacy.holdings import COUNTED_FROM_OUTCOMES, OF_ACCOUNTS, QUARANTINE, Action, Holding, is_user_column
from privacy.spelling import parameters
from warehouse.database import Connection

ByPartition = dict[str, dict[str, int]]
"""Rows by table and partition; a table without partitions is its own."""

_TEXT_TYPES = ["text", "character varying", "character", "json", "jsonb", "text[]", "character varying[]"]
_COLUMNS = """
select relnamespace::regnamespace || '.' || relname, relkind = 'm', attname::text, format_type(atttypid, atttypmod)
from pg_class
join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
where relkind in ('r', 'p', 'm') and not relispartition and relpersistence <> 't'
    and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    and relnamespace::regnamespace || '.' || relname <> all(%(of_accounts)s)
    and (%(types)s::text[] is null or format_type(atttypid, null) = any(%(types)s))
order by 1, attnum
"""


_UNDER_KEYS = sql.SQL(
    "delete from {} where user_id in"
    " (select identity_id from intermediate.int_identities where member_user_id = %(user_id)s)"
)
_SHOWN = sql.SQL(
    "delete from {} as held where exists (select from intermediate.int_identities as identities"
    " where identities.member_user_id = %(user_id)s and identities.user_id = held.user_id"
    " and held.as_of >= identities.valid_from and held.as_of < identities.valid_until)"
)
# The identities themselves come last.
_OF_IDENTITIES = {
    "intermediate.int_user_daily": _UNDER_KEYS,
    "intermediate.int_user_sums": _UNDER_KEYS,
    "marts.user_features": _SHOWN,
    "marts.user_labels": _SHOWN,
    "intermediate.int_identities": sql.SQL(
        "delete from {} where identity_id in"
        " (select identity_id from intermediate.int_identities where member_user_id = %(user_id)s)"
    ),
}


@dataclass(frozen=True)
class Table:
    """A table as `schema.table`, and some of its columns with their types. Rows of a materialized view are fixed."""

    name: str
    columns: Mapping[str, str]
    is_fixed: bool = False


def identifier(table: str) -> sql.Identifier:
    """`schema.table` for a statement."""
    return sql.Identifier(*table.split(".", 1))


def is_there(connection: Connection, table: str) -> bool:
    """Whether a table exists; dbt makes some only when they are first built."""
    row = connection.execute("select to_regclass(%s) is not null", [identifier(table).as_string()]).fetchone()
    return row is not None and bool(row[0])


def present(connection: Connection, holdings: Iterable[Holding]) -> list[Holding]:
    """Those of the declared tables that exist."""
    return [holding for holding in holdings if is_there(connection, holding.table)]


def user_tables(connection: Connection) -> list[Table]:
    """Every table with columns that say whose a row is, and these. Partitions count as their table."""
    return [
        replace(table, columns=columns)
        for table in _tables(connection, None)
        if (columns := {name: kind for name, kind in table.columns.items() if is_user_column(name)})
    ]


def text_tables(connection: Connection) -> list[Table]:
    """Every table with columns that can hold text, and these. Partitions count as their table."""
    return _tables(connection, _TEXT_TYPES)


def _tables(connection: Connection, types: list[str] | None) -> list[Table]:
    rows = connection.execute(_COLUMNS, {"types": types, "of_accounts": list(OF_ACCOUNTS)}).fetchall()
    return [
        Table(str(name), {str(column): str(kind) for _, _, column, kind in of_table}, is_fixed=bool(is_fixed))
        for (name, is_fixed), of_table in groupby(rows, key=itemgetter(0, 1))
    ]


def is_of_user(holding: Holding) -> sql.Composed:
    """The condition on a row of a declared table that it is the user's; a statement with it binds `parameters`."""
    columns = [sql.Identifier(name) for name in (holding.user_column, *sorted(holding.other_user_columns))]
    if holding.user_column.endswith("_hash"):
        return sql.SQL("{} = raw.user_hash(%(user_id)s)").format(*columns)
    return sql.SQL("%(user_id)s in ({})").format(sql.SQL(", ").join(columns))


# The first half spares most rows the hashing of all they hold. What a repair filled in may name the user too.
IS_QUARANTINED_OF_USER = sql.SQL(
    "(row::text like any(%(likes)s) and raw.is_of_user(row, array[raw.user_hash(%(user_id)s)])"
    " or repair::text like any(%(likes)s)"
    " and raw.is_of_user(repair -> 'fields', array[raw.user_hash(%(user_id)s)]))"
)


def count(connection: Connection, holdings: Iterable[Holding], user_id: str) -> dict[str, int]:
    """How many rows about the user each table has, the quarantine among them; tables without any are left out."""
    conditions: dict[str, sql.Composable] = {each.table: is_of_user(each) for each in holdings}
    counts = {}
    for table, condition in (conditions | {QUARANTINE: IS_QUARANTINED_OF_USER}).items():
        query = sql.SQL("select count(*) from {} where {}").format(identifier(table), condition)
        counts[table] = int(str(connection.execute(query, parameters(user_id)).fetchall()[0][0]))
    return {table: rows for table, rows in counts.items() if rows}


def delete(connection: Connection, holdings: Iterable[Holding], user_id: str) -> ByPartition:
    """Deletes the user's rows where that is declared, and in quarantine: by table, how many in which partition."""
    conditions: dict[str, sql.Composable] = {
        each.table: is_of_user(each) for each in holdings if each.action is Action.DELETE
    }
    deleted = {
        table: _changed(connection, sql.SQL("delete from {} where {}").format(identifier(table), condition), user_id)
        for table, condition in (conditions | {QUARANTINE: IS_QUARANTINED_OF_USER}).items()
    }
    if deleted.get("ml.outcomes") and is_there(connection, COUNTED_FROM_OUTCOMES):
        connection.execute(sql.SQL("delete from {}").format(identifier(COUNTED_FROM_OUTCOMES)))
    return {table: partitions for table, partitions in deleted.items() if partitions}


def pseudonymise(connection: Connection, holdings: Iterable[Holding], user_id: str) -> ByPartition:
    """Puts a keyed hash in the place of the id where that is declared: by table, how many rows in which partition."""
    changed = {
        each.table: _changed(
            connection,
            sql.SQL("update {} set {} = 'erased-' || encode(raw.user_hash(%(user_id)s), 'hex') where {}").format(
                identifier(each.table), sql.Identifier(each.user_column), is_of_user(each)
            ),
            user_id,
        )
        for each in holdings
        if each.action is Action.PSEUDONYMISE
    }
    return {table: partitions for table, partitions in changed.items() if partitions}


def delete_identities(connection: Connection, user_id: str) -> ByPartition:
    """Deletes what was counted of the user together with other ids: by table, how many rows in which partition.

    Of those others it is what was known while the ids belonged together. The next build makes it anew, without the
    user.
    """
    if not is_there(connection, "intermediate.int_identities"):
        return {}
    connection.execute(
        "insert into raw.daily_changes (first_known_day) select min(merged_day) from intermediate.int_identities"
        " where member_user_id = %(user_id)s having count(*) > 0",
        {"user_id": user_id},
    )
    deleted = {
        table: _changed(connection, condition.format(identifier(table)), user_id)
        for table, condition in _OF_IDENTITIES.items()
        if is_there(connection, table)
    }
    return {table: partitions for table, partitions in deleted.items() if partitions}


def _changed(connection: Connection, statement: sql.Composed, user_id: str) -> dict[str, int]:
    rows = connection.execute(
        sql.SQL(
            "with changed as ({} returning tableoid::regclass::text as partition)"
            " select partition, count(*) from changed group by partition"
        ).format(statement),
        parameters(user_id),
    ).fetchall()
    return {str(partition): int(str(number)) for partition, number in rows}
