"""What a user would pick instead: recency alone, and RFM with logistic regression, on the same rows.

Every evaluation reports them beside the model. They are never tuned down: the regression gets all train cutoffs.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from ml.propensity.linear import LinearMember, fit_linear
from ml.propensity.matrix import Floats, feature_matrix
from ml.propensity.table import RateTable, fit_rate_table, rate_of

RFM_FEATURES = (
    "days_since_last_activity",
    "days_since_last_purchase",
    "days_since_first_seen",
    "active_days_total",
    "orders_total",
    "purchase_amount_total",
    "average_order_amount",
)
"""Recency, frequency, monetary value and tenure: what a spreadsheet would hold."""


@dataclass(frozen=True, eq=False)
class Baselines:
    """The baselines, fitted on training rows."""

    recency_feature: str
    rule: RateTable
    rfm_features: tuple[str, ...]
    rfm: LinearMember | None

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """Per row: `recency` (a ranking score), `rule` and `rfm_logistic` (probabilities).

        Recency is used raw, signed so that higher means more probable: binning would only weaken it. Where no
        regression could be fitted, `rfm_logistic` repeats the rule.
        """
        column = feature_matrix(features, [self.recency_feature])
        rule = rate_of(self.rule, column)
        direction = _direction(self.rule)
        days = column[:, 0].astype(np.float64)
        rank = np.where(np.isnan(days), -np.inf, direction * days)
        # Users without the feature stand where their rate puts them: below all, or above all.
        if self.rule.missing_log_odds > max(self.rule.bin_log_odds):
            rank[np.isnan(days)] = np.inf
        rfm = rule if self.rfm is None else expit(self.rfm.log_odds(feature_matrix(features, self.rfm_features)))
        return pl.DataFrame({"recency": rank, "rule": rule, "rfm_logistic": np.asarray(rfm, np.float64)})


def fit_baselines(features: pl.DataFrame, labels: Floats, recency_feature: str, l2: float = 1.0) -> Baselines:
    """Fit both on training rows; the regression needs both classes and at least one RFM feature."""
    rfm_features = tuple(name for name in RFM_FEATURES if name in features.columns)
    both_classes = len(labels) > 0 and 0 < labels.mean() < 1
    fitted = (
        fit_linear(feature_matrix(features, rfm_features), labels, l2=l2) if both_classes and rfm_features else None
    )
    rule = fit_rate_table(feature_matrix(features, [recency_feature]), 0, labels)
    return Baselines(recency_feature, rule, rfm_features, fitted)


def _direction(rule: RateTable) -> float:
    return 1.0 if rule.bin_log_odds[-1] > rule.bin_log_odds[0] else -1.0
