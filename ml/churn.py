"""Will a user who was active within the last horizon fall silent for the next one?"""

import polars as pl

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.kinds import CHURN
from ml.propensity.model import PropensityModel
from ml.propensity.refitting import Refit, refit_propensity
from ml.propensity.spec import ACTIVITY_RECENCY, PropensitySpec, TreeParameters
from ml.propensity.training import TrainedPropensity, train_propensity

SPEC = PropensitySpec(
    boosted=TreeParameters(
        rounds=120,
        depth=3,
        learning_rate=0.06,
        min_child_weight=10,
        row_share=0.7,
        column_share=0.4,
        l2=10,
    ),
    visits=("active_days_total", "days_since_first_seen", ACTIVITY_RECENCY),
)


def train_churn(
    frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan, *, seed: int = 0
) -> TrainedPropensity:
    """Train the churn model on features and labels of every day in `plan.all`.

    The population is the users active within the horizon before a cutoff; the model answers for everyone else
    by the rate at which users that inactive stayed silent. See `train_propensity` for what it raises.
    """
    return train_propensity(frame, catalogue, plan, CHURN, SPEC, seed=seed)


def refit_churn(
    model: PropensityModel, frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan, *, seed: int = 0
) -> Refit:
    """Make a judged churn model again from every day in `plan.all`: the one to deploy."""
    return refit_propensity(model, frame, catalogue, plan, CHURN, SPEC, seed=seed)
