"""The tables that a page draws of a trained model."""

import json

import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.purchase import train_purchase
from ml.report_tables import gain_rows, importance_rows, report_tables
from tests.ml.conftest import ShopFrame


def test_a_model_has_all_tables_as_plain_data(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame()
    trained = train_purchase(frame, catalogue, plan)
    test_rows = frame.filter(pl.col("as_of") == plan.test)
    tables = report_tables(trained.model, trained.evaluation, test_rows)
    assert set(tables) == {"reliability", "gain", "importance"}
    json.dumps(tables, allow_nan=False)
    assert sum(row["rows"] for row in tables["reliability"]) == trained.evaluation.test_predictions.height
    values = [row["value"] for row in tables["importance"]]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0
    assert {row["feature"] for row in tables["importance"]} <= set(catalogue.names)
    # The order of rows changes nothing.
    assert importance_rows(trained.model, test_rows.reverse()) == importance_rows(trained.model, test_rows)
    assert importance_rows(trained.model, test_rows.clear()) == []


def test_gain_begins_with_nobody_and_ends_with_everybody() -> None:
    predictions = pl.DataFrame(
        {"label": [True, False, True, False], "probability": [0.9, 0.8, 0.7, 0.1], "recency": [1.0, 2.0, 3.0, 4.0]}
    )
    rows = gain_rows(predictions)
    assert {row["contender"] for row in rows} == {"model", "recency"}
    of_model = [row for row in rows if row["contender"] == "model"]
    assert (of_model[0]["share_users"], of_model[0]["lift"]) == (0.0, None)
    assert (of_model[-1]["share_positives"], of_model[-1]["lift"]) == (1.0, 1.0)
    assert of_model[5]["lift"] == pytest.approx(2.0)
