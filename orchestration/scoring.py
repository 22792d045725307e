"""Batch scoring: one champion, one snapshot, every user; and what the scores look like as numbers.

Belongs here: which model is asked, on which engine. Does not belong here: what Spark is told (`lake.scoring`).
"""

from datetime import date

from core.home import Home
from core.settings import Settings
from lake.names import warehouse_location
from lake.opening import open_lake
from ml.errors import NotEnoughData
from ml.kinds import ModelKind
from orchestration.engines import spark_of_scoring
from registry.mlflow_registry import Registry
from warehouse.database import Database
from warehouse.locks import marts_lock
from warehouse.marts import Marts
from warehouse.scores import figures_of_scores, write_scores

Figures = dict[str, float | int | str]


def score_everyone(kind: ModelKind, marts: Marts, registry: Registry, as_of: date) -> Figures | None:
    """Scores every user of a snapshot, stores the scores, returns figures about them.

    The champion scores, or for a past day the newest model that has not learned from later ones. None where there is
    no such model: the shop may have no use for it.
    """
    champion = registry.champion_as_of(kind.name, as_of)
    if champion is None:
        return None
    model = registry.load(champion)
    features = marts.snapshot(as_of)
    if features.is_empty():
        raise _nobody(as_of)
    scores = model.predict(features)
    count = write_scores(
        marts.database, kind.name, as_of, model.horizon_days, champion.version, scores, feature_hash=model.feature_hash
    )
    figures = marts.database.run(figures_of_scores(kind.name, as_of, model.horizon_days))
    return {"users": count, "model_version": champion.version, "engine": "one process", **figures}


def score_everyone_with_spark(
    kind: ModelKind, warehouse: Database, home: Home, settings: Settings, registry: Registry, as_of: date
) -> Figures | None:
    """Does the same with Spark: features are read in the lake, and scores are there before they go to Postgres.

    The same champion, the same scores to the last bit. Memory holds no more than a batch, however many users there are.
    """
    from lake.scoring import Scored, has_features, publish_scores, score, send_package
    from ml.batches import SavedModel

    champion = registry.champion_as_of(kind.name, as_of)
    if champion is None:
        return None
    model, saved = registry.load(champion), SavedModel.read(registry.folder(champion), champion.digest)
    lake = open_lake(warehouse.url, warehouse_location(settings.lake, home.root))
    said = Scored(kind.name, as_of, model.horizon_days, champion.version)
    # Erasure removes what no table refers to, and must not meet files that are being written.
    with marts_lock(warehouse), spark_of_scoring(settings, home, warehouse.url) as spark:
        if not has_features(spark.session, as_of):
            raise _nobody(as_of)
        send_package(spark.session)
        score(spark.session, lake, saved, model, said)
        count = publish_scores(lake, said, model.feature_hash)
    figures = warehouse.run(figures_of_scores(kind.name, as_of, model.horizon_days))
    return {"users": count, "model_version": champion.version, **spark.metadata, **figures}


def _nobody(as_of: date) -> NotEnoughData:
    return NotEnoughData(f"Nobody was seen before {as_of}, so there is nobody to score; choose a later day.")
