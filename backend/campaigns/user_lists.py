"""What is decided about lists of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from uuid import UUID, uuid4

from psycopg import errors

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.campaigns import lists
from backend.campaigns.list_schemas import Addition, MoreMembers, NewList, UserListAnswer
from backend.database import Connection
from backend.errors import Conflict, NotFound
from backend.resources import Resources
from backend.users.store import ids_of_person
from core.problems import FieldError
from warehouse.database import execute_async

_MOST = 100


async def some(resources: Resources) -> list[UserListAnswer]:
    """The newest lists."""
    return [UserListAnswer(**asdict(each)) for each in await resources.database.run(lists.user_lists(_MOST))]


async def make(resources: Resources, principal: Principal, origin: Origin, given: NewList) -> Addition:
    """Makes a list. Raises Conflict where an audience needs a run that has not been."""
    async with _writing(resources) as connection:
        list_id = await execute_async(connection, lists.add_list(given.name, principal.id))
        made = await _add(connection, list_id, given)
        await _record(connection, principal, origin, "create", made)
    return made


async def add(
    resources: Resources, principal: Principal, origin: Origin, list_id: UUID, given: MoreMembers
) -> Addition:
    """Adds users to a list. Raises NotFound, and Conflict as `make` does."""
    async with _writing(resources) as connection:
        await _there(connection, list_id)
        changed = await _add(connection, list_id, given)
        await _record(connection, principal, origin, "change", changed)
    return changed


async def take_back(
    resources: Resources, principal: Principal, origin: Origin, list_id: UUID, addition_id: UUID
) -> UserListAnswer:
    """Takes those off a list who were put on it by an addition. Raises NotFound."""
    async with _writing(resources) as connection:
        await _there(connection, list_id)
        await execute_async(connection, lists.take_back(list_id, addition_id))
        changed = await _there(connection, list_id)
        await _record(connection, principal, origin, "change", changed)
    return changed


async def drop_member(
    resources: Resources, principal: Principal, origin: Origin, list_id: UUID, user_id: str
) -> UserListAnswer:
    """Takes a user off a list, under any id of the person. Raises NotFound."""
    async with _writing(resources) as connection:
        await _there(connection, list_id)
        ids = await execute_async(connection, ids_of_person(user_id))
        await execute_async(connection, lists.drop_member(list_id, ids))
        changed = await _there(connection, list_id)
        await _record(connection, principal, origin, "change", changed)
    return changed


async def drop(resources: Resources, principal: Principal, origin: Origin, list_id: UUID) -> None:
    """Deletes a list. Raises NotFound."""
    async with resources.database.transaction() as connection:
        before = await _there(connection, list_id)
        await execute_async(connection, lists.drop_list(list_id))
        await _record(connection, principal, origin, "delete", before)


@asynccontextmanager
async def _writing(resources: Resources) -> AsyncIterator[Connection]:
    """A transaction that may take as long as a report, since an audience may be everybody."""
    try:
        async with resources.database.long_transaction() as connection:
            yield connection
    except errors.UndefinedTable:
        raise Conflict("There is no list of users yet; run the pipeline first.") from None


async def _add(connection: Connection, list_id: UUID, given: MoreMembers) -> Addition:
    addition_id = uuid4()
    added = await execute_async(
        connection, lists.add_members(list_id, addition_id, given.audience or given.user_ids or ())
    )
    there = await _there(connection, list_id)
    return Addition(**dict(there), added=added, addition_id=addition_id)


async def _there(connection: Connection, list_id: UUID) -> UserListAnswer:
    found = await execute_async(connection, lists.user_list(list_id))
    if found is None:
        raise NotFound("There is no such list.", [FieldError("list_id", "is not the id of a list")])
    return UserListAnswer(**asdict(found))


async def _record(
    connection: Connection, principal: Principal, origin: Origin, action: str, found: UserListAnswer
) -> None:
    after = {"name": found.name, "users": found.users}
    await execute_async(
        connection, entry(principal, origin, f"user-list:{action}", f"user-list:{found.list_id}", after=after)
    )
