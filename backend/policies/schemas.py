"""What `/policies` answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

_PER_USER = "per user, in base currency"


class EstimateAnswer(BaseModel):
    """A figure with its interval of 95 %."""

    value: float
    low: float
    high: float


class RankingAnswer(BaseModel):
    """How well a learner ranks users by what a message changes: the Qini coefficient. 0 is chance."""

    learner: str
    qini: Annotated[float | None, Field(description="on the decisions by which the learner was chosen")]
    qini_judged: Annotated[float | None, Field(description="on later ones; of the chosen learner only")]
    qini_low: float | None
    qini_high: float | None


class BinAnswer(BaseModel):
    """A tenth of the users, by predicted effect: what a message adds to the probability of a purchase."""

    users: int
    predicted: float
    observed: float
    standard_error: float


class ValueAnswer(BaseModel):
    """What a way to choose users would have brought."""

    policy: Annotated[str, Field(description="`learned`, or a constant choice", examples=["message for 20% by chance"])]
    doubly_robust: Annotated[EstimateAnswer | None, Field(description=_PER_USER)]
    self_normalised: Annotated[EstimateAnswer | None, Field(description=f"{_PER_USER}, without a model")]
    advantage: Annotated[
        EstimateAnswer | None, Field(description="by how much the learned policy is better; null: it is that one")
    ]


class PolicyAnswer(BaseModel):
    """A policy that was learned."""

    policy_id: int
    learned_at: datetime
    learned_by: str
    campaigns: Annotated[int, Field(description="from how many campaigns and triggers it was learned")]
    decisions: Annotated[int, Field(description="users whom these drew, treated and held out")]
    window_days: Annotated[int, Field(description="purchases of so many days after a decision count")]
    cost_per_contact: Annotated[float, Field(description="in base currency")]
    budget_share: Annotated[float, Field(description="the share of users who can be contacted", examples=[0.2])]
    learner: Annotated[str, Field(examples=["s-trees"])]
    is_promoted: Annotated[bool, Field(description="it was better than every constant choice")]
    is_in_use: Annotated[bool, Field(description="campaigns may choose by it")]
    verdict: Annotated[str, Field(description="why it is used, or not")]
    ended_at: Annotated[datetime | None, Field(description="when somebody took it out of use")]


class PolicyReport(PolicyAnswer):
    """A policy, and how it was judged."""

    is_out_of_time: Annotated[bool, Field(description="false: there were too few days, so other users judged it")]
    contacted_share: Annotated[float, Field(description="of the users by whom it was judged")]
    telling_features: Annotated[list[str], Field(description="features left out because they tell who was treated")]
    rankings: Annotated[list[RankingAnswer], Field(description="the best first")]
    bins: Annotated[list[BinAnswer], Field(description="the lowest predicted effect first")]
    values: Annotated[list[ValueAnswer], Field(description="the learned policy first")]


class PolicyList(BaseModel):
    """Policies, the newest first."""

    in_use: Annotated[
        PolicyAnswer | None, Field(description="null: none is better than chance, so campaigns draw users by chance")
    ]
    policies: list[PolicyAnswer]
