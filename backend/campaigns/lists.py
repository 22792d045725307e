"""SQL of lists of users: `app.user_lists`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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


def add_list(name: str, made_by: str) -> Statement[UUID]:
    """Makes a list without users."""
    return value(
        lambda list_id: UUID(str(list_id)),
        "insert into app.user_lists (name, made_by) values (%(name)s, %(made_by)s) returning list_id",
        name=name,
        made_by=made_by,
    )


def add_members(list_id: UUID, user_ids: Sequence[str]) -> Statement[int]:
    """Adds users to a list, except for those who are in it or were erased; how many."""
    return command(
        "insert into app.user_list_members (list_id, user_id)"
        " select %(list_id)s, given.user_id from unnest(%(user_ids)s::text[]) as given (user_id)"
        " where not exists (select from raw.erased_among(%(user_ids)s::text[]) as erased (user_id)"
        " where erased.user_id = given.user_id)"
        " on conflict do nothing",
        list_id=list_id,
        user_ids=[*user_ids],
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
