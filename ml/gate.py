"""Whether a challenger may become champion: both are judged on the same newest matured rows.

Belongs here: the comparison and its limits. Does not belong here: where rows and models come from, and carrying
the verdict out. A challenger goes through once a paired bootstrap says that it is not worse; one that might be stays
a challenger.
"""

import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from ml.artifact import Model
from ml.bootstrap import RankedRows, resampled
from ml.errors import FeatureMismatch, NotEnoughData
from ml.evaluation import auc, brier, calibration_error, calibration_noise

Floats = np.ndarray[Any, np.dtype[np.float64]]

_LABELS = {"purchase": "has_purchased", "churn": "is_churned"}
_RECENCY = {"purchase": ("days_since_last_purchase", -1.0), "churn": ("days_since_last_activity", 1.0)}
_TENURE = "days_since_first_seen"


@dataclass(frozen=True)
class GateLimits:
    """What a challenger may cost at most.

    `confidence` is one-sided: of challengers that are truly worse, no more than 1 - `confidence` go through. Only
    against a champion that has lost its calibration may AUC fall by `recalibrated_auc_loss`. `calibration` and
    `calibration_loss` (against the champion) come on top of what the number of rows alone explains.
    `missing_gain` is how much larger the share of users without a feature may be today than when it was learned from
    (in a cohort that only ages it grew by .58 within two months); `empty_from` is the share of users who must have had
    it then for none having it now to count.
    """

    confidence: float = 0.99
    recalibrated_auc_loss: float = 0.005
    calibration: float = 0.15
    calibration_loss: float = 0.02
    slice_auc_loss: float = 0.03
    slice_rows: int = 200
    missing_gain: float = 0.65
    empty_from: float = 0.01
    rows: int = 100
    model_bytes: float = 20e6
    one_answer_ms: float = 100.0
    largest_segment: float = 0.98
    draws: int = 200


@dataclass(frozen=True)
class GateInputs:
    """Features of the newest day that the challenger learned from, and of the day that it would answer about first."""

    learned: pl.DataFrame
    newest: pl.DataFrame


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
    inputs: GateInputs | None = None,
    limits: GateLimits | None = None,
    seed: int = 0,
) -> GateDecision:
    """Judge `challenger` against `champion` on `rows`, features joined with labels of one matured cutoff.

    Neither probability model may have been trained on the rows; a segmentation has no label to know. Without a
    champion, or with one that cannot read today's features, the challenger must only not be clearly worse than
    recency alone. Without `inputs` the rows stand for them. Raises NotEnoughData if no row has a label.
    """
    limits = limits or GateLimits()
    if fault := _input_fault(challenger, inputs or GateInputs(rows, rows), limits):
        return GateDecision(False, fault, {})
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
    checks = {"rows": float(len(labels)), "positives": float(labels.sum())}
    if rival == "champion" and labels.min() == labels.max():
        reason = f"the {len(labels):,} newest matured users had one outcome only, so nothing can be compared"
        return GateDecision(False, reason, checks)
    low, high = _auc_gain(labels, scores, rival, rows["user_id"].to_numpy(), limits, seed)
    checks |= {f"{name}_auc": auc(labels, values) for name, values in scores.items()} | {
        "auc_gain_low": low,
        "auc_gain_high": high,
        "brier": brier(labels, scores["challenger"]),
        "calibration_error": calibration_error(labels, scores["challenger"]),
        "calibration_noise": calibration_noise(scores["challenger"]),
        **_cost(challenger, rows),
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
    if rival == "champion" and low < 0:
        reason += f"; the champion's calibration error has grown to {checks['champion_calibration_error']:.3f}"
    return GateDecision(True, reason, checks)


def _input_fault(challenger: Model, inputs: GateInputs, limits: GateLimits) -> str | None:
    """The first feature that today's users do not have as the users learned from had it, or None."""
    for name in challenger.feature_names:
        if name not in inputs.newest.columns:
            return f"the marts have no feature `{name}`; build them, or train again without it"
        newest = inputs.newest[name]
        if not (newest.dtype.is_numeric() or newest.dtype in (pl.Boolean, pl.Null)):
            return f"the feature `{name}` is {newest.dtype} now, not a number"
        if name not in inputs.learned.columns or not inputs.learned.height or not inputs.newest.height:
            continue
        then, now = (frame[name].null_count() / frame.height for frame in (inputs.learned, inputs.newest))
        if now == 1 and then <= 1 - limits.empty_from:
            return f"nobody has the feature `{name}` any more; when it was learned from, {1 - then:.0%} of users had it"
        if now - then > limits.missing_gain:
            return f"the feature `{name}` is missing for {now:.0%} of users; when it was learned from, for {then:.0%}"
    return None


def _auc_gain(
    labels: Floats, scores: dict[str, Floats], rival: str, user_ids: Any, limits: GateLimits, seed: int
) -> tuple[float, float]:
    """The bounds that the true gain in AUC over the rival lies above, and below, each with the confidence asked for.

    From the spread of the paired resamples, which needs fewer draws than their outer quantiles.
    """
    _, user = np.unique(np.asarray(user_ids), return_inverse=True)
    ranked = {name: RankedRows.of(labels, scores[name], user, is_probability=False) for name in ("challenger", rival)}
    drawn = resampled(ranked, int(user.max()) + 1, draws=limits.draws, seed=seed)
    difference = drawn["challenger"]["auc"] - drawn[rival]["auc"]
    difference = difference[np.isfinite(difference)]
    if not len(difference):
        return 0.0, 0.0
    gain = auc(labels, scores["challenger"]) - auc(labels, scores[rival])
    reach = NormalDist().inv_cdf(limits.confidence) * float(difference.std())
    return gain - reach, gain + reach


def _fault(checks: dict[str, float], rival: str, limits: GateLimits) -> str | None:
    """The first reason against the challenger, or None."""
    own_auc, own_error = checks["challenger_auc"], checks["calibration_error"]
    faults: list[tuple[bool, str]] = []
    if rival == "champion":
        loss, error = -checks["auc_gain_low"], checks["champion_calibration_error"]
        against = f"AUC {own_auc:.4f} against {checks['champion_auc']:.4f} of the champion"
        tolerance = limits.calibration_loss + checks["calibration_noise"]
        allowed_loss = limits.recalibrated_auc_loss if error > own_error + tolerance else 0.0
        faults += [
            (checks["rows"] < limits.rows, f"{checks['rows']:.0f} matured users are too few to compare two models on"),
            (loss > allowed_loss, f"{against}: for all that can be told it may be worse by {loss:.4f}"),
            (own_error > error + tolerance, f"calibration error {own_error:.3f} against {error:.3f} of the champion"),
        ]
        faults += [
            (gain < -limits.slice_auc_loss, f"AUC among {name.split('_')[1]} users falls by {-gain:.3f}")
            for name, gain in checks.items()
            if name.startswith("slice_")
        ]
    else:
        below = f"AUC {own_auc:.3f} is clearly below the {checks['recency_auc']:.3f} of recency alone"
        faults.append((checks["auc_gain_high"] < 0, below))
    own_limit = limits.calibration + checks["calibration_noise"]
    faults.append((own_error > own_limit, f"calibration error {own_error:.3f} is above {limits.calibration}"))
    return next((sentence for is_fault, sentence in faults if is_fault), None) or _cost_fault(checks, limits)


def _cost(model: Model, rows: pl.DataFrame) -> dict[str, float]:
    """What it takes to run a model."""
    return {
        "one_answer_ms": _one_answer_ms(model, rows.head(1)),
        "model_bytes": float(sum(len(content) for content in model.to_files().values())),
    }


def _cost_fault(checks: dict[str, float], limits: GateLimits) -> str | None:
    if (slowness := checks["one_answer_ms"]) > limits.one_answer_ms:
        return f"one answer takes {slowness:.0f} ms, more than {limits.one_answer_ms:.0f}"
    if (size := checks["model_bytes"]) > limits.model_bytes:
        return f"the model's files hold {size / 1e6:.0f} MB, more than {limits.model_bytes / 1e6:.0f}"
    return None


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
        **_cost(challenger, rows),
    }
    if champion is not None:
        try:
            same = champion.predict(rows)["segment_id"].to_numpy() == ids.to_numpy()
            checks["kept_share"] = float(np.mean(same))
        except FeatureMismatch:
            checks["kept_share"] = 0.0
    if checks["largest_share"] > limits.largest_segment and len(ids) > 1:
        return GateDecision(False, f"one segment holds {checks['largest_share']:.0%} of the users", checks)
    if fault := _cost_fault(checks, limits):
        return GateDecision(False, fault, checks)
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
