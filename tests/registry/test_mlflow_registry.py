"""What a version looks like as plain data; MLflow itself runs in the integration tests."""

import json
import math

from registry.mlflow_registry import RegisteredModel


def test_a_figure_that_could_not_be_measured_is_null() -> None:
    tags = {"as_of": "2025-05-31"}
    version = RegisteredModel("churn", 1, "run", "home:/models", "digest", tags, {"auc": math.nan, "brier": 0.25}, 0)
    written = json.dumps(version.to_dict(), allow_nan=False)
    assert json.loads(written)["metrics"] == {"auc": None, "brier": 0.25}
