"""How good probabilities are: metrics, and the tables that plots are drawn from.

Belongs here: arithmetic on labels and scores. Does not belong here: models, cutoffs, drawing, resamples of users
(`ml.bootstrap`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ml.gate.words import said

Floats = NDArray[np.float64]

_SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 where a logarithm is taken."""

LEAST_OF_EACH_OUTCOME = 5
"""With fewer users of one outcome, a figure such as the AUC says more about chance than about a model."""


@dataclass(frozen=True)
class Evaluation:
    """What one out-of-time test found.

    `reliability` and `gain` are the tables behind the plots; `test_predictions` has one row a user and cutoff:
    user_id, as_of, label, probability, and the baselines recency, rule and rfm_logistic on the same rows.
    """

    metrics: dict[str, float]
    reliability: pl.DataFrame
    gain: pl.DataFrame
    test_predictions: pl.DataFrame


def judging_fault(label: ArrayLike, name: str) -> str | None:
    """Why rows with these outcomes cannot judge a model: too few of one outcome. None where they can.

    `name` is that of the label.
    """
    labels = np.asarray(label, np.float64)
    rows, positives = len(labels), int(labels.sum())
    if positives in (0, rows):
        return said("one_outcome", label=name, value="true" if positives else "false", rows=rows)
    if min(positives, rows - positives) < LEAST_OF_EACH_OUTCOME:
        return said("few_of_one_outcome", label=name, positives=positives, rows=rows, least=LEAST_OF_EACH_OUTCOME)
    return None


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve, ties counted half; NaN when only one class is present."""
    labels, scores = _arrays(label, score)
    positives, negatives = scores[labels > 0], np.sort(scores[labels <= 0])
    pairs = len(positives) * len(negatives)
    won = np.searchsorted(negatives, positives, side="left") + np.searchsorted(negatives, positives, side="right")
    return float(won.sum() / 2 / pairs) if pairs else float("nan")


def average_precision(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the precision-recall curve (step-wise, ties taken together); NaN without positives."""
    labels, scores = _arrays(label, score)
    if not labels.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.inf))
    hits = np.cumsum(labels[order])[ends]
    gained = np.diff(hits, prepend=0.0)
    return float(np.sum(gained * hits / (ends + 1)) / labels.sum())


def brier(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance between probability and outcome."""
    labels, probabilities = _arrays(label, probability)
    return float(np.mean((probabilities - labels) ** 2))


def log_loss(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood in nats."""
    return float(np.mean(log_losses(label, probability)))


def log_losses(label: ArrayLike, probability: ArrayLike) -> Floats:
    """Negative log-likelihood of every row, in nats."""
    labels, probabilities = _arrays(label, probability)
    clipped = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    return -(labels * np.log(clipped) + (1 - labels) * np.log1p(-clipped))


def reliability_bins(rows: int) -> int:
    """3 to 10 bins, as many as leave each about 250 rows: finer bins would mostly measure chance."""
    return min(10, max(3, rows // 250))


def reliability_table(label: ArrayLike, probability: ArrayLike, bins: int | None = None) -> pl.DataFrame:
    """Predicted against observed in bins of equal size: bin, rows, predicted, observed, low, high.

    Bins hold equally many rows because most users of a shop sit close together near zero. Unless told there are as
    many as `reliability_bins` says. `low` and `high` are the 95 % Wilson interval of the observed rate.
    """
    labels, probabilities = _arrays(label, probability)
    parts = _equal_bins(probabilities, bins)
    rows = np.array([len(part) for part in parts], np.float64)
    observed = np.array([labels[part].mean() for part in parts])
    z = 1.96
    centre = (observed + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(observed * (1 - observed) / rows + z * z / (4 * rows**2))
    return pl.DataFrame(
        {
            "bin": np.arange(1, len(parts) + 1),
            "rows": rows.astype(np.int64),
            "predicted": np.array([probabilities[part].mean() for part in parts]),
            "observed": observed,
            "low": np.clip(centre - half, 0, 1),
            "high": np.clip(centre + half, 0, 1),
        }
    )


def calibration_error(label: ArrayLike, probability: ArrayLike, bins: int | None = None) -> float:
    """Mean absolute gap between predicted and observed over the bins of `reliability_table`, weighted by rows."""
    table = reliability_table(label, probability, bins)
    gap = np.abs(table["predicted"].to_numpy() - table["observed"].to_numpy())
    return float(np.average(gap, weights=table["rows"].to_numpy()))


def calibration_noise(probability: ArrayLike, bins: int | None = None) -> float:
    """The calibration error that true probabilities would show by chance alone, on as many rows."""
    probabilities = np.asarray(probability, np.float64)
    parts = _equal_bins(probabilities, bins)
    spread = [np.sqrt(np.sum(probabilities[part] * (1 - probabilities[part]))) for part in parts]
    return float(np.sqrt(2 / np.pi) * np.sum(spread) / len(probabilities))


def lift_at(label: ArrayLike, score: ArrayLike, share: float = 0.1) -> float:
    """How many times more positives the top `share` holds than as many random rows; NaN without positives."""
    labels, scores = _arrays(label, score)
    if not labels.any():
        return float("nan")
    part = _top_part(scores, share)
    return float(part @ labels / part.sum() / labels.mean())


def observed_over_expected(label: ArrayLike, probability: ArrayLike) -> float:
    """Positives over the sum of probabilities: 1 where the level is right; NaN where nothing was expected."""
    labels, probabilities = _arrays(label, probability)
    return float(labels.sum() / probabilities.sum()) if probabilities.any() else float("nan")


def top_observed_over_expected(label: ArrayLike, probability: ArrayLike, share: float = 0.1) -> float:
    """The same among the top `share`, the rows that are acted upon."""
    labels, probabilities = _arrays(label, probability)
    part = _top_part(probabilities, share)
    expected = part @ probabilities
    return float(part @ labels / expected) if expected > 0 else float("nan")


def gain_table(label: ArrayLike, score: ArrayLike, steps: int = 20) -> pl.DataFrame:
    """Share of positives found by taking the best-scored users first: share_users, share_positives, lift."""
    labels, scores = _arrays(label, score)
    found = np.concatenate([[0.0], np.cumsum(labels[np.argsort(-scores, kind="stable")])])
    share = np.linspace(0, 1, steps + 1)
    total = max(float(labels.sum()), 1.0)
    positives = found[np.round(share * len(labels)).astype(int)] / total
    lift = np.divide(positives, share, out=np.full_like(share, np.nan), where=share > 0)
    return pl.DataFrame({"share_users": share, "share_positives": positives, "lift": lift})


def score_metrics(label: ArrayLike, probability: ArrayLike) -> dict[str, float]:
    """Every headline metric of one set of probabilities."""
    labels, probabilities = _arrays(label, probability)
    return {
        "auc": auc(labels, probabilities),
        "average_precision": average_precision(labels, probabilities),
        "brier": brier(labels, probabilities),
        "log_loss": log_loss(labels, probabilities),
        "calibration_error": calibration_error(labels, probabilities),
        "lift_at_10": lift_at(labels, probabilities),
        "observed_over_expected": observed_over_expected(labels, probabilities),
        "top_decile_observed_over_expected": top_observed_over_expected(labels, probabilities),
        "observed_rate": float(labels.mean()),
        "predicted_rate": float(probabilities.mean()),
    }


def _top_part(scores: Floats, share: float) -> Floats:
    """How much of each row belongs to the top `share`: rows tied with the last one taken share what is left.

    So the order of the input never matters.
    """
    count = max(1, round(share * len(scores)))
    threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
    above, tied = scores > threshold, scores == threshold
    return np.asarray(above + tied * (count - above.sum()) / tied.sum(), np.float64)


def _equal_bins(probabilities: Floats, bins: int | None) -> list[NDArray[np.intp]]:
    rows = len(probabilities)
    count = reliability_bins(rows) if bins is None else bins
    order = np.argsort(probabilities, kind="stable")
    return [part for part in np.array_split(order, count) if len(part)]


def _arrays(label: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    labels, scores = np.asarray(label, np.float64), np.asarray(score, np.float64)
    if labels.shape != scores.shape or labels.size == 0:
        raise ValueError(f"{labels.size} labels cannot be compared with {scores.size} scores")
    return labels, scores
