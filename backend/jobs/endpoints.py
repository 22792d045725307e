"""`POST /users/{user_id}/exports` and `/erasures`, and `GET /jobs/{job_id}`."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from backend.access.guard import requires, requires_proof
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.description import also_refuses
from backend.jobs import service
from backend.jobs.schemas import Job
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users.fields import UserId

router = APIRouter(tags=["jobs"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
_EXPORTS = looks(Permission.USERS_EXPORT, "user:export", requires_proof(Permission.USERS_EXPORT))
_ERASES = looks(Permission.USERS_ERASE, "user:erase", requires_proof(Permission.USERS_ERASE))


@router.post(
    "/users/{user_id}/exports", summary="Ask for all that is held about a user", status_code=HTTPStatus.ACCEPTED
)
async def post_user_export(
    resources: Held,
    principal: Annotated[Principal, Depends(_EXPORTS)],
    user_id: UserId,
) -> Job:
    """Done by the worker; `GET /jobs/{job_id}/export` then has the text, for a week."""
    return await service.ask(resources.database, "export", user_id, principal.id)


@router.post("/users/{user_id}/erasures", summary="Ask for a user to be erased", status_code=HTTPStatus.ACCEPTED)
async def post_user_erasure(
    resources: Held,
    principal: Annotated[Principal, Depends(_ERASES)],
    user_id: UserId,
) -> Job:
    """Done by the worker, everywhere and for good, with all ids of the person; the job then has the receipt."""
    return await service.ask(resources.database, "erasure", user_id, principal.id)


@router.get("/jobs/{job_id}", summary="How a job is")
async def get_job(
    resources: Held, _principal: Annotated[Principal, Depends(requires(Permission.USERS_READ))], job_id: UUID
) -> Job:
    """Ask again until it is done or failed."""
    return await service.job(resources.database, job_id)


@router.get(
    "/jobs/{job_id}/export",
    summary="The text of an export that is done",
    response_class=StreamingResponse,
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def get_job_export(
    resources: Held,
    _principal: Annotated[Principal, Depends(_EXPORTS)],
    job_id: UUID,
) -> StreamingResponse:
    """JSON: the user's ids and, by table, all rows about the user."""
    text = await service.export(resources.database, job_id)
    headers = {"content-disposition": f'attachment; filename="export-{job_id}.json"'}
    return StreamingResponse(text, media_type="application/json", headers=headers)
