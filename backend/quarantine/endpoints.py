"""`/quarantine`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.description import also_refuses
from backend.imports.schemas import DataJob
from backend.quarantine import service
from backend.quarantine.schemas import HeldReasons, HeldRow, HeldRows, QuarantineQuery, RepairedRows, RepairRequest
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/quarantine", tags=["quarantine"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
Looks = Annotated[Principal, Depends(looks(Permission.QUARANTINE_READ, "quarantine:read"))]


@router.get("/reasons", summary="Why rows are held back")
async def get_quarantine_reasons(
    resources: Held, _principal: Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]
) -> HeldReasons:
    """Counts, and no row."""
    return await service.reasons(resources.database)


@router.get("", summary="A page of rows that are held back")
async def get_quarantine(resources: Held, _principal: Looks, query: Annotated[QuarantineQuery, Query()]) -> HeldRows:
    """Each whole, as it came, and as the event that it would be."""
    return await service.page(resources.database, query)


@router.get("/repaired", summary="The rows that were repaired last")
async def get_repaired(resources: Held, _principal: Looks) -> RepairedRows:
    """Each as it came, with what was changed, by whom, and the event that it became."""
    return await service.repaired(resources.database)


# Of this form alone, so that another method at a name such as `repairs` is refused as a method.
@router.get("/{quarantine_id:uuid}", summary="One row that is held back, or was until it was repaired")
async def get_quarantined_row(resources: Held, _principal: Looks, quarantine_id: UUID) -> HeldRow:
    """Whole, as it came."""
    return await service.row(resources.database, quarantine_id)


@router.post(
    "/repairs",
    summary="Try rows again, with something changed",
    status_code=HTTPStatus.ACCEPTED,
    responses=also_refuses(HTTPStatus.NOT_FOUND),
)
async def repair_quarantine(
    resources: Held,
    principal: Annotated[Principal, Depends(requires(Permission.QUARANTINE_REPAIR))],
    origin: Annotated[Origin, Depends(origin_of)],
    wanted: RepairRequest,
) -> DataJob:
    """Done by the worker: rows that keep the contract now become events; the others stay, with their reason."""
    return await service.ask(resources, principal, origin, wanted)
