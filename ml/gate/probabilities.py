"""Probabilities against probabilities: ranking by a paired bootstrap, calibration, and slices of users.

Belongs here: the comparison of two models that answer with a probability, on rows whose outcome is known. A challenger
goes through once a paired bootstrap says that it is not worse; one that might be stays a challenger. Does not belong
here: resampling itself (`ml.bootstrap`) and the metrics (`ml.evaluation`).
"""

from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from ml.artifact import Model
from ml.bootstrap import RankedRows, resampled
from ml.errors import FeatureMismatch, NotEnoughData
from ml.evaluation import auc, brier, calibration_error, calibration_noise, judging_fault
from ml.gate.requirements import cost, cost_fault
from ml.gate.terms import GateDecision, GateLimits
from ml.gate.words import said
from ml.kinds import Outcome

Floats = np.ndarray[Any, np.dtype[np.float64]]

_TENURE = "days_since_first_seen"


def compare_probabilities(
    rows: pl.DataFrame, outcome: Outcome, challenger: Model, champion: Model | None, limits: GateLimits, seed: int
) -> GateDecision:
    """Judge a probability on labelled rows by ranking, calibration and slices of users.

    Without a champion that can read the rows the rival is recency alone. Rows with too few of one outcome judge
    nothing, and then only the recency rule may be a first model. Raises NotEnoughData if no row has a label.
    """
    rows = rows.filter(pl.col(outcome.label).is_not_null()).sort("as_of", "user_id")
    if rows.is_empty():
        raise NotEnoughData(f"No user of the test cutoff has a {challenger.kind} label; choose another day.")
    labels = rows[outcome.label].cast(pl.Float64).to_numpy()
    answers = challenger.predict(rows)
    checks = {"rows": float(len(labels)), "positives": float(labels.sum())}
    if fault := judging_fault(labels, outcome.label):
        is_rule = "basis" in answers.columns and bool((answers["basis"] == "rule").all())
        return GateDecision(False, said("not_judged", rest=fault), checks, may_be_first=is_rule)
    scores = {"challenger": answers["score"].to_numpy(), "recency": _recency(rows, outcome)}
    if champion is not None and (theirs := _answers(champion, rows)) is not None:
        scores["champion"] = theirs
    rival = "champion" if "champion" in scores else "recency"
    low, high = _auc_gain(labels, scores, rival, rows["user_id"].to_numpy(), limits, seed)
    checks |= {f"{name}_auc": auc(labels, values) for name, values in scores.items()} | {
        "auc_gain_low": low,
        "auc_gain_high": high,
        "brier": brier(labels, scores["challenger"]),
        "calibration_error": calibration_error(labels, scores["challenger"]),
        "calibration_noise": calibration_noise(scores["challenger"]),
        **cost(challenger, rows),
    }
    if rival == "champion":
        checks["champion_brier"] = brier(labels, scores["champion"])
        checks["champion_calibration_error"] = calibration_error(labels, scores["champion"])
        checks |= _slices(rows, labels, scores, limits)
    if fault := _fault(checks, rival, limits):
        return GateDecision(False, fault, checks)
    figures = {"auc": checks["challenger_auc"], "theirs": checks[f"{rival}_auc"], "users": len(labels)}
    reason = said("auc_of_champion" if rival == "champion" else "auc_of_recency", **figures)
    if champion is not None and rival != "champion":
        reason = said("unreadable", rest=reason)
    if rival == "champion" and low < 0:
        reason = said("lost_calibration", rest=reason, error=checks["champion_calibration_error"])
    return GateDecision(True, reason, checks)


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
        tolerance = limits.calibration_loss + checks["calibration_noise"]
        allowed_loss = limits.recalibrated_auc_loss if error > own_error + tolerance else 0.0
        faults += [
            (checks["rows"] < limits.rows, said("few_rows", rows=checks["rows"])),
            (loss > allowed_loss, said("lower_auc", auc=own_auc, theirs=checks["champion_auc"], loss=loss)),
            (own_error > error + tolerance, said("calibration", error=own_error, theirs=error)),
        ]
        faults += [
            (gain < -limits.slice_auc_loss, said(f"slice_{name.split('_')[1]}", loss=-gain))
            for name, gain in checks.items()
            if name.startswith("slice_")
        ]
    else:
        below = said("below_recency", auc=own_auc, theirs=checks["recency_auc"])
        faults.append((checks["auc_gain_high"] < 0, below))
    own_limit = limits.calibration + checks["calibration_noise"]
    faults.append((own_error > own_limit, said("calibration_limit", error=own_error, limit=limits.calibration)))
    return next((sentence for is_fault, sentence in faults if is_fault), None) or cost_fault(checks, limits)


def _answers(champion: Model, rows: pl.DataFrame) -> Floats | None:
    try:
        return np.asarray(champion.predict(rows)["score"].to_numpy(), np.float64)
    except FeatureMismatch:
        return None


def _recency(rows: pl.DataFrame, outcome: Outcome) -> Floats:
    """Recency as a score. Users without it count as inactive for longer than anyone."""
    days = rows[outcome.recency].cast(pl.Float64).to_numpy()
    direction = -1.0 if outcome.is_wanted else 1.0
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
