"""What the routes of the message budget take and answer."""

from typing import Annotated

from pydantic import BaseModel, Field

from backend.fields import Strict
from backend.subscriptions.schemas import ChatId


class SlotWanted(Strict):
    """Where a reply is to be sent."""

    chat_id: ChatId


class SlotAnswer(BaseModel):
    """When the reply may be sent."""

    is_granted: Annotated[bool, Field(description="false: nothing may be sent to this chat now")]
    wait_seconds: Annotated[float, Field(ge=0, description="send after that; where not granted, ask again after that")]


class Flood(Strict):
    """Telegram answered 429."""

    retry_after_seconds: Annotated[float, Field(gt=0, le=86_400, description="as Telegram said")]
