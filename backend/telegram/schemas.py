"""What the routes of Telegram take and answer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.events.schemas import EventResult
from backend.predictions.schemas import ModelAnswer


class TelegramAnswer(BaseModel):
    """What became of the event, what the models say of its user now, and words that may be shown to the user."""

    event: EventResult
    predictions: Annotated[list[ModelAnswer], Field(description="from live features: the event counts")]
    text: Annotated[str, Field(description="a short personal answer; never says what the shop fears")]


class Update(BaseModel):
    """An update as Telegram's Bot API describes it. Only its number is read here."""

    model_config = ConfigDict(extra="allow")

    update_id: Annotated[int, Field(ge=0, description="Telegram's number of the update")]


class UpdateReceipt(BaseModel):
    """That the update is stored."""

    update_id: int
    is_new: Annotated[bool, Field(description="false: Telegram had sent it before")]
