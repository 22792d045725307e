"""The global control group: what is decided when somebody changes it. Its SQL is in `warehouse.experiments`."""

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import Connection
from backend.errors import Conflict
from backend.experiments.schemas import GlobalControlAnswer, NewGlobalControl
from backend.resources import Resources
from warehouse.database import execute_async, execute_steps_async
from warehouse.experiments import global_control, global_control_uses, set_global_control


async def group(resources: Resources) -> GlobalControlAnswer:
    """The group as it is now."""
    async with resources.database.transaction() as connection:
        return await _group(connection)


async def change_group(
    resources: Resources, principal: Principal, given: NewGlobalControl, origin: Origin
) -> GlobalControlAnswer:
    """Makes the group as asked. Raises Conflict while it is used."""
    async with resources.database.transaction() as connection:
        before = await _group(connection)
        steps = set_global_control(given.share, principal.name, redraw=given.is_redrawn)
        if uses := await execute_steps_async(connection, steps):
            raise Conflict(f"The group is used by {', '.join(uses)} and cannot be changed before that has ended.")
        after = await _group(connection)
        shown = {"share": after.share, "is_redrawn": given.is_redrawn}
        change = entry(
            principal, origin, "experiment:control", "global control", before={"share": before.share}, after=shown
        )
        await execute_async(connection, change)
        return after


async def _group(connection: Connection) -> GlobalControlAnswer:
    found = await execute_async(connection, global_control())
    uses = await execute_async(connection, global_control_uses())
    if found is None:
        return GlobalControlAnswer(share=None, begun_at=None, begun_by=None, used_by=uses)
    return GlobalControlAnswer(share=found.share, begun_at=found.begun_at, begun_by=found.begun_by, used_by=uses)
