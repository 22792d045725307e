"""`/models`: versions, promotions, rollbacks."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from backend.access.guard import requires, requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.models import service
from backend.models.schemas import ModelChange, ModelsAnswer, NewPromotion, NewRollback
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/models", tags=["models"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]
_MayManage = Annotated[Principal, Depends(requires_proof(Permission.MODELS_MANAGE))]
_Model = Annotated[str, Path(max_length=60, pattern=r"^[a-z][a-z0-9_]*$", description="its name, as in `churn`")]


@router.get("", summary="Champion beside challenger: figures, verdicts, curves, backtests")
async def get_model_versions(resources: _Resources, _principal: _MayRead) -> ModelsAnswer:
    """As the pipeline published them; `GET /analytics/models` has what came true since."""
    return await service.models(resources)


@router.post(
    "/{model}/promotions",
    summary="Make a version the champion",
    status_code=HTTPStatus.ACCEPTED,
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def post_model_promotion(
    given: NewPromotion,
    resources: _Resources,
    principal: _MayManage,
    origin: Annotated[Origin, Depends(origin_of)],
    model: _Model,
) -> ModelChange:
    """Done by the worker in some seconds; `GET /models/changes/{change_id}` says what it came to. 409: another champion
    than you saw, the gate's refusal, or a promotion that is under way.
    """
    return await service.promote(resources, principal, origin, model, given)


@router.post(
    "/{model}/rollbacks",
    summary="Make the champion before this one champion again",
    status_code=HTTPStatus.ACCEPTED,
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def post_model_rollback(
    given: NewRollback,
    resources: _Resources,
    principal: _MayManage,
    origin: Annotated[Origin, Depends(origin_of)],
    model: _Model,
) -> ModelChange:
    """Nothing is trained. Done and refused as a promotion is."""
    return await service.roll_back(resources, principal, origin, model, given)


@router.get("/changes/{change_id}", summary="How a promotion or rollback is")
async def get_model_change(resources: _Resources, _principal: _MayRead, change_id: UUID) -> ModelChange:
    """Ask again until it is done, refused or failed."""
    return await service.change(resources.database, change_id)
