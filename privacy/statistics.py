"""What Postgres keeps of rows that were deleted: their place in a table's pages, and samples of their values.

Belongs here: removing both now rather than some day. Does not: deleting the rows (`tables`).
"""

from collections.abc import Iterable

from psycopg import sql

from privacy.spelling import parameters
from warehouse.database import Connection

_REMEMBERED = """
select distinct schemaname || '.' || quote_ident(tablename)
from pg_stats
cross join lateral (
    select concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) as sample
) as samples
where sample like any(%(likes)s) and (
    sample ~ %(pattern)s
    or (
        attname = 'user_id' and %(user_id)s = any(
            coalesce(most_common_vals::text::text[], '{}') || coalesce(histogram_bounds::text::text[], '{}')
        )
    )
)
order by 1
"""
_ONLY_SINCE = 180000


def reclaim(connection: Connection, tables: Iterable[str]) -> None:
    """Has Postgres reuse the place of deleted rows of tables or partitions. Needs a connection in autocommit mode."""
    for table in sorted(tables):
        # Giving pages back to the disk would lock the table.
        connection.execute(sql.SQL("vacuum (truncate false) {}").format(sql.SQL(table)))


def renew(connection: Connection, user_id: str) -> None:
    """Makes the statistics anew that hold the id. Needs a connection in autocommit mode."""
    # Without `only` a partitioned table would have all its partitions read too.
    only = sql.SQL("only " if connection.info.server_version >= _ONLY_SINCE else "")
    for table in remembered(connection, user_id):
        connection.execute(sql.SQL("analyze {}{}").format(only, sql.SQL(table)))


def remembered(connection: Connection, user_id: str) -> list[str]:
    """Tables whose statistics, which hold a sample of values for the planner, hold the id."""
    return [str(table) for (table,) in connection.execute(_REMEMBERED, parameters(user_id)).fetchall()]
