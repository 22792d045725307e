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
    user_ids: Sequence[str],
    matrix: NDArray[np.float32],
    contributions: NDArray[np.float64],
    top: int,
) -> list[Explanation]:
    """Explain every row of `matrix` from its `contributions` (both rows x features).

    Up to `top` reasons, strongest family first; a reason's contribution is its whole family's, in log-odds.
    Advice follows the order of the reasons that call for it.
    """
    families, family_of = np.unique([feature.family for feature in catalogue], return_inverse=True)
    columns_of = [np.flatnonzero(family_of == family) for family in range(len(families))]
    totals = np.column_stack([contributions[:, columns].sum(axis=1) for columns in columns_of])
    ranked = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, : max(top, 0)]
    explanations = []
    for row, user_id in enumerate(user_ids):
        reasons: list[Reason] = []
        advice: list[str] = []
        for family in ranked[row].tolist():
            total = float(totals[row, family])
            if abs(total) < _NEGLIGIBLE:
                break
            # Strongest first among those that pull the family's way.
            columns = columns_of[family]
            parts = contributions[row, columns] * np.sign(total)
            order = columns[np.argsort(-parts, kind="stable")].tolist()
            reasons.append(_reason(catalogue.features[order[0]], matrix[row, order[0]], typical[order[0]], total, kind))
            if total * _BAD_DIRECTION[kind] > 0:
                strong = order[: max(1, int((parts > _NEGLIGIBLE).sum()))]
                levers = (catalogue.features[column].lever for column in strong)
                sentences = (advice_for(lever, kind) for lever in levers)
                sentence = next((text for text in sentences if text and text not in advice), None)
                advice.extend([sentence] if sentence else [])
        explanations.append(Explanation(user_id, tuple(reasons), tuple(advice)))
    return explanations


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
