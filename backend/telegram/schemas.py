"""What the routes of Telegram take and answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.events.schemas import EventResult
from backend.fields import Strict
from backend.predictions.schemas import ModelAnswer
from backend.templates.schemas import Situation

MOST_UPDATES = 100
MOST_WAIT_SECONDS = 30
MOST_ANSWERS = 20
MOST_NAME = 64
"""Characters of a first name that are used."""


class Addressee(BaseModel):
    """Who is answered. It is used for the words alone, and not stored; other fields are passed over."""

    language: Annotated[str, Field(description="of the answer: `en` or `ru`; English for any other")] = "en"
    first_name: Annotated[str, Field(description="as Telegram says; may be used in the words")] = ""


class AddresseeOnly(BaseModel):
    """The part of the body that is no field of the event."""

    addressee: Addressee | None = None


class TelegramAnswer(BaseModel):
    """What became of the event, what the models say of its user now, and words that may be shown to the user."""

    event: EventResult
    predictions: Annotated[list[ModelAnswer], Field(description="from live features: the event counts")]
    text: Annotated[str, Field(description="a personal answer in Telegram's HTML; never says what the shop fears")]
    reason: Annotated[str, Field(description="why the user is told this; may be shown to the user")]
    template: Annotated[str, Field(description="the template that the words are from")]
    template_version: Annotated[int, Field(description="0: built in")]
    situation: Annotated[Situation, Field(description="how it is between the user and the shop")]


class Update(Strict):
    """An update as Telegram's Bot API describes it. Only its number is read here."""

    model_config = ConfigDict(extra="allow")

    update_id: Annotated[int, Field(ge=0, description="Telegram's number of the update")]


class UpdateReceipt(BaseModel):
    """That the update is stored."""

    update_id: int
    is_new: Annotated[bool, Field(description="false: Telegram had sent it before")]


class PolledUpdates(Strict):
    """Updates that the bot has fetched."""

    updates: Annotated[list[Update], Field(min_length=1, max_length=MOST_UPDATES)]


class StoredUpdates(BaseModel):
    """That they are stored."""

    new: Annotated[int, Field(description="updates that were not known")]


class UpdatesWanted(Strict):
    """How many updates are wanted, and how long to wait for the first."""

    limit: Annotated[int, Field(ge=1, le=MOST_UPDATES)] = MOST_UPDATES
    wait_seconds: Annotated[float, Field(ge=0, le=MOST_WAIT_SECONDS)] = 0


class TakenUpdates(BaseModel):
    """Updates that whoever asked has a minute to handle."""

    updates: Annotated[list[dict[str, Any]], Field(description="as Telegram sent them, oldest first")]


class Handled(Strict):
    """What became of an update, and the answers to it as events."""

    outcome: Annotated[
        Literal["answered", "noted", "ignored", "blocked", "failed"],
        Field(
            description="`answered`; `noted`: it needs no answer; `ignored`: nobody did anything; `blocked`: the user "
            "has blocked the bot; `failed`: Telegram did not take the answer"
        ),
    ]

    events: Annotated[
        tuple[dict[str, Any], ...],
        Field(max_length=MOST_ANSWERS, description="as in `POST /events`; stored before the update is marked"),
    ] = ()


class HandledReceipt(BaseModel):
    """That it is noted."""

    is_first: Annotated[bool, Field(description="false: it was marked before")]
