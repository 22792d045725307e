"""Which ids belong to one person: `raw.user_aliases`, and what it says now.

Belongs here: SQL that joins and separates ids, and looks up what belongs together. Does not: what becomes of it in the
marts (`dbt_project`), what is asked and printed (`cli`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
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
    NOBODY = "nobody"
    """One of them is a word for an unknown user."""


@dataclass(frozen=True)
class Alias:
    """A row of `raw.user_aliases`: `old_id` belongs to `new_id` from `known_at` until `ended_at`, None for still."""

    old_id: str
    new_id: str
    known_at: datetime
    ended_at: datetime | None


def alias_user(old_id: str, new_id: str, known_at: datetime, said_by: str) -> Statement[Refusal | None]:
    """Joins two ids, as known since a moment. Answers with None, or why nothing was changed."""
    return value(
        lambda refusal: Refusal(refusal) if refusal else None,
        "select raw.alias_user(%(old_id)s, %(new_id)s, %(known_at)s, %(said_by)s, null)",
        old_id=old_id,
        new_id=new_id,
        known_at=known_at,
        said_by=said_by,
    )


def separate_user(old_id: str, known_at: datetime) -> Statement[Alias | None]:
    """Ends what joined an old id to another, as known since a moment, but not before the two were joined.

    Answers with what ended; None where nothing joins the id.
    """
    return first_row(
        Alias,
        "update raw.user_aliases set ended_at = greatest(%(known_at)s, known_at)"
        " where old_user_id = %(old_id)s and ended_at is null returning old_user_id, new_user_id, known_at, ended_at",
        old_id=old_id,
        known_at=known_at,
    )


def joined_to(new_id: str) -> Statement[list[str]]:
    """The ids that are joined to this one."""
    return rows(
        str,
        "select old_user_id from raw.user_aliases where new_user_id = %(new_id)s and ended_at is null order by 1",
        new_id=new_id,
    )


def has_events(user_id: str) -> Statement[bool]:
    """Whether there are events of a user that are not archived."""
    return value(bool, "select exists (select from raw.events where user_id = %(user_id)s)", user_id=user_id)


def archived_months_of(user_ids: Collection[str]) -> Statement[list[str]]:
    """The months (YYYY-MM) in which some of the users have events that are archived. Only where marts are built."""
    return rows(
        str,
        "select distinct to_char(month, 'YYYY-MM') from raw.archives join intermediate.int_user_daily"
        " on occurred_day >= month and occurred_day < month + interval '1 month'"
        " where restored_at is null and user_id = any(%(user_ids)s) order by 1",
        user_ids=list(user_ids),
    )


def ids_of_person(user_id: str) -> Statement[list[str]]:
    """All ids that belong to a user's person now, the given one first, then what is nearest to it."""
    return rows(
        str,
        "select id from raw.ids_of_person(%(user_id)s) with ordinality as found (id, place) order by place",
        user_id=user_id,
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


def joining_nothing(event_ids: Collection[str]) -> Statement[int]:
    """How many of these events of type alias did not join two ids: they belonged together already, or to others."""
    return value(
        int,
        "select count(*) from unnest(%(event_ids)s::uuid[]) as said (event_id)"
        " where not exists (select from raw.user_aliases as aliases where aliases.event_id = said.event_id)",
        event_ids=list(event_ids),
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


def identities() -> Statement[list[tuple[str, str, str, date, date, date]]]:
    """Which ids belong to one person, and when: identity, member, id shown, the day it was known, and the period."""
    return Statement(
        "select identity_id, member_user_id, user_id, merged_day, valid_from, valid_until from raw.identities"
        ' order by identity_id collate "C", member_user_id collate "C", 3, 4, 5, 6',
        {},
        lambda result: [tuple(row) for row in result.rows],
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
