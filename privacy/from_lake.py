"""Erasing a user from the lake, where there is one.

Belongs here: how the lake is told who the user is. Does not belong here: rewriting its tables (`lake.erasing`).
"""

from functools import partial
from typing import TYPE_CHECKING

from lake.opening import open_lake
from privacy.holdings import is_user_column
from privacy.spelling import mask, spellings
from warehouse.database import Database
from warehouse.lake_events import has_tables

if TYPE_CHECKING:
    from lake.erasing import Person


def erase(warehouse: Database, user_id: str) -> tuple[dict[str, int], dict[str, int]]:
    """Erases a user from all tables of the lake; rows that were deleted and rows that were masked, by table.

    Raises UserError where there is a lake and its extra is not installed.
    """
    if not warehouse.run(has_tables()):
        return {}, {}
    lake = open_lake(warehouse.url)
    from lake import erasing

    erased = erasing.erase(lake, _person(user_id))
    return _named(erased.deleted), _named(erased.masked)


def holds(warehouse: Database, user_id: str) -> bool:
    """Whether a table of the lake holds the user."""
    if not warehouse.run(has_tables()):
        return False
    lake = open_lake(warehouse.url)
    from lake import erasing

    return erasing.holds(lake, _person(user_id))


def _person(user_id: str) -> "Person":
    from lake.erasing import Person

    return Person(user_id, is_user_column, spellings(user_id), partial(mask, user_id))


def _named(counts: dict[str, int]) -> dict[str, int]:
    return {f"lake: {table}": rows for table, rows in counts.items()}
