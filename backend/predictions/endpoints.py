"""`POST /predictions`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.predictions import service
from backend.predictions.schemas import PredictionsRequest, PredictionsResponse, UserAnswers
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(tags=["predictions"], route_class=StrictRoute)


@router.post("/predictions", summary="What every model says of some users now")
async def post_predictions(
    asked: PredictionsRequest,
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(requires(Permission.PREDICTIONS_READ))],
) -> PredictionsResponse:
    """With `live`, an event that was stored a moment ago counts. Each prediction says until when events counted."""
    found = await service.ask(resources.models, asked.user_ids, asked.freshness, asked.reasons)
    return PredictionsResponse(
        users=[
            UserAnswers(user_id=user_id, predictions=answers)
            for user_id, answers in zip(asked.user_ids, found, strict=True)
        ]
    )
