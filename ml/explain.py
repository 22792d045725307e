"""Why a score is what it is, in words.

Features of one family (recency, frequency, ...) say much the same, so their contributions are added up and the
family's strongest feature speaks for it. Advice comes only from features that hold the user back and that
someone can change (`lever`). Nothing here changes a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ml.advice import Advice, advice_for
from ml.catalogue import Feature, FeatureCatalogue

_NEGLIGIBLE = 0.01
"""Log-odds below which a family is not worth a sentence: a hundredth moves no probability by more than .0025."""

_OUTCOMES = {"churn": "the risk of leaving", "purchase": "the chance of a purchase"}
_BAD_DIRECTION = {"churn": 1.0, "purchase": -1.0}
"""Which sign of a contribution calls for action."""


@dataclass(frozen=True)
class Reason:
    """One family's part in a score: `contribution` in log-odds is the whole family's, `value` its speaker's."""

    feature: str
    family: str
    label: str
    value: float | None
    contribution: float
    text: str


@dataclass(frozen=True)
class Explanation:
    """One user's answer taken apart; `contributions` and `bias` add up to `log_odds`."""

    user_id: str
    score: float
    basis: str
    log_odds: float
    bias: float
    contributions: dict[str, float]
    reasons: tuple[Reason, ...]
    advice: tuple[Advice, ...]


def explain_rows(
    *,
    kind: str,
    catalogue: FeatureCatalogue,
    typical: Sequence[float | None],
    user_ids: Sequence[str],
    basis: Sequence[str],
    matrix: NDArray[np.float32],
    log_odds: NDArray[np.float64],
    bias: NDArray[np.float64],
    contributions: NDArray[np.float64],
    top: int,
) -> list[Explanation]:
    """Explain every row; reasons come strongest first, advice in the order of its reasons."""
    families, member = np.unique([feature.family for feature in catalogue], return_inverse=True)
    by_family = np.zeros((len(contributions), len(families)))
    np.add.at(by_family.T, member, contributions.T)
    ranked = np.argsort(-np.abs(by_family), axis=1, kind="stable")[:, : max(top, 0)]
    scores = expit(log_odds)
    names = catalogue.names
    explanations = []
    for row, user_id in enumerate(user_ids):
        reasons: list[Reason] = []
        advice: list[Advice] = []
        for family in ranked[row]:
            total = float(by_family[row, family])
            if abs(total) < _NEGLIGIBLE:
                continue
            inside = np.flatnonzero(member == family)
            parts = contributions[row, inside] * np.sign(total)
            column = int(inside[np.argmax(parts)])
            feature = catalogue.features[column]
            value = None if np.isnan(matrix[row, column]) else float(matrix[row, column])
            text = _sentence(feature, value, typical[column], total, kind)
            reasons.append(Reason(feature.name, feature.family, feature.label, value, total, text))
            if total * _BAD_DIRECTION[kind] > 0:
                advice.extend(_new_advice(catalogue, inside[np.argsort(-parts, kind="stable")], parts, kind, advice))
        explanations.append(
            Explanation(
                user_id=user_id,
                score=float(scores[row]),
                basis=basis[row],
                log_odds=float(log_odds[row]),
                bias=float(bias[row]),
                contributions=dict(zip(names, contributions[row].tolist(), strict=True)),
                reasons=tuple(reasons),
                advice=tuple(advice),
            )
        )
    return explanations


def _new_advice(
    catalogue: FeatureCatalogue,
    columns: NDArray[np.intp],
    parts: NDArray[np.float64],
    kind: str,
    given: Sequence[Advice],
) -> list[Advice]:
    """The first advice, strongest feature first, of a family that pulls the wrong way."""
    strengths = np.sort(parts)[::-1]
    for column, strength in zip(columns, strengths, strict=True):
        if strength < _NEGLIGIBLE:
            break
        advice = advice_for(catalogue.features[int(column)].lever, kind)
        if advice is not None and advice not in given:
            return [advice]
    return []


def _sentence(feature: Feature, value: float | None, typical: float | None, total: float, kind: str) -> str:
    effect = f"{'raises' if total > 0 else 'lowers'} {_OUTCOMES[kind]}"
    if value is None:
        return f"{feature.label}: never happened, which {effect}"
    usual = "" if typical is None else f" (typically {_amount(typical, feature.unit)})"
    return f"{feature.label}: {_amount(value, feature.unit)}{usual}, which {effect}"


def _amount(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    rounded = round(value, 1 if abs(value) < 100 else 0)
    number = f"{int(rounded):,}" if rounded == int(rounded) else f"{rounded:,}"
    return f"{number} {unit}" if unit in ("days", "hours") else number
