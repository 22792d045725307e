"""`/imports` and `/data-jobs`."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.description import also_refuses
from backend.fields import NO_NUL
from backend.imports import service
from backend.imports.schemas import DataJob, ImportPreview, ImportRequest, PreviewRequest, Upload, Uploads
from backend.reading import StrictRoute, demand_media_type
from backend.resources import Resources, resources_of

router = APIRouter(tags=["imports"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
From = Annotated[Origin, Depends(origin_of)]
MayImport = Annotated[Principal, Depends(requires(Permission.IMPORTS_MANAGE))]
BYTES = "application/octet-stream"
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/imports",
    summary="Upload a file of events",
    status_code=HTTPStatus.CREATED,
    openapi_extra=_FILE,
    responses=also_refuses(HTTPStatus.CONFLICT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
)
async def post_import(
    request: Request,
    resources: Held,
    principal: MayImport,
    origin: From,
    file_name: Annotated[
        str, Query(min_length=1, max_length=300, pattern=NO_NUL, description="as in `orders.csv.gz`; its end counts")
    ],
) -> Upload:
    """The body is the file: CSV, JSON lines, a JSON array or Parquet; text may be packed (gzip, Zstandard, zip).

    Nothing of it is an event yet. It is kept until it is imported, for a week at most.
    """
    demand_media_type(request, BYTES)
    return await service.receive(resources, principal, origin, file_name, request.stream())


@router.get("/imports", summary="The newest uploaded files, and what was done with them")
async def get_imports(resources: Held, _principal: MayImport) -> Uploads:
    """Files that were imported on the command line are in `GET /analytics/data-health`."""
    return await service.newest(resources)


@router.get("/imports/{upload_id}", summary="An uploaded file, and what was done with it")
async def get_import(resources: Held, _principal: MayImport, upload_id: UUID) -> Upload:
    """While a job runs, its progress is here."""
    return await service.upload(resources, upload_id)


@router.delete("/imports/{upload_id}", summary="Delete an uploaded file", status_code=HTTPStatus.NO_CONTENT)
async def delete_import(resources: Held, principal: MayImport, origin: From, upload_id: UUID) -> None:
    """Events that were imported from it stay."""
    await service.give_up(resources, principal, origin, upload_id)


@router.post("/imports/{upload_id}/preview", summary="The first rows of a file as events")
async def preview_import(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.IMPORTS_MANAGE, "import:preview"))],
    upload_id: UUID,
    wanted: PreviewRequest,
) -> ImportPreview:
    """With a proposal of how to read the file, where none is given. Nothing is stored."""
    return await service.look(resources, upload_id, wanted)


@router.post(
    "/imports/{upload_id}/rehearsal",
    summary="Count what an import would do",
    status_code=HTTPStatus.ACCEPTED,
)
async def rehearse_import(
    resources: Held, principal: MayImport, origin: From, upload_id: UUID, wanted: ImportRequest
) -> DataJob:
    """Done by the worker, over the whole file. Nothing is stored."""
    return await service.ask(resources, principal, origin, upload_id, "rehearsal", wanted)


@router.post("/imports/{upload_id}/start", summary="Import a file", status_code=HTTPStatus.ACCEPTED)
async def start_import(
    resources: Held, principal: MayImport, origin: From, upload_id: UUID, wanted: ImportRequest
) -> DataJob:
    """Done by the worker. Rows that break the contract go to quarantine; an import that was cut off goes on."""
    return await service.ask(resources, principal, origin, upload_id, "import", wanted)


@router.get("/data-jobs/{job_id}", summary="How a rehearsal, an import or a repair is")
async def get_data_job(
    resources: Held, _principal: Annotated[Principal, Depends(requires(Permission.QUARANTINE_READ))], job_id: UUID
) -> DataJob:
    """Ask again until it is done or failed."""
    return await service.job(resources, job_id)
