"""Whether a challenger may become champion: both are judged on the same newest matured rows.

Belongs here: the comparison and its limits. Does not belong here: where rows and models come from, and carrying
the verdict out. A tie goes through only if the rows are many enough to show that it is one: a challenger that
might be worse stays a challenger.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.artifact import Model
from ml.errors import FeatureMismatch, NotEnoughData
from ml.evaluation import auc, brier, calibration_error, calibration_noise, paired_bootstrap

Floats = np.ndarray[Any, np.dtype[np.float64]]

_LABELS = {"purchase": "has_purchased", "churn": "is_churned"}
_RECENCY = {"purchase": ("days_since_last_purchase", -1.0), "churn": ("days_since_last_activity", 1.0)}
_TENURE = "days_since_first_seen"


@dataclass(frozen=True)
class GateLimits:
    """What a challenger may cost at most.

    `auc_margin` is the loss of AUC nobody would notice; `confidence` is one-sided. `calibration` and
    `calibration_loss` (against the champion) come on top of what the number of rows alone explains.
    """

    auc_margin: float = 0.005
    confidence: float = 0.99
    calibration: float = 0.15
    calibration_loss: float = 0.02
    slice_auc_loss: float = 0.03
    slice_rows: int = 200
    one_answer_ms: float = 100.0
    largest_segment: float = 0.98
    draws: int = 400


@dataclass(frozen=True)
class GateDecision:
    """The verdict, its reason in one sentence, and every figure it rests on."""

    promote: bool
    reason: str
    checks: dict[str, float]


def decide(
    rows: pl.DataFrame,
    *,
    challenger: Model,
    champion: Model | None,
    limits: GateLimits | None = None,
    seed: int = 0,
) -> GateDecision:
    """Judge `challenger` against `champion` on `rows`, features joined with labels of one matured cutoff.

    Neither probability model may have been trained on the rows; a segmentation has no label to know. Without a
    champion, or with one that cannot read today's features, the challenger must only not be clearly worse than
    recency alone. Raises NotEnoughData if no row has a label.
    """
    limits = limits or GateLimits()
    if challenger.kind not in _LABELS:
        return _decide_segments(rows, challenger, champion, limits)
    label = _LABELS[challenger.kind]
    rows = rows.filter(pl.col(label).is_not_null()).sort("as_of", "user_id")
    if rows.is_empty():
        raise NotEnoughData(f"No user of the test cutoff has a {challenger.kind} label; choose another day.")
    labels = rows[label].cast(pl.Float64).to_numpy()
    scores = {"challenger": challenger.predict(rows)["score"].to_numpy(), "recency": _recency(rows, challenger.kind)}
    if champion is not None and (answers := _answers(champion, rows)) is not None:
        scores["champion"] = answers
    rival = "champion" if "champion" in scores else "recency"
    draws = paired_bootstrap(labels, scores, rows["user_id"].to_numpy(), draws=limits.draws, seed=seed)
    difference = draws["auc:challenger"] - draws[f"auc:{rival}"]
    difference = difference[np.isfinite(difference)]
    if rival == "champion" and not len(difference):
        reason = f"the {len(labels):,} newest matured users had one outcome only, so nothing can be compared"
        return GateDecision(False, reason, {"rows": float(len(labels)), "positives": float(labels.sum())})
    checks = {f"{name}_auc": auc(labels, values) for name, values in scores.items()} | {
        "rows": float(len(labels)),
        "positives": float(labels.sum()),
        "auc_gain_low": _quantile(difference, 1 - limits.confidence),
        "auc_gain_high": _quantile(difference, limits.confidence),
        "brier": brier(labels, scores["challenger"]),
        "calibration_error": calibration_error(labels, scores["challenger"]),
        "calibration_noise": calibration_noise(scores["challenger"]),
        "one_answer_ms": _one_answer_ms(challenger, rows.head(1)),
    }
    if rival == "champion":
        checks["champion_brier"] = brier(labels, scores["champion"])
        checks["champion_calibration_error"] = calibration_error(labels, scores["champion"])
        checks |= _slices(rows, labels, scores, limits)
    if fault := _fault(checks, rival, limits):
        return GateDecision(False, fault, checks)
    against = f"{checks[f'{rival}_auc']:.3f} of {'the champion' if rival == 'champion' else 'recency alone'}"
    reason = f"AUC {checks['challenger_auc']:.3f} against {against} on {len(labels):,} newest matured users"
    if champion is not None and rival != "champion":
        reason += "; the champion cannot read today's features"
    return GateDecision(True, reason, checks)


def _fault(checks: dict[str, float], rival: str, limits: GateLimits) -> str | None:
    """The first reason against the challenger, or None."""
    own_auc, own_error = checks["challenger_auc"], checks["calibration_error"]
    faults: list[tuple[bool, str]] = []
    if rival == "champion":
        loss, error = -checks["auc_gain_low"], checks["champion_calibration_error"]
        against = f"AUC {own_auc:.3f} against {checks['champion_auc']:.3f} of the champion"
        allowed_error = error + limits.calibration_loss + checks["calibration_noise"]
        faults += [
            (loss > limits.auc_margin, f"{against}: it may be worse by {loss:.3f}, {limits.auc_margin} is allowed"),
            (own_error > allowed_error, f"calibration error {own_error:.3f} against {error:.3f} of the champion"),
        ]
        faults += [
            (gain < -limits.slice_auc_loss, f"AUC among {name.split('_')[1]} users falls by {-gain:.3f}")
            for name, gain in checks.items()
            if name.startswith("slice_")
        ]
    else:
        below = f"AUC {own_auc:.3f} is clearly below the {checks['recency_auc']:.3f} of recency alone"
        faults.append((checks["auc_gain_high"] < 0, below))
    slowness = checks["one_answer_ms"]
    faults += [
        (
            own_error > limits.calibration + checks["calibration_noise"],
            f"calibration error {own_error:.3f} is above {limits.calibration}",
        ),
        (
            slowness > limits.one_answer_ms,
            f"one answer takes {slowness:.0f} ms, more than {limits.one_answer_ms:.0f}",
        ),
    ]
    return next((sentence for is_fault, sentence in faults if is_fault), None)


def _decide_segments(rows: pl.DataFrame, challenger: Model, champion: Model | None, limits: GateLimits) -> GateDecision:
    """Segments have no label: the challenger must answer for everyone without lumping all into one segment."""
    if rows.is_empty():
        raise NotEnoughData("No user was seen before the test cutoff; choose another day.")
    rows = rows.sort("user_id")
    ids = challenger.predict(rows)["segment_id"]
    counts = np.unique(ids.to_numpy(), return_counts=True)[1]
    checks = {
        "rows": float(len(ids)),
        "segments": float(len(counts)),
        "largest_share": float(counts.max()) / len(ids),
    }
    if champion is not None:
        try:
            same = champion.predict(rows)["segment_id"].to_numpy() == ids.to_numpy()
            checks["kept_share"] = float(np.mean(same))
        except FeatureMismatch:
            checks["kept_share"] = 0.0
    if checks["largest_share"] > limits.largest_segment and len(ids) > 1:
        return GateDecision(False, f"one segment holds {checks['largest_share']:.0%} of the users", checks)
    kept = f", {checks['kept_share']:.0%} of users keep theirs" if "kept_share" in checks else ""
    return GateDecision(True, f"{len(counts)} segments for {len(ids):,} users{kept}", checks)


def _answers(champion: Model, rows: pl.DataFrame) -> Floats | None:
    try:
        return np.asarray(champion.predict(rows)["score"].to_numpy(), np.float64)
    except FeatureMismatch:
        return None


def _recency(rows: pl.DataFrame, kind: str) -> Floats:
    """Recency as a score; users without one are the least likely buyers, and as good as gone."""
    column, direction = _RECENCY[kind]
    days = rows[column].cast(pl.Float64).to_numpy()
    return np.where(np.isnan(days), np.nanmax(days, initial=0.0) + 1, days) * direction


def _slices(rows: pl.DataFrame, labels: Floats, scores: dict[str, Floats], limits: GateLimits) -> dict[str, float]:
    """AUC gained or lost among the newer and the older half of users, where a half says anything."""
    tenure = rows[_TENURE].cast(pl.Float64).to_numpy() if _TENURE in rows.columns else np.zeros(len(labels))
    newer = tenure <= np.median(tenure)
    gains = {}
    for name, chosen in (("newer", newer), ("older", ~newer)):
        rarer = min(labels[chosen].sum(), chosen.sum() - labels[chosen].sum())
        if rarer >= limits.slice_rows:
            challenger, champion = (auc(labels[chosen], scores[who][chosen]) for who in ("challenger", "champion"))
            gains[f"slice_{name}_auc_gain"] = challenger - champion
    return gains


def _one_answer_ms(model: Model, row: pl.DataFrame) -> float:
    """The fastest of a few single answers: what the model costs, not what else the machine is doing."""
    times = []
    for _ in range(10):
        started = time.perf_counter()
        model.predict(row)
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def _quantile(values: Floats, level: float) -> float:
    """A quantile of the draws; 0 where one class alone leaves nothing to draw."""
    return float(np.quantile(values, level)) if len(values) else 0.0
