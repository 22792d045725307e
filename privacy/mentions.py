"""A user's id in rows about others, in tables that nobody declared, and in the planner's statistics.

Belongs here: looking for the id in Postgres, and masking it. Does not: rows of the user's own (`tables`), files
(`files`), or how an id is recognised (`spelling`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from privacy.holdings import Action, Holding, is_user_column
from privacy.spelling import parameters
from privacy.tables import Table, identifier, text_tables, user_tables
from warehouse.database import Connection


@dataclass(frozen=True)
class Mentions:
    """Rows of a table that mention a user: in which partition, in which columns, and where they lie.

    A table without partitions is its own.
    """

    table: str
    partition: str
    columns: Mapping[str, str]
    places: Sequence[str]

    @property
    def column_names(self) -> list[str]:
        """The columns as `schema.table.column`."""
        return [f"{self.partition}.{column}" for column in self.columns]


def searched(connection: Connection, holdings: Iterable[Holding]) -> list[Table]:
    """The tables in which others' rows may mention a user, with the columns that an erasure looks through.

    Left out are columns that say whose a row is, columns that are declared plain, tables that are kept as they are, and
    those of `undeclared`.
    """
    declared = {holding.table: holding for holding in holdings}
    unknown = {table.name for table in undeclared(connection, holdings)}
    tables = []
    for table in text_tables(connection):
        holding = declared.get(table.name)
        if table.name in unknown or (holding and holding.action is Action.KEEP):
            continue
        left = {holding.user_column, *holding.other_user_columns, *holding.plain_columns} if holding else set()
        if columns := {name: kind for name, kind in table.columns.items() if name not in left}:
            tables.append(Table(table.name, columns))
    return tables


def undeclared(connection: Connection, holdings: Iterable[Holding]) -> list[Table]:
    """The tables that say whose a row is and are not declared, and views with rows of their own: nobody changes them.

    With all their columns that may name a user.
    """
    declared = {holding.table for holding in holdings}
    of_users = {table.name: table.columns for table in user_tables(connection) if table.name not in declared}
    return [
        replace(table, columns={**table.columns, **of_users.get(table.name, {})})
        for table in text_tables(connection)
        if table.is_fixed or table.name in of_users
    ]


def find(connection: Connection, tables: Iterable[Table], user_id: str) -> Iterator[Mentions]:
    """Every mention of the user. Reads the tables whole, with several workers where Postgres has them."""
    for table in tables:
        query = sql.SQL(
            "select tableoid::regclass::text, array_agg(ctid::text), {} from {} where {} group by 1"
        ).format(
            sql.SQL(", ").join(sql.SQL("bool_or({})").format(_mentions(column)) for column in table.columns),
            identifier(table.name),
            sql.SQL(" or ").join(map(_mentions, table.columns)),
        )
        for partition, places, *is_found in connection.execute(query, parameters(user_id)):
            columns = {name: kind for (name, kind), is_in in zip(table.columns.items(), is_found, strict=True) if is_in}
            yield Mentions(table.name, str(partition), columns, places)  # type: ignore[arg-type]


def mask(connection: Connection, found: Mentions, user_id: str) -> int:
    """Masks the id in these rows; how many. Rows that somebody has changed meanwhile are left for the next look."""
    changes = [
        sql.SQL("{column} = regexp_replace({column}::text, %(pattern)s, %(masked)s, 'g')::{type}").format(
            column=sql.Identifier(name),
            type=sql.SQL(kind),
        )
        for name, kind in found.columns.items()
    ]
    update = sql.SQL("update {} set {} where ctid = any(%(places)s::tid[]) and ({})").format(
        sql.SQL(found.partition),
        sql.SQL(", ").join(changes),
        sql.SQL(" or ").join(map(_mentions, found.columns)),
    )
    return connection.execute(update, {**parameters(user_id), "places": list(found.places)}).rowcount


def _mentions(column: str) -> sql.Composed:
    # A fixed text is found many times faster than a pattern.
    if is_user_column(column):
        return sql.SQL("{}::text = %(user_id)s").format(sql.Identifier(column))
    return sql.SQL("({column}::text like any(%(likes)s) and {column}::text ~ %(pattern)s)").format(
        column=sql.Identifier(column)
    )
