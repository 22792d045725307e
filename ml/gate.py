"""Whether a challenger may take the champion's place, judged on rows that neither was trained on.

Belongs here: the judgement and its reasons. Does not belong here: fetching rows and models, or carrying a verdict out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ml.artifact import Model
from ml.errors import NotEnoughData
from ml.evaluation import auc, calibration_error, paired_bootstrap

LABELS = {"purchase": "has_purchased", "churn": "is_churned"}

AUC_MARGIN = 0.005
"""How much worse a challenger may at most be, in AUC: less than that, and no user of the scores would notice."""
CONFIDENCE = 0.95
"""How sure the bootstrap must be that the challenger is not worse than that."""
CALIBRATION_LIMIT = 0.03
"""Calibration error that probabilities people act on may have; a champion's that is larger sets the limit instead."""
SMALLEST_SEGMENT = 0.005
"""A segment that holds a smaller share of users than this one is no group to address."""
STABILITY_LOSS = 0.1
"""How much less stable (mean adjusted Rand index) new segments may be than the champion's."""


@dataclass(frozen=True)
class GateDecision:
    """The verdict, the sentence that goes on record, and the figures behind it."""

    promote: bool
    reason: str
    checks: Mapping[str, float] = field(default_factory=dict)


def decide(rows: pl.DataFrame, *, challenger: Model, champion: Model | None, seed: int = 0) -> GateDecision:
    """Judge two probability models on the same labelled rows (features and labels of one cutoff).

    The challenger gets through if a bootstrap by user is sure that its AUC is not worse by more than AUC_MARGIN and
    its calibration holds. The first model of its kind only has to answer with probabilities. Raises NotEnoughData
    without a labelled row.
    """
    label = LABELS[challenger.kind]
    labelled = rows.filter(pl.col(label).is_not_null())
    if labelled.is_empty():
        raise NotEnoughData(f"No user can judge the {challenger.kind} model: its test window holds no label.")
    labels = labelled[label].cast(pl.Float64).to_numpy()
    new = challenger.predict(labelled)["score"].to_numpy()
    if not (np.isfinite(new).all() and (new >= 0).all() and (new <= 1).all()):
        return GateDecision(False, "kept the champion: the challenger answers with something other than probabilities")
    checks = {"challenger_auc": auc(labels, new), "challenger_calibration_error": calibration_error(labels, new)}
    if champion is None:
        return GateDecision(True, f"promoted: the first {challenger.kind} model", checks)

    old = champion.predict(labelled)["score"].to_numpy()
    checks |= {"champion_auc": auc(labels, old), "champion_calibration_error": calibration_error(labels, old)}
    if np.array_equal(new, old):
        return GateDecision(False, "kept the champion: the challenger answers exactly as it does", checks)
    draws = paired_bootstrap(labels, {"new": new, "old": old}, labelled["user_id"].to_numpy(), seed=seed)
    difference = checks["challenger_auc"] - checks["champion_auc"]
    lowest = float(np.nanquantile(draws["auc:new"] - draws["auc:old"], 1 - CONFIDENCE))
    checks |= {"auc_difference": difference, "auc_difference_low": lowest}
    if not lowest >= -AUC_MARGIN:
        return GateDecision(
            False,
            f"kept the champion: the challenger may be worse (AUC {difference:+.4f}, at least {lowest:+.4f})",
            checks,
        )
    # With few rows the error of a perfect model is not zero either: about one standard error of a rate.
    limit = max(CALIBRATION_LIMIT, checks["champion_calibration_error"]) + 0.5 / np.sqrt(len(labels))
    if checks["challenger_calibration_error"] > limit:
        return GateDecision(
            False,
            f"kept the champion: the challenger's calibration error {checks['challenger_calibration_error']:.3f} "
            f"is above {limit:.3f}",
            checks,
        )
    return GateDecision(True, f"promoted: not worse than the champion (AUC {difference:+.4f})", checks)


def decide_segmentation(
    users: pl.DataFrame, *, challenger: Model, stability: float, champion_stability: float | None
) -> GateDecision:
    """Judge a segmentation on the users of a snapshot.

    It gets through if no segment is nearly empty and it is found again about as surely as the champion's; both
    stabilities are the mean adjusted Rand index over resamples that training reports.
    """
    shares = challenger.predict(users)["segment"].value_counts(normalize=True)["proportion"]
    checks = {"smallest_share": float(shares.min() or 0.0), "stability": stability}  # type: ignore[arg-type]
    if champion_stability is None:
        return GateDecision(True, "promoted: the first segmentation", checks)
    checks["champion_stability"] = champion_stability
    if checks["smallest_share"] < SMALLEST_SEGMENT:
        return GateDecision(
            False, f"kept the champion: a segment holds {checks['smallest_share']:.2%} of the users", checks
        )
    if stability < champion_stability - STABILITY_LOSS:
        return GateDecision(
            False,
            f"kept the champion: the new segments are less stable ({stability:.2f} against {champion_stability:.2f})",
            checks,
        )
    return GateDecision(True, f"promoted: as stable as the champion ({stability:.2f})", checks)
