"""The recommender's versions in MLflow: registered, read, and put to use as tables of items.

Belongs here: what is special about registered recipes. Does not belong here: learning and judging
(`ml.recommendation`), when that is done (`orchestration.recommending`), and answers (`backend.recommendations`).
"""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from ml.cutoffs import CutoffPlan
from ml.recommendation import RECOMMENDATION
from ml.recommendation.fitting import TrainedRecipe
from ml.recommendation.history import as_of_day
from ml.recommendation.recipe import Recipe
from ml.recommendation.related import item_tables
from ml.recommendation.stored import load_recipe, save_recipe
from registry.mlflow_registry import RegisteredModel, Registry
from warehouse.item_history import read_history, read_identities
from warehouse.marts import Marts
from warehouse.recommender import forgive, recommender_state, write_tables


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


def use_champion(marts: Marts, registry: Registry) -> None:
    """Makes the tables of items by the champion at once, whatever the gate said of it: a person has decided."""
    state, champion = marts.database.run(recommender_state()), registry.champion(RECOMMENDATION)
    marts.database.run(forgive(champion.version))
    learned = date.fromisoformat(champion.as_of)
    make_item_tables(marts, registry, learned if state is None or state.as_of is None else max(state.as_of, learned))


def make_item_tables(marts: Marts, registry: Registry, as_of: date) -> dict[str, int | str] | None:
    """Makes the tables of items as of a day by the champion's recipe; returns figures about them.

    None, and nothing changes, where no version may be used on that day, or where the tables are of a later day.
    """
    state = marts.database.run(recommender_state())
    champion = registry.champion_as_of(RECOMMENDATION, as_of)
    if champion is None or (state is not None and state.refused_version == champion.version):
        return None
    if state is not None and state.model_version is not None and state.as_of is not None and state.as_of > as_of:
        return None
    recipe = read_recipe(registry, champion)
    history = read_history(marts.database, as_of, marts.training_rows)
    known = as_of_day(history, as_of, read_identities(marts.database))
    tables = item_tables(known, as_of, recipe.method)
    write_tables(
        marts.database, tables, champion.version, recipe.to_dict(), champion.tags.get("gate", "promoted by hand")
    )
    return {
        "items": tables.items.height,
        "related_pairs": tables.related.height,
        "model_version": champion.version,
        "method": recipe.method.value,
    }
