"""Segments against segments: would they be found again, how large are they, and who keeps theirs?

Belongs here: the comparison of two segmentations on the same users. Does not belong here: finding segments
(`ml.segmentation`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.artifact import Model
from ml.clustering import partition_stability, separation
from ml.errors import FeatureMismatch, NotEnoughData
from ml.gate.requirements import cost, cost_fault
from ml.gate.terms import GateDecision, GateLimits
from ml.gate.words import said
from ml.segments.scaling import Matrix, feature_matrix, fit_scaling

_STRUCTURE_ROWS = 10_000
"""Users on whom stability and separation are measured; shares are of everyone."""


@dataclass(frozen=True)
class _Partition:
    """What one model makes of the users, measured in a space that is neither model's own."""

    segments: int
    largest_share: float
    stability: float
    separation: float

    def to_checks(self, prefix: str = "") -> dict[str, float]:
        figures = {"segments": float(self.segments), "largest_share": self.largest_share}
        figures |= {"stability": self.stability, "separation": self.separation}
        return {f"{prefix}{name}": figure for name, figure in figures.items()}


def compare_segments(
    rows: pl.DataFrame, challenger: Model, champion: Model | None, limits: GateLimits, seed: int
) -> GateDecision:
    """Judge a segmentation by stability, size and the share of users who keep their segment, on the same users.

    Raises NotEnoughData if there is no row.
    """
    if rows.is_empty():
        raise NotEnoughData("No user was seen before the test cutoff; choose another day.")
    rows = rows.sort("user_id")
    ids = challenger.predict(rows)["segment_id"].to_numpy()
    champion_ids = None if champion is None else _segment_ids(champion, rows)
    sample = np.sort(np.random.default_rng(seed).permutation(rows.height)[:_STRUCTURE_ROWS])
    points = _points(rows[sample], challenger)
    own = _measure(ids, points, sample, seed)
    checks = {"rows": float(rows.height), **own.to_checks(), **cost(challenger, rows)}
    rival = None
    if champion_ids is not None:
        rival = _measure(champion_ids, points, sample, seed)
        checks |= rival.to_checks("champion_") | {"kept_share": float(np.mean(champion_ids == ids))}
    if fault := _fault(checks, own, rival, limits):
        return GateDecision(False, fault, checks)
    figures = {"segments": own.segments, "users": rows.height, "stability": own.stability}
    if rival is not None:
        reason = said("segments_beside", **figures, theirs=rival.stability, kept=checks["kept_share"])
    else:
        reason = said("segments", **figures)
        if champion is not None:
            reason = said("unreadable", rest=reason)
    return GateDecision(True, reason, checks)


def _fault(checks: dict[str, float], own: _Partition, champion: _Partition | None, limits: GateLimits) -> str | None:
    """The first reason against the challenger, or None."""
    largest, least = limits.largest_segment, limits.stability
    if champion is not None:
        # Where nearly everyone is in one segment already, the challenger may do the same.
        largest = min(max(largest, champion.largest_share), champion.largest_share + limits.largest_segment_gain)
        if champion.segments > 1:
            least = max(least, champion.stability - limits.stability_loss)
    if own.largest_share > largest and checks["rows"] > 1:
        if champion is None:
            return said("large_segment", share=own.largest_share)
        return said("large_segment_beside", share=own.largest_share, theirs=champion.largest_share)
    if own.stability < least:
        if champion is None:
            return said("unstable", stability=own.stability)
        return said("unstable_beside", stability=own.stability, theirs=champion.stability)
    if champion is not None and champion.segments > 1 and checks["kept_share"] < limits.kept_share:
        is_found_better = own.stability >= champion.stability + limits.stability_gain
        is_separate = own.separation >= champion.separation + limits.separation_gain
        if not (is_found_better or is_separate):
            return said(
                "few_keep",
                kept=checks["kept_share"],
                stability=own.stability,
                theirs=champion.stability,
                separation=own.separation,
                their_separation=champion.separation,
            )
    return cost_fault(checks, limits)


def _points(rows: pl.DataFrame, challenger: Model) -> Matrix:
    """The users in a space fitted on themselves, so that a model cannot flatter its segments by its own scaling."""
    features = challenger.catalogue.features
    scaling = fit_scaling(feature_matrix(rows, [feature.name for feature in features]), features)
    return scaling.transform(feature_matrix(rows, scaling.names))


def _measure(ids: NDArray[Any], points: Matrix, sample: NDArray[np.intp], seed: int) -> _Partition:
    counts = np.unique(ids, return_counts=True)[1]
    return _Partition(
        segments=len(counts),
        largest_share=float(counts.max()) / len(ids),
        stability=partition_stability(points, ids[sample], seed=seed),
        separation=separation(points, ids[sample], seed=seed),
    )


def _segment_ids(champion: Model, rows: pl.DataFrame) -> NDArray[Any] | None:
    """The champion's segments, or None if it cannot read the rows."""
    try:
        return np.asarray(champion.predict(rows)["segment_id"].to_numpy())
    except FeatureMismatch:
        return None
