"""Which ids belong to one person: `raw.user_aliases`, and what it says now.

Belongs here: SQL that joins and separates ids, and looks up what belongs together. Does not: what becomes of it in the
marts (`dbt_project`), what is asked and printed (`cli`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from warehouse.database import Statement, first_row, rows, value


class Refusal(StrEnum):
    """Why two ids were not joined."""

    ONE = "one"
    """They belong to one person already."""
    TAKEN = "taken"
    """The old id belongs to another id."""
    MANY = "many"
    """Together they would be more than 100 ids."""
    ERASED = "erased"
    """One of them was erased."""


@dataclass(frozen=True)
class Alias:
    """A row of `raw.user_aliases`: `old_id` belongs to `new_id` from `known_at` until `ended_at`, None for still."""

    old_id: str
    new_id: str
    known_at: datetime
    ended_at: datetime | None


def alias_user(old_id: str, new_id: str, known_at: datetime | None, said_by: str) -> Statement[Refusal | None]:
    """Joins two ids, as known since a moment (None: now). Answers with None, or why nothing was changed."""
    return value(
        lambda refusal: Refusal(refusal) if refusal else None,
        "select raw.alias_user(%(old_id)s, %(new_id)s, coalesce(%(known_at)s, now()), %(said_by)s, null)",
        old_id=old_id,
        new_id=new_id,
        known_at=known_at,
        said_by=said_by,
    )


def separate_user(old_id: str) -> Statement[Alias | None]:
    """Ends what joined an old id to another, from now on. Answers with what ended; None where nothing joins it."""
    return first_row(
        Alias,
        "update raw.user_aliases set ended_at = greatest(now(), known_at)"
        " where old_user_id = %(old_id)s and ended_at is null returning old_user_id, new_user_id, known_at, ended_at",
        old_id=old_id,
    )


def ids_of_person(user_id: str) -> Statement[list[str]]:
    """All ids that belong to a user's person now, the given one first."""
    return rows(
        str, "select id from raw.ids_of_person(%(user_id)s) as id order by id <> %(user_id)s, id", user_id=user_id
    )


def shown_as(user_id: str) -> Statement[str]:
    """The id under which the user's person is shown now: the last that others were joined to."""
    return value(
        str,
        "with recursive path (id, steps) as (select %(user_id)s, 0 union all"
        " select aliases.new_user_id, steps + 1 from path join raw.user_aliases as aliases"
        " on aliases.old_user_id = path.id and aliases.ended_at is null where steps < 100)"
        " select id from path order by steps desc limit 1",
        user_id=user_id,
    )


def aliases_around(user_ids: Collection[str]) -> Statement[list[Alias]]:
    """Everything ever said that joins these users, directly or over others, in the order in which it was known."""
    return rows(
        Alias,
        "with recursive found (id) as (select unnest(%(user_ids)s::text[]) union select beside.id from found"
        " cross join lateral (select new_user_id as id from raw.user_aliases where old_user_id = found.id"
        " union all select old_user_id from raw.user_aliases where new_user_id = found.id) as beside)"
        " select old_user_id, new_user_id, known_at, ended_at from raw.user_aliases"
        " where old_user_id in (select id from found) order by known_at, alias_id",
        user_ids=list(user_ids),
    )


def unsettled_ids() -> Statement[list[str]]:
    """Ids about whose person something was said that the marts have not seen."""
    return rows(
        str,
        "with said as (select identity_id, member_user_id, user_id, valid_until from raw.identities),"
        " built as (select identity_id, member_user_id, user_id, valid_until from intermediate.int_identities)"
        " select member_user_id from"
        " ((table said except table built) union all (table built except table said)) as unseen",
    )
