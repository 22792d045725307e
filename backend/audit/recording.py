"""Recording: what services and endpoints call to add to the audit log.

A change is recorded in its own transaction, as the last statement: both are stored or neither. A look is recorded
before it is answered; while it cannot be recorded, nothing is shown.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request

from backend.access.guard import Guard, requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.store import Result, add_entry, add_look
from backend.errors import Invalid
from backend.resources import Resources, resources_of
from core.problems import FieldError
from warehouse.database import Statement


def entry(
    principal: Principal,
    origin: Origin,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    result: Result = "done",
) -> Statement[int]:
    """The statement that records what somebody did. `before` and `after` hold what can be shown, and no secret."""
    return add_entry(
        principal.id, principal.name, origin.address, origin.request_id, action, subject, before, after, result
    )


def looks(permission: Permission, action: str, guard: Guard | None = None) -> Callable[..., Awaitable[Principal]]:
    """As `requires`, or another guard, for a route that shows personal data: it records who looks at whom.

    The user is the path's `user_id`; where there is none, the log names the fields by which users were searched, not
    what was searched for.
    """

    async def recorded(
        request: Request,
        resources: Annotated[Resources, Depends(resources_of)],
        principal: Annotated[Principal, Depends(guard or requires(permission))],
        origin: Annotated[Origin, Depends(origin_of)],
    ) -> Principal:
        user_id = request.path_params.get("user_id")
        if user_id is None:
            searched = {"fields": sorted(set(request.query_params))}
            await resources.database.run(entry(principal, origin, action, "users", after=searched))
        elif "\x00" in user_id:
            # This runs before the route checks its parameters, and Postgres stores no such text.
            raise Invalid("No user has this id.", [FieldError("user_id", "must not contain the character NUL")])
        else:
            await resources.database.run(
                add_look(principal.id, principal.name, origin.address, origin.request_id, action, user_id)
            )
        return principal

    return recorded
