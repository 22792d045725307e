"""What `POST /predictions` takes and answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.fields import Strict
from serving.schemas import AnyPrediction, Freshness, UserId

MAX_USERS = 100


class ModelAnswer(BaseModel):
    """What one model says of a user now."""

    model: str
    horizon_days: Annotated[int | None, Field(description="how far it looks; null: it is about today")] = None
    prediction: Annotated[AnyPrediction | None, Field(description="with reasons; null where nobody answered")] = None
    unavailable: Annotated[str | None, Field(description="why nobody answered")] = None


class PredictionsRequest(Strict):
    """Whom to ask about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_ids": ["1024"], "freshness": "live"}]})

    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=MAX_USERS, description="answered in this order")]
    freshness: Annotated[
        Freshness,
        Field(description="`live` counts everything that has arrived until now; `snapshot` is as of last night"),
    ] = "live"
    reasons: Annotated[int, Field(ge=0, le=10, description="how many reasons each answer carries")] = 3


class UserAnswers(BaseModel):
    """What every model says of one user."""

    user_id: Annotated[str, Field(description="as asked")]
    predictions: list[ModelAnswer]


class PredictionsResponse(BaseModel):
    """The users in the order asked."""

    users: list[UserAnswers]
