"""What `GET /users/{user_id}/contacts` answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from warehouse.recipients import State


class Contact(BaseModel):
    """A campaign or trigger that selected the user, and what became of it."""

    campaign_id: UUID
    name: str
    kind: Literal["campaign", "trigger"]
    arm: Annotated[str | None, Field(description="the variant or the control group; null: could not be reached anyway")]
    is_experiment: Annotated[bool, Field(description="it has a control group, so its effect is measured")]
    state: State
    reason: str | None
    text: Annotated[str | None, Field(description="in the user's language, as of now; null: nothing was to be sent")]
    selected_at: datetime
    sent_at: datetime | None


class ListOfUser(BaseModel):
    """A list that the user is on."""

    list_id: UUID
    name: str


class Said(BaseModel):
    """Feedback of the user."""

    feedback_id: UUID
    stars: int | None
    words: str | None
    given_at: datetime
    answer: str | None


class Contacts(BaseModel):
    """What the shop and one user have said to each other, newest first."""

    contacts: Annotated[list[Contact], Field(description="the newest hundred")]
    lists: list[ListOfUser]
    feedback: Annotated[list[Said] | None, Field(description="the newest twenty; null: not for this caller to see")]
    is_in_global_control: Annotated[bool, Field(description="held out of all campaigns by chance")]
    topics: Annotated[list[str] | None, Field(description="what the user wants to hear of; null: no chat with the bot")]
