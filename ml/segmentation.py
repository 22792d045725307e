"""Trains the segmentation: clusters of users that are found again, keep their ids, and carry names.

Belongs here: the one training call and what it reports. Does not belong here: the fitted model (`ml.segments`), the
search for clusters (`ml.clustering`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from ml.catalogue import FeatureCatalogue
from ml.clustering import Clusters, assign, find_clusters, match, separation
from ml.errors import NotEnoughData
from ml.segments.evaluation import SegmentationEvaluation
from ml.segments.model import Segment, SegmentationModel
from ml.segments.names import name_segments, segment_facts, segment_lever
from ml.segments.scaling import Matrix, Scaling, feature_matrix, fit_scaling

Rows = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True)
class TrainedSegmentation:
    """A fitted segmentation, how good it is, and the settings that made it."""

    model: SegmentationModel
    evaluation: SegmentationEvaluation
    parameters: dict[str, Any]


def train_segmentation(
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    as_of: date,
    *,
    previous: SegmentationModel | None = None,
    seed: int = 0,
) -> TrainedSegmentation:
    """Segment every user of `frame` (user_id, as_of, features) as of `as_of`.

    With a `previous` model, segments that continue one of its segments keep id and, while it fits, name. Raises
    NotEnoughData if no user was seen before `as_of`, FeatureMismatch if the frame lacks a feature of the catalogue.
    """
    users = frame.filter(pl.col("as_of") == as_of).sort("user_id")
    if users.is_empty():
        raise NotEnoughData(f"No user was seen before {as_of}; choose a later as_of or build the features for it.")
    features = catalogue.for_model("segmentation")
    values = feature_matrix(users, [feature.name for feature in features])
    scaling = fit_scaling(values, features)
    points = scaling.transform(feature_matrix(users, scaling.names))
    old_centroids = None if previous is None else _carry_over(previous, scaling)

    clusters = find_clusters(points, seed=seed, previous=old_centroids)
    labels = assign(points, clusters.centroids)
    k = len(clusters.centroids)
    members = [np.flatnonzero(labels == cluster) for cluster in range(k)]
    order = _by_value(users, members)
    continued = (
        {} if old_centroids is None else match(labels, clusters.centroids, assign(points, old_centroids), old_centroids)
    )
    ids, next_id = _ids(order, continued, previous)
    facts = segment_facts(users, members)
    names = name_segments(
        facts,
        [None if previous is None or c not in continued else previous.segments[continued[c]].name for c in range(k)],
    )
    levers = [segment_lever(fact) for fact in facts]
    segments = _segments(users, members, ids, names, levers, clusters.centroids, scaling)
    model = SegmentationModel(
        as_of=as_of,
        catalogue=catalogue.select(scaling.names),
        scaling=scaling,
        segments=tuple(sorted(segments, key=lambda segment: segment.segment_id)),
        population_median=_medians(users, scaling.names),
        next_segment_id=next_id,
    )
    evaluation = _evaluate(model, users, points, labels, clusters, seed)
    if previous is not None and old_centroids is not None:
        old_ids = np.array([segment.segment_id for segment in previous.segments])
        kept = old_ids[assign(points, old_centroids)] == np.array(ids)[labels]
        evaluation.metrics["kept_share"] = float(kept.mean())
    parameters = {"algorithm": "k-means", "segments": k, "features": len(scaling.names), "seed": seed}
    return TrainedSegmentation(model, evaluation, parameters)


def _carry_over(previous: SegmentationModel, scaling: Scaling) -> Matrix:
    """The previous centroids in the new space; a feature the previous model did not know is average there."""
    raw = previous.scaling.inverse(previous.centroids)
    values = np.full((len(raw), len(scaling.names)), np.nan)
    known = [(new, previous.feature_names.index(n)) for new, n in enumerate(scaling.names) if n in previous.catalogue]
    for new, old in known:
        values[:, new] = raw[:, old]
    return np.where(np.isnan(values), 0.0, scaling.transform(values))


def _by_value(users: pl.DataFrame, members: list[Rows]) -> list[int]:
    """Clusters from the most valuable to the least: by money, or by active days where there is none."""
    worth = _money(users)
    if not worth.any():
        worth = _known_or_zero(users, "active_days_total")
    return sorted(range(len(members)), key=lambda cluster: -float(worth[members[cluster]].mean()))


def _ids(order: list[int], continued: dict[int, int], previous: SegmentationModel | None) -> tuple[list[int], int]:
    """Segment id by cluster: the old one where it continues one, else a number never used before."""
    next_id = 1 if previous is None else previous.next_segment_id
    ids = [0] * len(order)
    for cluster in order:
        if previous is not None and cluster in continued:
            ids[cluster] = previous.segments[continued[cluster]].segment_id
        else:
            ids[cluster] = next_id
            next_id += 1
    return ids, next_id


def _segments(
    users: pl.DataFrame,
    members: list[Rows],
    ids: list[int],
    names: list[str],
    levers: list[str],
    centroids: Matrix,
    scaling: Scaling,
) -> list[Segment]:
    money = _money(users)
    spent = float(money.sum())
    segments = []
    for cluster, rows in enumerate(members):
        group = users[rows]
        segments.append(
            Segment(
                segment_id=ids[cluster],
                name=names[cluster],
                centroid=tuple(float(value) for value in centroids[cluster]),
                users=group.height,
                share=group.height / users.height,
                revenue_share=float(money[rows].sum()) / spent if spent > 0.0 else None,
                median=_medians(group, scaling.names),
                lever=levers[cluster],
            )
        )
    return segments


def _money(users: pl.DataFrame) -> Matrix:
    return _known_or_zero(users, "purchase_amount_total")


def _known_or_zero(users: pl.DataFrame, name: str) -> Matrix:
    if name not in users.columns:
        return np.zeros(users.height)
    return users[name].cast(pl.Float64).fill_null(0.0).fill_nan(0.0).to_numpy()


def _medians(users: pl.DataFrame, names: tuple[str, ...]) -> dict[str, float | None]:
    values = feature_matrix(users, names)
    return {
        name: None if np.isnan(values[:, position]).all() else float(np.nanmedian(values[:, position]))
        for position, name in enumerate(names)
    }


def _evaluate(
    model: SegmentationModel,
    users: pl.DataFrame,
    points: Matrix,
    labels: np.ndarray[tuple[int], np.dtype[np.int64]],
    clusters: Clusters,
    seed: int,
) -> SegmentationEvaluation:
    total = float(((points - points.mean(axis=0)) ** 2).sum())
    within = float(((points - clusters.centroids[labels]) ** 2).sum())
    metrics = {
        "users": float(users.height),
        "segments": float(len(model.segments)),
        "stability": clusters.chosen.stability,
        "silhouette": separation(points, labels, seed=seed),
        "rfm_silhouette": separation(points, _rfm_groups(users, len(model.segments)), seed=seed),
        "explained_share": 1.0 - within / total if total > 0.0 else 0.0,
        "smallest_share": min(segment.share for segment in model.segments),
    }
    return SegmentationEvaluation(
        metrics=metrics,
        candidates=pl.DataFrame(
            [(c.k, c.stability, c.silhouette, c.smallest_share) for c in clusters.candidates],
            schema={"k": pl.Int64, "stability": pl.Float64, "silhouette": pl.Float64, "smallest_share": pl.Float64},
            orient="row",
        ),
        segments=pl.DataFrame(
            {
                "segment_id": [segment.segment_id for segment in model.segments],
                "segment": [segment.name for segment in model.segments],
                "users": [segment.users for segment in model.segments],
                "share": [segment.share for segment in model.segments],
                "revenue_share": pl.Series([s.revenue_share for s in model.segments], dtype=pl.Float64),
            }
        ),
        profile=_profile(model),
        reason=clusters.reason,
    )


def _rfm_groups(users: pl.DataFrame, groups: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """What a spreadsheet would do: rank by recency, frequency and value, add the ranks, cut into equal groups."""
    score = np.zeros(users.height)
    for name, sign in (("days_since_last_activity", -1.0), ("active_days_total", 1.0), ("purchase_amount_total", 1.0)):
        if name in users.columns:
            score += sign * users[name].cast(pl.Float64).rank("average").fill_null(0.0).to_numpy()
    position = score.argsort(kind="stable").argsort(kind="stable")
    return np.asarray(position * groups // users.height, dtype=np.int64)


def _profile(model: SegmentationModel) -> pl.DataFrame:
    rows = [
        {
            "segment_id": segment.segment_id,
            "segment": segment.name,
            "feature": column.name,
            "label": feature.label,
            "family": feature.family,
            "unit": feature.unit,
            "median": segment.median[column.name],
            "population_median": model.population_median[column.name],
            "deviation": segment.centroid[position] / column.weight,
        }
        for segment in model.segments
        for position, column in enumerate(model.scaling.columns)
        for feature in [model.catalogue[column.name]]
    ]
    text = dict.fromkeys(("segment", "feature", "label", "family", "unit"), pl.String)
    number = dict.fromkeys(("median", "population_median", "deviation"), pl.Float64)
    return pl.DataFrame(rows, schema={"segment_id": pl.Int64, **text, **number})
