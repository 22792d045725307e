"""What tells one propensity model from another: its label, its population, its baselines, its trees."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TreeParameters:
    """How boosted trees are grown, one a round; to a depth of three they are explained by table (`shapley`)."""

    rounds: int
    depth: int
    learning_rate: float
    min_child_weight: float
    row_share: float
    column_share: float
    l2: float


@dataclass(frozen=True)
class PropensitySpec:
    """One question about a user's next `horizon_days`.

    `label` is the boolean column that answers it, null outside the population. `recency` is the feature of the
    recency rule; `visits` are those of BG/NBD: days with a visit, days since the first, days since the last. With
    `stacks_bgnbd` that is a member of the ensemble too. With `active_only` the population is the users active within
    the last horizon, and everyone else is answered by the rate of silence at their recency.
    `linear_shrinkage` is the ridge penalty as a share of what the rows tell about a coefficient: users come
    again at every cutoff, so rows tell less than their number says.
    """

    kind: str
    label: str
    recency: str
    boosted: TreeParameters
    visits: tuple[str, str, str]
    stacks_bgnbd: bool = False
    linear_shrinkage: float = 0.03
    active_only: bool = False
    has_amount: bool = False


ACTIVITY_RECENCY = "days_since_last_activity"
ACTIVITY_LABEL = "has_activity"
