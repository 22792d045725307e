"""Why a probability is what it is, in words.

Features of one family (recency, frequency, ...) say much the same, so their contributions are added up and the
family's strongest feature speaks for it. Advice comes only from features that hold the user back and that
someone can change (`lever`). Nothing here changes a score.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.advice import advice_for
from ml.catalogue import Feature, FeatureCatalogue
from ml.explanation import Explanation, Reason

_NEGLIGIBLE = 0.01
"""Log-odds below which nothing is worth a sentence: a hundredth moves no probability by more than .0025."""

_OUTCOMES = {"churn": "the risk of leaving", "purchase": "the chance of a purchase"}
_BAD_DIRECTION = {"churn": 1.0, "purchase": -1.0}
"""Which sign of a contribution calls for action."""

_LARGE = 100.0


def explain_rows(
    *,
    kind: str,
    catalogue: FeatureCatalogue,
    typical: Sequence[float | None],
    matrix: NDArray[np.float32],
    contributions: NDArray[np.float64],
    top: int,
) -> tuple[Explanation, ...]:
    """Explain every row of `matrix` from its `contributions` (both rows x features).

    Up to `top` reasons, strongest family first; a reason's contribution is its whole family's, in log-odds.
    Advice follows the order of the reasons that call for it.
    """
    columns_of = list(catalogue.columns_of_family.values())
    totals = np.stack([contributions[:, columns].sum(axis=1) for columns in columns_of], axis=1)
    ranked = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, : max(top, 0)]
    explanations = []
    for row in range(len(matrix)):
        reasons: list[Reason] = []
        advice: list[str] = []
        for family in ranked[row].tolist():
            total = float(totals[row, family])
            if abs(total) < _NEGLIGIBLE:
                break
            # Strongest first among those that pull the family's way.
            sign = 1.0 if total > 0 else -1.0
            parts = {column: sign * float(contributions[row, column]) for column in columns_of[family]}
            order = sorted(parts, key=parts.__getitem__, reverse=True)
            reasons.append(_reason(catalogue.features[order[0]], matrix[row, order[0]], typical[order[0]], total, kind))
            if total * _BAD_DIRECTION[kind] > 0:
                strong = [column for column in order if parts[column] > _NEGLIGIBLE] or order[:1]
                levers = (catalogue.features[column].lever for column in strong)
                sentences = (advice_for(lever, kind) for lever in levers)
                sentence = next((text for text in sentences if text and text not in advice), None)
                advice.extend([sentence] if sentence else [])
        explanations.append(Explanation(tuple(reasons), tuple(advice)))
    return tuple(explanations)


def _reason(feature: Feature, raw: np.float32, typical: float | None, total: float, kind: str) -> Reason:
    value = None if np.isnan(raw) else float(raw)
    usual = "" if typical is None or value is None else f" (typically {_words(typical, feature.unit)})"
    effect = f"{'raises' if total > 0 else 'lowers'} {_OUTCOMES[kind]}"
    text = f"{feature.label}: {_words(value, feature.unit)}{usual}; {effect}"
    return Reason(feature.name, feature.label, value, total, text)


def _words(value: float | None, unit: str) -> str:
    if value is None:
        return "never" if unit == "days" else "none"
    if unit == "share":
        return f"{value:.0%}"
    number = f"{value:,.0f}" if abs(value) >= _LARGE or value.is_integer() else f"{value:,.2g}"
    return f"{number} {unit}" if unit == "days" else number
