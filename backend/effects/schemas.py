"""What `GET /campaigns/{campaign_id}/effect` takes and answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, computed_field

from backend.effects import words
from backend.told import Told

WINDOW_DAYS = 14

Outcome = Literal["buyers", "orders", "revenue"]
_PER_USER = "the same for one user"


class EffectQuery(BaseModel):
    """How long users are watched."""

    window_days: Annotated[
        int,
        Field(ge=1, le=90, description="outcomes of so many days after the campaign count; decide before you look"),
    ] = WINDOW_DAYS
    beside: Annotated[
        str | None,
        Field(
            max_length=40,
            description="the arm that others are compared with; decide before you look; null: the control group, or "
            "the first variant where nobody is held out",
        ),
    ] = None


class Day(BaseModel):
    """What was known at the end of a day (UTC). Bounds hold on all days together; null: it was too early."""

    day: date
    treated_users: int
    control_users: int
    treated_mean: Annotated[float, Field(description="per user, as counted")]
    control_mean: float
    total: Annotated[
        float, Field(description="what the variant brought from all its users together, beyond what they do anyway")
    ]
    total_low: float | None
    total_high: float | None
    per_user: Annotated[float, Field(description=_PER_USER)]
    per_user_low: float | None
    per_user_high: float | None
    p_value: Annotated[float | None, Field(description="of no effect; holds however often one looks")]
    is_early: bool


class OutcomeAnswer(BaseModel):
    """One outcome of a variant."""

    outcome: Annotated[Outcome, Field(description="users who bought, their orders, or their revenue net of refunds")]
    unit: Annotated[str, Field(description="`users`, `orders`, or the base currency", examples=["EUR"])]
    summary: Annotated[str, Field(examples=["12 more orders, between 3 and 21."])]
    variance_taken: Annotated[
        float, Field(description="share of the variance explained by what users did before; it narrows the bounds")
    ]
    days: Annotated[list[Day], Field(description="the oldest first; the last one is today or the end")]


class VariantAnswer(BaseModel):
    """A variant beside the arm that it is compared with."""

    variant: str
    level: Annotated[float, Field(description="how sure all its bounds are together", examples=[0.95])]
    outcomes: list[OutcomeAnswer]


class ScorecardEffect(BaseModel):
    """One outcome of a variant, as it was known when it was last measured."""

    campaign_id: UUID
    name: str
    variant: str
    outcome: Outcome
    summary: Annotated[str, Field(examples=["12 more orders, between 3 and 21."])]
    unit: Annotated[str, Field(description="`users`, `orders`, or the base currency", examples=["EUR"])]
    measured_at: datetime
    window_days: int
    is_complete: Annotated[bool, Field(description="everybody's window is over")]
    is_mismatched: Annotated[bool, Field(description="arms lack users, so the effect is not to be believed")]
    treated_users: int
    control_users: int
    total: Annotated[float, Field(description="of all users of the variant together")]
    total_low: Annotated[float | None, Field(description="null: it is too early")]
    total_high: float | None
    p_value: float | None


class CampaignScorecard(BaseModel):
    """`GET /analytics/campaigns`."""

    effects: Annotated[list[ScorecardEffect], Field(description="the newest campaign first; measured every hour")]


class ArmAnswer(BaseModel):
    """How many users an arm has and should have."""

    arm: str
    share: Annotated[float, Field(description="planned share of those who could be reached")]
    assigned_users: int
    expected_users: float
    messages_sent: Annotated[int, Field(description="also those of which Telegram's answer was lost")]


class SampleRatioAnswer(BaseModel):
    """Whether arms have the users that they should have. If not, they cannot be compared."""

    p_value: Annotated[float, Field(description="holds however often one looks; below 0.001 is a mismatch")]
    is_mismatched: bool
    arms: list[ArmAnswer]


class EffectAnswer(BaseModel):
    """The effect of a campaign, as far as it is known now."""

    campaign_id: UUID
    name: str
    measured_at: datetime
    window_days: int
    first_sent_at: Annotated[datetime | None, Field(description="outcomes count from here; null: nothing was sent")]
    messages_sent: Annotated[int, Field(description="also those of which Telegram's answer was lost")]
    is_complete: Annotated[bool, Field(description="everybody's window is over; later looks change little")]
    in_several_arms: Annotated[
        int, Field(description="people left out because ids of theirs were assigned to several arms")
    ]
    assigned_twice: Annotated[int, Field(description="people left out because several ids of theirs were in one arm")]
    warnings: Annotated[list[str], Field(description="why the effect should not be believed, or not yet")]
    beside: Annotated[str | None, Field(description="the arm that others are compared with", examples=["control"])]
    sample_ratio: SampleRatioAnswer | None
    variants: Annotated[list[VariantAnswer], Field(description="empty: there is nothing to compare yet")]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def warnings_told(self) -> list[Told]:
        """The warnings by codes."""
        return [part for each in self.warnings for part in words.VOCABULARY.read(each)]
