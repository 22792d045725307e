"""What the preview of a campaign shows."""

from typing import Annotated

from pydantic import BaseModel, Field

from warehouse.recipients import State as RecipientState


class PreviewShare(BaseModel):
    """A part of the audience."""

    state: RecipientState
    reason: str | None
    arm: str | None
    users: int


class PreviewSample(BaseModel):
    """Somebody who would be written to, and with which words."""

    user_id: str
    arm: str
    language: str
    text: str


class Preview(BaseModel):
    """What a campaign would come to if it began now. Caps are judged when a message leaves."""

    selected: int
    to_send: Annotated[int, Field(description="would be queued")]
    shares: list[PreviewShare]
    samples: list[PreviewSample]
    is_by_chance: Annotated[
        bool,
        Field(description="who was to be chosen by effect is drawn by chance: no policy is in use"),
    ] = False
    policy_id: Annotated[
        int | None, Field(description="the policy that chooses them; null: they are drawn by chance, or not asked for")
    ] = None
