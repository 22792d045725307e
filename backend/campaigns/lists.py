"""SQL of lists of users: `app.user_lists`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import sql

from backend.campaigns.audiences import query_of
from backend.campaigns.schemas import Audience
from warehouse.database import Statement, command, first_row, rows, value


@dataclass(frozen=True, slots=True)
class UserList:
    """A list, and how many users it has."""

    list_id: UUID
    name: str
    made_by: str
    made_at: datetime
    users: int


_SELECT = (
    "select list_id, name, made_by, made_at, (select count(*) from app.user_list_members as members"
    " where members.list_id = user_lists.list_id) from app.user_lists"
)


_GIVEN = sql.SQL("select distinct unnest(%(user_ids)s::text[]) as user_id").format()


def add_list(name: str, made_by: str) -> Statement[UUID]:
    """Makes a list without users."""
    return value(
        lambda list_id: UUID(str(list_id)),
        "insert into app.user_lists (name, made_by) values (%(name)s, %(made_by)s) returning list_id",
        name=name,
        made_by=made_by,
    )


def add_members(list_id: UUID, addition_id: UUID, wanted: Sequence[str] | Audience) -> Statement[int]:
    """Adds users to a list, except for those who are on it or were erased; how many."""
    query, given = query_of(wanted) if isinstance(wanted, Audience) else (_GIVEN, {"user_ids": [*wanted]})
    insert = sql.SQL(
        """
        with wanted as materialized ({})
        insert into app.user_list_members (list_id, user_id, addition_id)
        select %(to_list_id)s, wanted.user_id, %(addition_id)s from wanted
        where not exists (
            select from raw.erased_among(array(select user_id from wanted)) as erased (user_id)
            where erased.user_id = wanted.user_id
        )
        on conflict do nothing
        """
    )
    return command(insert.format(query), to_list_id=list_id, addition_id=addition_id, **given)


def take_back(list_id: UUID, addition_id: UUID) -> Statement[int]:
    """Takes those off a list who were put on it by an addition; how many."""
    return command(
        "delete from app.user_list_members where list_id = %(list_id)s and addition_id = %(addition_id)s",
        list_id=list_id,
        addition_id=addition_id,
    )


def drop_member(list_id: UUID, ids: Sequence[str]) -> Statement[int]:
    """Takes a person, who may be on a list under any of these ids, off it; how many ids were."""
    return command(
        "delete from app.user_list_members where list_id = %(list_id)s and user_id = any(%(ids)s)",
        list_id=list_id,
        ids=[*ids],
    )


def user_list(list_id: UUID) -> Statement[UserList | None]:
    """One list."""
    return first_row(UserList, _SELECT + " where list_id = %(list_id)s", list_id=list_id)


def user_lists(limit: int) -> Statement[list[UserList]]:
    """The newest lists."""
    return rows(UserList, _SELECT + " order by made_at desc, list_id limit %(limit)s", limit=limit)


def drop_list(list_id: UUID) -> Statement[int]:
    """Deletes a list; campaigns that were sent to it keep their recipients."""
    return command("delete from app.user_lists where list_id = %(list_id)s", list_id=list_id)
