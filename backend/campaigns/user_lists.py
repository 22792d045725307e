"""What is decided about lists of users."""

from dataclasses import asdict
from uuid import UUID

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.campaigns import lists
from backend.campaigns.schemas import MoreMembers, NewList, UserListAnswer
from backend.database import Connection
from backend.errors import NotFound
from backend.resources import Resources
from core.problems import FieldError
from warehouse.database import execute_async

_MOST = 100


async def some(resources: Resources) -> list[UserListAnswer]:
    """The newest lists."""
    return [UserListAnswer(**asdict(each)) for each in await resources.database.run(lists.user_lists(_MOST))]


async def make(resources: Resources, principal: Principal, origin: Origin, given: NewList) -> UserListAnswer:
    """Makes a list."""
    async with resources.database.transaction() as connection:
        list_id = await execute_async(connection, lists.add_list(given.name, principal.id))
        await execute_async(connection, lists.add_members(list_id, given.user_ids))
        made = await _there(connection, list_id)
        await _record(connection, principal, origin, "create", made)
    return made


async def add(
    resources: Resources, principal: Principal, origin: Origin, list_id: UUID, given: MoreMembers
) -> UserListAnswer:
    """Adds users to a list. Raises NotFound."""
    async with resources.database.transaction() as connection:
        await _there(connection, list_id)
        await execute_async(connection, lists.add_members(list_id, given.user_ids))
        changed = await _there(connection, list_id)
        await _record(connection, principal, origin, "change", changed)
    return changed


async def drop(resources: Resources, principal: Principal, origin: Origin, list_id: UUID) -> None:
    """Deletes a list. Raises NotFound."""
    async with resources.database.transaction() as connection:
        before = await _there(connection, list_id)
        await execute_async(connection, lists.drop_list(list_id))
        await _record(connection, principal, origin, "delete", before)


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
