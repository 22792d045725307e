"""`GET /audit`."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit import store
from backend.audit.recording import looks
from backend.audit.schemas import AuditEntry, AuditPage, AuditQuery
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(tags=["audit"], route_class=StrictRoute)


@router.get("/audit", summary="Who did what, newest first")
async def get_audit(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(looks(Permission.AUDIT_READ, "audit:read"))],
    query: Annotated[AuditQuery, Query()],
) -> AuditPage:
    """Looking at the log is recorded too."""
    found = await resources.database.run(store.entries(**query.model_dump()))
    return AuditPage(entries=[AuditEntry(**asdict(each)) for each in found])
