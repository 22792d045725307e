"""What a decision is made of and what it looks like: limits, inputs, verdict.

Belongs here: records without behaviour, shared by every comparison. Does not belong here: any comparison.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class GateLimits:
    """What a challenger may cost at most.

    `confidence` is one-sided: of challengers that are truly worse, no more than 1 - `confidence` go through. Only
    against a champion that has lost its calibration may AUC fall by `recalibrated_auc_loss`. `calibration` and
    `calibration_loss` (against the champion) come on top of what the number of rows alone explains.
    `missing_gain` is how much larger the share of users without a feature may be today than when it was learned from
    (in a cohort that only ages it grew by .58 within two months); `empty_from` is the share of users who must have had
    it then for none having it now to count.

    Segments: `largest_segment` is the share of users that one segment may hold, `largest_segment_gain` how much larger
    that share may be than the champion's. `stability` is the least a partition must have, `stability_loss` how much of
    the champion's may be lost. At least `kept_share` of the users must keep their segment, unless the challenger is
    more stable by `stability_gain` or separates better (silhouette) by `separation_gain`. Weekly and monthly retrains
    on three real data sets kept .86 to 1.0 of the users and lost at most .01 of stability where the champion was still
    stable; random segments have a stability of 0, k-means centres drawn at random one of .8 at best.
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
    largest_segment_gain: float = 0.15
    stability: float = 0.6
    stability_loss: float = 0.1
    stability_gain: float = 0.1
    separation_gain: float = 0.1
    kept_share: float = 0.75
    draws: int = 200


@dataclass(frozen=True)
class GateInputs:
    """Features of the newest day that the challenger learned from, and of the day that it would answer about first."""

    learned: pl.DataFrame
    newest: pl.DataFrame


@dataclass(frozen=True)
class GateDecision:
    """The verdict, its reason in one sentence, and every figure it rests on.

    `may_be_first`: where there is no champion yet, the challenger may answer all the same, with the reason on record.
    """

    promote: bool
    reason: str
    checks: dict[str, float]
    may_be_first: bool = True
