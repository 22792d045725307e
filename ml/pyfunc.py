"""How MLflow opens a model directory: `mlflow.pyfunc.load_model("models:/churn@champion")`.

Belongs here: the one function MLflow calls, and the wrapper it expects. Does not: anything about models.
"""

from pathlib import Path

import pandas as pd
import polars as pl

from ml import artifact


class PandasModel:
    """A model that takes and gives pandas frames, as MLflow's callers expect."""

    def __init__(self, model: artifact.Model) -> None:
        self.model = model

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """One answer a row: user_id, score or segment, basis."""
        # A column in which nothing is defined has no type of its own, and polars would take it for text.
        empty = features.columns[features.isna().all()]
        return self.model.predict(pl.from_pandas(features.astype(dict.fromkeys(empty, "float64")))).to_pandas()


def _load_pyfunc(data_path: str) -> PandasModel:
    """Called by MLflow with the model's directory; every file is checked against the manifest."""
    return PandasModel(artifact.load(Path(data_path)))
