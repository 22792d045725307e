"""`/templates`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.templates import service
from backend.templates.rendering import VARIABLES
from backend.templates.schemas import (
    Template,
    TemplateContent,
    TemplateName,
    TemplatePreviewRequest,
    TemplatePreviews,
    Templates,
    TemplateVersions,
)

router = APIRouter(prefix="/templates", tags=["templates"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.TEMPLATES_READ))]


@router.get("", summary="The words of personal answers")
async def get_templates(resources: Held, _principal: MayRead) -> Templates:
    """Every template as it is now, and the variables that texts may use."""
    found = await service.templates(resources.database)
    return Templates(templates=found, variables={name: meaning for name, (meaning, _) in VARIABLES.items()})


@router.get("/{name}/versions", summary="All versions of a template")
async def get_template_versions(resources: Held, _principal: MayRead, name: TemplateName) -> TemplateVersions:
    """Newest first. An old version is used again by storing its content anew."""
    return TemplateVersions(versions=await service.versions(resources.database, name))


@router.put("/{name}", summary="Change a template, or add one")
async def put_template(
    resources: Held,
    principal: Annotated[Principal, Depends(requires(Permission.TEMPLATES_WRITE))],
    origin: Annotated[Origin, Depends(origin_of)],
    name: TemplateName,
    content: TemplateContent,
) -> Template:
    """Makes a new version, which counts from the next answer on. A text that could not be sent is refused."""
    return await service.change(resources, principal, origin, name, content)


@router.post("/preview", summary="Try a template with real users")
async def preview_template(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.TEMPLATES_WRITE, "template:preview"))],
    wanted: TemplatePreviewRequest,
) -> TemplatePreviews:
    """Nothing is stored or sent. First names are not kept, so everybody is called Anna."""
    return TemplatePreviews(previews=await service.preview(resources, wanted))
