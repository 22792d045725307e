"""Refusals in the audit log: who lacked which permission for what.

Belongs here: recording a 403. Does not belong here: failed sign-ins (`auth`), where nobody is known to ask.
"""

import logging

from fastapi import Request

from backend.access.origin import origin_of
from backend.access.principal import Principal
from backend.audit.store import add_entry
from backend.errors import ApiError, Forbidden
from backend.resources import Resources

logger = logging.getLogger("backend.access")


async def record(request: Request, refusal: Forbidden) -> None:
    """Records a refusal, the same one once a minute: who asks again and again must not fill the log.

    Where it cannot be recorded, the caller is refused all the same.
    """
    resources: Resources = request.app.state.resources
    principal: Principal | None = getattr(request.state, "principal", None)
    route = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    if principal is None:
        return
    refused = (principal.id, refusal.permission, route)
    if resources.recorded_refusals.get(refused):
        return
    resources.recorded_refusals.put(refused, True)
    origin = origin_of(request)
    try:
        await resources.database.run(
            add_entry(
                principal.id,
                principal.name,
                origin.address,
                origin.request_id,
                refusal.permission,
                route,
                before=None,
                after=None,
                result="refused",
            )
        )
    except ApiError:
        logger.warning("a refusal of %s could not be recorded", principal.id)
