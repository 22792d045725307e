"""Erasures that a backup does not know: after a restore, whoever was erased since is erased again.

Belongs here: the list that is kept beside the backups, and applying it to a restored warehouse. Does not: where that
list is (`standalone.backups`), and erasing one user (`erasure`).

The list holds keyed hashes and no ids. The key is in the warehouse, and so in every backup of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from core.home import Home
from privacy import tables
from privacy.erasure import erase_user
from privacy.holdings import HOLDINGS, QUARANTINE, Action
from privacy.receipt import Receipt
from warehouse.database import Connection, Database, Statement, command, execute, rows


@dataclass(frozen=True)
class Erasure:
    """Somebody who was erased: a row of `raw.erased_users`, as plain values."""

    user_hash: str
    erased_at: str
    trained_models: list[dict[str, Any]]


def erasures() -> Statement[list[Erasure]]:
    """Everybody who was erased, by the time of the erasure."""

    def made(user_hash: str, erased_at: datetime, trained_models: list[dict[str, Any]]) -> Erasure:
        return Erasure(user_hash, erased_at.isoformat(), trained_models)

    return rows(
        made,
        "select encode(user_hash, 'hex'), erased_at, trained_models from raw.erased_users"
        " order by erased_at, user_hash",
    )


def erase_again(
    warehouse: Database, home: Home, known: Sequence[Erasure], others: Sequence[str] = ()
) -> tuple[int, list[Receipt]]:
    """Erases everybody in the list whom the warehouse does not know as erased.

    Returns how many that are, and a receipt for each of them of whom something was held. All are kept out from now on,
    also those who came after the moment of the backup.
    """
    hashes = [bytes.fromhex(each.user_hash) for each in known]
    with warehouse.transaction() as connection:
        there = {each.user_hash for each in execute(connection, erasures())}
        missing = [each for each in known if each.user_hash not in there]
        for each in missing:
            connection.execute(
                "insert into raw.erased_users (user_hash, erased_at, trained_models) values (%s, %s, %s)",
                [bytes.fromhex(each.user_hash), each.erased_at, Jsonb(each.trained_models)],
            )
        # Of everybody in the list, so that repeating this completes what was interrupted.
        found = _ids_of(connection, hashes)
    receipts = [erase_user(warehouse, home, user_id, (), others, is_expected=True) for user_id in found]
    # Rows that could not be read belong to no id that is found above.
    warehouse.run(_forget_bad_rows(hashes))
    return len(missing), receipts


def _ids_of(connection: Connection, hashes: Sequence[bytes]) -> list[str]:
    """The ids with these hashes, wherever the warehouse names users."""
    found: set[str] = set()
    if not hashes:
        return []
    for holding in tables.present(connection, HOLDINGS):
        if holding.action is Action.KEEP:
            continue
        for column in sorted({holding.user_column, *holding.other_user_columns}):
            query = sql.SQL(
                "select user_id from (select distinct {column} as user_id from {table}) as users"
                " where user_id is not null and raw.user_hash(user_id) = any(%s)"
            ).format(column=sql.Identifier(column), table=tables.identifier(holding.table))
            found |= {str(user_id) for (user_id,) in connection.execute(query, [list(hashes)]).fetchall()}
    return sorted(found)


def _forget_bad_rows(hashes: Sequence[bytes]) -> Statement[int]:
    query = sql.SQL("delete from {} where raw.is_of_user(row, %(hashes)s)").format(tables.identifier(QUARANTINE))
    return command(query, hashes=list(hashes))
