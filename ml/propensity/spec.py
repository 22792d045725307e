"""How one propensity model is fitted: its trees, its process of visits, its penalty.

Does not belong here: what it predicts and for whom (`ml.kinds`).
"""

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
    """The settings of one model's members.

    `visits` are the features of BG/NBD: days with a visit, days since the first, days since the last. With
    `stacks_bgnbd` that is a member of the ensemble too. `linear_shrinkage` is the ridge penalty as a share of what the
    rows tell about a coefficient: users come again at every cutoff, so rows tell less than their number says. With
    `trees_know_day` the trees learn with the day of each row (`ml.propensity.days`).
    """

    boosted: TreeParameters
    visits: tuple[str, str, str]
    stacks_bgnbd: bool = False
    trees_know_day: bool = False
    linear_shrinkage: float = 0.03


ACTIVITY_RECENCY = "days_since_last_activity"
ACTIVITY_LABEL = "has_activity"
