"""A fourth kind of model in a package of its own, installed into a folder as an installer would.

`returning`: will a user who was ever seen be active within the horizon? It learns like churn and purchase do, from the
features of churn.
"""

from pathlib import Path

_RECORD = '''"""Will a user come back?"""

from ml.kinds import Answer, ModelKind, Outcome

KIND = ModelKind(
    name="returning",
    purpose="the calibrated probability that a user comes back within the horizon",
    answer=Answer.PROBABILITY,
    model_class="ml.propensity.model:PropensityModel",
    trainer="shop_models.training:train_returning",
    outcome=Outcome(label="has_activity", recency="days_since_last_activity", words="the chance of a return"),
    feature_role="churn",
)
'''
_TRAINING = '''"""How the model learns."""

from ml.propensity.spec import PropensitySpec, TreeParameters
from ml.propensity.training import train_propensity
from shop_models import KIND

SPEC = PropensitySpec(
    boosted=TreeParameters(
        rounds=40, depth=3, learning_rate=0.1, min_child_weight=10, row_share=0.7, column_share=0.4, l2=10
    ),
    visits=("active_days_total", "days_since_first_seen", "days_since_last_activity"),
)


def train_returning(frame, catalogue, plan, *, seed=0):
    return train_propensity(frame, catalogue, plan, KIND, SPEC, seed=seed)
'''


def install_returning(site: Path) -> None:
    """Writes the package and what an installer notes about it to a folder that is on the path."""
    package, info = site / "shop_models", site / "shop_models-1.0.dist-info"
    package.mkdir()
    (package / "__init__.py").write_text(_RECORD)
    (package / "training.py").write_text(_TRAINING)
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: shop-models\nVersion: 1.0\nRequires-Dist: customer-analyzer\n"
        "Requires-Dist: tenacity\n"
    )
    (info / "entry_points.txt").write_text("[customer_analyzer.models]\nreturning = shop_models:KIND\n")
