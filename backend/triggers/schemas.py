"""What triggers are made of, and how they are shown."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.campaigns.schemas import CampaignNumbers, CampaignState, Message, Variant
from backend.fields import Strict
from backend.subscriptions.rules import Topic
from backend.users.schemas import NextCursor


class LeftCart(Strict):
    """Something was put into the cart, and nothing was added, checked out or bought since."""

    kind: Literal["left_cart"]
    after_minutes: Annotated[int, Field(ge=5, le=10_080)] = 60


class ChurnRisk(Strict):
    """A batch score of churn is above a line, and the one before was not."""

    kind: Literal["churn_risk"]
    above: Annotated[float, Field(gt=0, lt=1, description="the probability of leaving")]


class FirstOrder(Strict):
    """The user bought for the first time."""

    kind: Literal["first_order"]


class NoReply(Strict):
    """The user was sent a notification, and has done nothing since."""

    kind: Literal["no_reply"]
    after_days: Annotated[int, Field(ge=1, le=60)]


Rule = Annotated[LeftCart | ChurnRisk | FirstOrder | NoReply, Field(discriminator="kind")]

_EXAMPLE: dict[str, Any] = {
    "name": "Forgotten cart",
    "topic": "reminders",
    "rule": {"kind": "left_cart", "after_minutes": 60},
    "variants": [{"name": "plain", "texts": {"en": "Your cart is waiting.", "ru": "Ваша корзина ждёт."}}],
    "control_share": 0.1,
    "cooldown_days": 7,
    "most_a_day": 500,
}


class Limits(Strict):
    """When a trigger fires, and how often it may."""

    rule: Rule
    cooldown_days: Annotated[int, Field(ge=0, le=365, description="days before it may reach the same user again")] = 7
    most_a_day: Annotated[int, Field(ge=1, le=10_000_000, description="users a day of the shop's time zone")] = 1000


class NewTrigger(Message, Limits):
    """A trigger to make, or all of one that changes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    @model_validator(mode="after")
    def _reaches_whom_its_rule_names(self) -> Self:
        if any(variant.whom for variant in self.variants):
            raise ValueError("the rule of a trigger says whom it reaches: its variants have no `whom`")
        return self


class TriggerAnswer(BaseModel):
    """A trigger."""

    trigger_id: UUID
    name: str
    state: CampaignState
    topic: Topic
    is_transactional: bool
    rule: Rule
    cooldown_days: int
    most_a_day: int
    variants: list[Variant]
    control_share: float
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    started_at: Annotated[datetime | None, Field(description="when its rule was turned on")]
    ended_at: datetime | None


class TriggerStatus(TriggerAnswer):
    """A trigger, and what became of everybody whom it reached so far."""

    numbers: CampaignNumbers


class TriggerPage(BaseModel):
    """Triggers, newest first."""

    triggers: list[TriggerAnswer]
    next_cursor: NextCursor


class Reached(BaseModel):
    """Somebody whom a trigger would have reached."""

    user_id: str
    at: datetime
    arm: Annotated[str, Field(description="the variant, or `control`")]


class DryRun(BaseModel):
    """Whom a trigger would have reached in the last days, by what was known at each moment."""

    since: datetime
    until: datetime
    firings: Annotated[int, Field(description="how often the rule said so")]
    reached: Annotated[int, Field(description="messages, and those held out as a control, after cool-down and cap")]
    users: Annotated[int, Field(description="different users among them")]
    control: Annotated[int, Field(description="of those reached, held out by chance")]
    held_by_cooldown: int
    held_by_cap: int
    by_day: Annotated[dict[date, int], Field(description="reached on each day, UTC")]
    examples: Annotated[list[Reached], Field(description="the newest hundred")]
