"""Batch scoring: one champion, one snapshot, every user; and what the scores look like as numbers."""

from datetime import date

import polars as pl

from ml.errors import NotEnoughData
from ml.kinds import ModelKind
from registry.mlflow_registry import Registry
from warehouse.marts import Marts
from warehouse.scores import write_scores


def score_everyone(
    kind: ModelKind, marts: Marts, registry: Registry, as_of: date
) -> dict[str, float | int | str] | None:
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
        raise NotEnoughData(f"Nobody was seen before {as_of}, so there is nobody to score; choose a later day.")
    scores = model.predict(features)
    count = write_scores(
        marts.database, kind.name, as_of, model.horizon_days, champion.version, scores, feature_hash=model.feature_hash
    )
    return {"users": count, "model_version": champion.version, **_figures(scores)}


def _figures(scores: pl.DataFrame) -> dict[str, float]:
    if "segment" in scores.columns:
        shares = scores["segment"].value_counts(normalize=True)
        return {f"share of {name}": share for name, share in shares.iter_rows()}
    score = scores["score"].to_numpy()
    return {"mean_score": float(score.mean()), "users_above_half": int((score > 0.5).sum())}
