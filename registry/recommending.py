"""The recommender's versions in MLflow: registered and read.

Belongs here: what is special about registered recipes. Does not belong here: learning and judging
(`ml.recommendation`), when that is done (`orchestration.recommending`), and answers (`backend.recommendations`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from ml.cutoffs import CutoffPlan
from ml.recommendation import RECOMMENDATION
from ml.recommendation.fitting import TrainedRecipe
from ml.recommendation.recipe import Recipe
from ml.recommendation.stored import load_recipe, save_recipe
from registry.mlflow_registry import RegisteredModel, Registry


def register_recipe(
    registry: Registry, trained: TrainedRecipe, plan: CutoffPlan, *, data_fingerprint: str, git_revision: str
) -> RegisteredModel:
    """Logs a trained recipe to MLflow and registers it as challenger."""
    recipe = trained.recipe
    with TemporaryDirectory() as scratch:
        directory = Path(scratch) / RECOMMENDATION
        digest = save_recipe(recipe, directory)
        return registry.log_candidate(
            RECOMMENDATION,
            directory,
            digest,
            parameters={"method": recipe.method.value, **{f"weight_{name}": w for name, w in recipe.weights.items()}},
            metrics=trained.metrics,
            figures={},
            tables={"cutoffs": plan.to_dict()},
            tags={
                "as_of": plan.as_of.isoformat(),
                "horizon_days": str(plan.horizon_days),
                "test_cutoff": plan.test.isoformat(),
                "data_fingerprint": data_fingerprint,
                "git_revision": git_revision,
            },
            loader_module="ml.recommendation.stored",
        )


def read_recipe(registry: Registry, version: RegisteredModel) -> Recipe:
    """The recipe of a version, once every byte of it was checked."""
    return load_recipe(registry.folder(version), version.digest)
