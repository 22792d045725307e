"""What `/experiments` takes and answers."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.effects.schemas import Outcome
from backend.fields import Strict
from warehouse.experiments import LEAST_SHARE, MOST_SHARE


class NewGlobalControl(Strict):
    """How large the global control group is to be."""

    share: Annotated[
        float | None,
        Field(
            ge=LEAST_SHARE,
            le=MOST_SHARE,
            description="share of all users, 0.01 to 0.1; null: campaigns may reach everybody",
            examples=[0.05],
        ),
    ]
    is_redrawn: Annotated[bool, Field(description="draw other users; false: a group that grows keeps its members")] = (
        False
    )


class GlobalControlAnswer(BaseModel):
    """The global control group: users whom no campaign reaches, so that the effect of all campaigns is known."""

    share: Annotated[float | None, Field(description="share of all users; null: there is no group", examples=[0.05])]
    begun_at: Annotated[datetime | None, Field(description="when it began as it is now")]
    begun_by: Annotated[str | None, Field(description="who asked for it", examples=["anna@shop.example"])]
    used_by: Annotated[
        list[str], Field(description="what uses it; while this is not empty, it cannot be changed", examples=[[]])
    ]


class HoldoutEffectAnswer(BaseModel):
    """One outcome per user, of everybody else and of the group. Bounds hold on all days together."""

    outcome: Annotated[str, Field(description="`orders`, or `revenue` in base currency", examples=["orders"])]
    campaigned_users: int
    held_out_users: int
    campaigned: Annotated[float, Field(description="per user whom campaigns may reach")]
    held_out: Annotated[float, Field(description="per user of the global control group")]
    difference: Annotated[float, Field(description="adjusted for what users bought before")]
    low: Annotated[float | None, Field(description="null: too few buyers to be sure")]
    high: float | None


class HoldoutAnswer(BaseModel):
    """What all campaigns together did since the global control group began."""

    begun_on: Annotated[date | None, Field(description="null: there is no group, or no run from before and after it")]
    until: Annotated[date | None, Field(description="the day of the last run's features")]
    effects: Annotated[
        list[HoldoutEffectAnswer],
        Field(description="empty: nothing to compare yet"),
    ]


class PlanQuery(BaseModel):
    """An experiment to plan. Give either `effect` or `users`."""

    model_config = ConfigDict(extra="forbid")

    base: Annotated[float, Field(gt=0, lt=1, description="of users without a message, the share that buys")]
    effect: Annotated[
        float | None, Field(gt=-1, lt=1, description="the effect to find, on that share", examples=[0.01])
    ] = None
    users: Annotated[int | None, Field(ge=10, le=1_000_000_000, description="of all arms")] = None
    control_share: Annotated[float, Field(ge=0.01, le=0.9, description="held out by chance")] = 0.1
    variants: Annotated[int, Field(ge=1, le=10)] = 1
    window_days: Annotated[int, Field(ge=1, le=90, description="purchases of so many days count")] = 14
    users_a_week: Annotated[int | None, Field(ge=1, le=1_000_000_000, description="how many users are drawn")] = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.effect is None) == (self.users is None) or self.effect == 0:
            raise ValueError("give either `effect`, which is not 0, or `users`")
        if self.effect is not None and not 0 < self.base + self.effect < 1:
            raise ValueError("the share of buyers is between 0 and 1 with the effect too")
        return self


class PlanAnswer(BaseModel):
    """What it takes."""

    users: Annotated[int, Field(description="of all arms")]
    effect: Annotated[float, Field(description="the smallest that is found four times in five")]
    weeks: Annotated[int | None, Field(description="until the last window is over; null: `users_a_week` was not given")]


class StoppedVariant(BaseModel):
    """A variant whose queued messages were cancelled, because its interval said that it does harm."""

    campaign_id: UUID
    name: str
    variant: str
    outcome: Annotated[Outcome, Field(description="what it costs")]
    stopped_at: datetime
    messages: Annotated[int, Field(description="not sent any more")]


class StoppedVariants(BaseModel):
    """`GET /experiments/stopped-variants`."""

    stopped: Annotated[list[StoppedVariant], Field(description="the newest first")]
