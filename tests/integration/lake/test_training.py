"""What a model learns from the lake is what it learns from Postgres, to its digest."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.expressions.parser import parse

from lake.catalogue import Lake
from lake.names import warehouse_location
from lake.publishing import publish
from ml import artifact
from ml.artifact import Provenance
from ml.churn import train_churn
from ml.cutoffs import plan_cutoffs
from ml.fingerprint import fingerprint
from ml.purchase import train_purchase
from tests.ml.shop import CATALOGUE, made_up_shop
from warehouse.database import Database
from warehouse.marts import Marts

FIRST_DAY, AS_OF, HORIZON_DAYS = date(2024, 1, 1), date(2024, 7, 1), 30
PLAN = plan_cutoffs(AS_OF, HORIZON_DAYS, FIRST_DAY, max_train=3)
FEATURES, LABELS = ("marts", "user_features"), ("marts", "user_labels")
OUTCOMES = ("has_activity", "has_purchased", "purchase_amount", "is_churned")


@pytest.fixture
def lake(warehouse_url: str, tmp_path: Path) -> Lake:
    """A lake with the features and labels of a made-up shop, in files whose rows are in no order."""
    shop = made_up_shop(600, FIRST_DAY, PLAN.all, seed=5).sample(fraction=1.0, shuffle=True, seed=1)
    labels = shop.select("user_id", "as_of", pl.lit(HORIZON_DAYS, pl.Int32).alias("horizon_days"), *OUTCOMES)
    lake = Lake(warehouse_url, warehouse_location("home:/lake", tmp_path))
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("marts")
        for name, frame in (FEATURES, shop.drop(OUTCOMES)), (LABELS, labels):
            rows = frame.to_arrow()
            table = transaction.catalogue.create_table(name, rows.schema)
            table.append(rows.slice(0, 700))
            table.append(rows.slice(700))
    return lake


def read_from_lake(lake: Lake) -> pl.DataFrame:
    """The training frame as whoever reads the lake's files makes it."""
    cutoffs = []
    with lake.reading() as transaction:
        features, labels = transaction.table(FEATURES), transaction.table(LABELS)
        assert features is not None
        assert labels is not None
        for day in sorted(PLAN.all):
            as_of = f"as_of = '{day.isoformat()}'"
            known = pl.DataFrame(features.scan(parse(as_of)).to_arrow())
            outcomes = pl.DataFrame(labels.scan(parse(f"{as_of} and horizon_days = {HORIZON_DAYS}")).to_arrow())
            joined = known.join(outcomes.drop("horizon_days"), ["user_id", "as_of"], validate="1:1")
            cutoffs.append(joined.sort("user_id"))
    return pl.concat(cutoffs)


def test_models_learn_the_same_from_either_side(lake: Lake, tmp_path: Path) -> None:
    publish(lake, [FEATURES, LABELS], every_day=True)
    of_postgres = Marts(Database(lake.url)).training_frame(PLAN.all, HORIZON_DAYS)
    of_lake = read_from_lake(lake)
    assert of_postgres.height > 1_500
    assert of_lake.columns == of_postgres.columns
    assert fingerprint(of_lake) == fingerprint(of_postgres)
    for name, train in ("purchase", train_purchase), ("churn", train_churn):
        digests = {
            artifact.save(train(frame, CATALOGUE, PLAN).model, tmp_path / f"{name} {place}", provenance=Provenance())
            for place, frame in enumerate((of_postgres, of_lake))
        }
        assert len(digests) == 1, name
