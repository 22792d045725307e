"""A recipe on disk, and as MLflow opens it.

Belongs here: writing and reading the folder of a registered recipe. Does not belong here: tables of items, which are
made again every night from the newest events.
"""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import polars as pl

from ml.artifact import verified_files, write_files
from ml.errors import ArtifactError
from ml.recommendation.history import HISTORY, as_of_day
from ml.recommendation.ranking import recommended
from ml.recommendation.recipe import Recipe
from ml.recommendation.related import item_tables

_FILE = "recipe.json"
_MOST = 10


def save_recipe(recipe: Recipe, directory: Path) -> str:
    """Writes a recipe, and returns its digest."""
    return write_files(directory, {_FILE: recipe.to_json()})


def load_recipe(directory: Path, digest: str | None = None) -> Recipe:
    """Reads a recipe whose every byte is what was saved. Raises ArtifactError."""
    files = verified_files(directory, digest)
    try:
        return Recipe.from_json(files[_FILE])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{directory} does not hold a readable recipe: {error!r}.") from error


class RecipeOnHistories:
    """A recipe as `mlflow.pyfunc.load_model` gives it: a history of any users in, their best items out."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def predict(self, history: pd.DataFrame) -> pd.DataFrame:
        """The ten best items of every user, as of the day after the last one known: user_id, place, item_id."""
        known = pl.from_pandas(history).cast(pl.Schema(HISTORY))
        as_of = max(known["known_day"].to_list()) + timedelta(days=1)
        known = as_of_day(known, as_of)
        tables = item_tables(known, as_of, self.recipe.method)
        users = known["user_id"].unique().sort().to_list()
        return recommended(self.recipe, tables, known, users, _MOST).to_pandas()


def _load_pyfunc(data_path: str) -> RecipeOnHistories:
    """Called by MLflow with the folder of a recipe."""
    return RecipeOnHistories(load_recipe(Path(data_path)))
