"""What Spark's workers say of everyone is what one process says, to the last bit."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import psycopg
import pytest

from core.errors import OperationError
from lake.catalogue import Lake
from lake.publishing import publish
from lake.scoring import EXPLANATIONS_TABLE, Scored, explain, has_features, publish_scores, score, send_package
from lake.session import spark_session
from ml import artifact
from ml.artifact import Model, Provenance
from ml.batches import SCORES, SavedModel
from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import plan_cutoffs
from ml.purchase import train_purchase
from ml.segmentation import train_segmentation
from standalone.spark import Spark
from tests.ml.shop import CATALOGUE, made_up_shop
from warehouse.database import Database
from warehouse.marts import Marts
from warehouse.scores import SCORE_COLUMNS

pytestmark = pytest.mark.system("java", "mvn")

FIRST_DAY, AS_OF = date(2024, 1, 1), date(2024, 7, 1)
PLAN = plan_cutoffs(AS_OF, 30, FIRST_DAY, max_train=3)
FEATURES = ("marts", "user_features")
EXCLUDED, ERASED = "u00007", "u00011"
OUTCOMES = ("has_activity", "has_purchased", "purchase_amount", "is_churned")
FOR_ALL = FeatureCatalogue(tuple(replace(each, models=("purchase", "churn", "segmentation")) for each in CATALOGUE))


@pytest.fixture(scope="module")
def shop() -> pl.DataFrame:
    return made_up_shop(1_500, FIRST_DAY, (*PLAN.all, AS_OF), seed=3)


TRAINED: dict[str, Callable[[pl.DataFrame], Any]] = {
    "purchase": lambda frame: train_purchase(frame, CATALOGUE, PLAN),
    "churn": lambda frame: train_churn(frame, CATALOGUE, PLAN),
    "segmentation": lambda frame: train_segmentation(frame, FOR_ALL, AS_OF),
}


@pytest.fixture(scope="module")
def saved(shop: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Model, SavedModel]]:
    """Each model as it comes out of the registry."""
    found = {}
    for name, train in TRAINED.items():
        folder = tmp_path_factory.mktemp("models") / name
        digest = artifact.save(train(shop).model, folder, provenance=Provenance())
        found[name] = (artifact.load(folder, digest), SavedModel.read(folder, digest))
    return found


@pytest.fixture
def lake(spark: Spark, shop: pl.DataFrame, warehouse_url: str) -> Iterator[Lake]:
    """A lake with the features of two days, whole numbers as they are in the mart, and one user who is left out."""
    lake = Lake(warehouse_url, spark.location)
    features = shop.drop(OUTCOMES).filter(pl.col("as_of") >= PLAN.test)
    rows = features.with_columns(pl.col(pl.Int64).cast(pl.Int32)).to_arrow()
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("marts")
        table = transaction.catalogue.create_table(FEATURES, rows.schema)
        table.append(rows.slice(0, 1_000))
        table.append(rows.slice(1_000))
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(
            "insert into ml.excluded_users (user_id, since, reason, excluded_by) values (%s, %s, 'a test', 'a test')",
            [EXCLUDED, AS_OF],
        )
    yield lake
    with lake.writing() as transaction:
        for name in transaction.names():
            transaction.catalogue.drop_table(name)


def test_spark_says_of_everyone_what_one_process_says(
    spark: Spark, lake: Lake, saved: dict[str, tuple[Model, SavedModel]]
) -> None:
    database = Database(lake.url)
    publish(lake, [FEATURES])
    features = Marts(database).snapshot(AS_OF)
    assert features.height > 1_000
    assert EXCLUDED not in features["user_id"]
    for name, (model, files) in saved.items():
        said = Scored(name, AS_OF, model.horizon_days, 3)
        with spark_session(spark.remote) as session:
            send_package(session)
            score(session, lake, files, model, said)
            # A second time replaces what there is.
            score(session, lake, files, model, said)
            if name == "purchase":
                explain(session, lake, files, model, said, top=3)
                found = pl.DataFrame(session.table(".".join(EXPLANATIONS_TABLE)).toArrow()).sort("user_id")
        assert publish_scores(lake, said, model.feature_hash) == features.height
        expected = model.predict(features)
        assert set(SCORE_COLUMNS) == set(SCORES.names)
        columns = [each for each in SCORE_COLUMNS[1:] if each in expected.columns]
        stored = database.frame(
            "select * from ml.scores where model = %(model)s and as_of = %(as_of)s order by user_id",
            model=name,
            as_of=AS_OF,
        )
        assert stored.select("user_id", *columns).equals(expected.select("user_id", *columns))
        assert stored["model_version"].unique().to_list() == [3]
    model, _ = saved["purchase"]
    assert found["user_id"].equals(features["user_id"])
    for row, reasons in zip(found.iter_rows(named=True), model.explain(features, 3), strict=True):  # type: ignore[attr-defined]
        assert row["advice"] == list(reasons.advice)
        assert [tuple(each.values()) for each in row["reasons"]] == [
            (each.feature, each.value, each.contribution, each.text) for each in reasons.reasons
        ]


def test_a_day_that_was_not_built_is_noticed_and_erased_users_stay_out(
    spark: Spark, lake: Lake, saved: dict[str, tuple[Model, SavedModel]]
) -> None:
    model, files = saved["churn"]
    said = Scored("churn", AS_OF, 30, 1)
    with spark_session(spark.remote) as session:
        send_package(session)
        assert has_features(session, AS_OF)
        assert not has_features(session, date(2025, 1, 1))
        with pytest.raises(OperationError, match="no scores"):
            publish_scores(lake, said, "f")
        score(session, lake, files, model, said)
    everyone = publish_scores(lake, said, "f")
    with psycopg.connect(lake.url, autocommit=True) as connection:
        connection.execute(
            "insert into raw.erased_users (user_hash, trained_models) values (raw.user_hash(%s), '[]')", [ERASED]
        )
    assert publish_scores(lake, said, "f") == everyone - 1
