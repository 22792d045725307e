"""Why a probability is what it is, in words.

Features of one family (recency, frequency, ...) say much the same, so their contributions are added up and the
family's strongest feature speaks for it. Advice comes only from features that hold the user back and that
someone can change (`lever`). Nothing here changes a score.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.advice import advice_for
from ml.catalogue import FeatureCatalogue
from ml.explanation import Explanation, Reason

_NEGLIGIBLE = 0.01
"""Log-odds below which nothing is worth a sentence: a hundredth moves no probability by more than .0025."""

_OUTCOMES = {"churn": "the risk of leaving", "purchase": "the chance of a purchase"}
_BAD_DIRECTION = {"churn": 1.0, "purchase": -1.0}
"""Which sign of a contribution calls for action."""

_LARGE = 100.0
_NOBODY = -1


@dataclass(frozen=True)
class Explainer:
    """Puts the contributions to one model's answers into words; `typical` has the usual value of each feature."""

    kind: str
    catalogue: FeatureCatalogue
    typical: tuple[float | None, ...]

    def explain(
        self, matrix: NDArray[np.float32], contributions: NDArray[np.float64], top: int
    ) -> tuple[Explanation, ...]:
        """Explain every row of `matrix` from its `contributions` (both rows x features).

        Up to `top` reasons, strongest family first; a reason's contribution is its whole family's, in log-odds.
        A reason that holds the user back brings the advice of its strongest feature that has one; none comes twice.
        """
        # Rows x families x places: a family's features side by side, the empty places of small families holding 0.
        parts = np.where(self._is_feature, contributions[:, self._places], 0.0)
        totals = parts.sum(axis=2)
        # Pulls the family's way are positive: the strongest speaks, the strongest with a sentence advises.
        pulls = np.where(self._is_feature, parts * np.where(totals > 0, 1.0, -1.0)[:, :, None], -np.inf)
        ranked = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, : max(top, 0)]
        rows = np.arange(len(matrix))[:, None]
        pulls = pulls[rows, ranked]
        speaker = self._places[ranked, pulls.argmax(axis=2)]
        with_sentence = np.where(self._has_sentence[ranked], pulls, -np.inf)
        strongest = self._places[ranked, with_sentence.argmax(axis=2)]
        strengths = totals[rows, ranked]
        calls = (with_sentence.max(axis=2) > _NEGLIGIBLE) & (strengths * _BAD_DIRECTION[self.kind] >= _NEGLIGIBLE)
        adviser = np.where(calls, strongest, _NOBODY)
        said = (np.abs(strengths) >= _NEGLIGIBLE).sum(axis=1)
        by_row = (said, speaker, matrix[rows, speaker], strengths, adviser)
        return tuple(
            Explanation(
                tuple(map(self._reason, features[:number], values[:number], pulls[:number])),
                tuple(dict.fromkeys([self._sentences[feature] for feature in advisers if feature != _NOBODY])),
            )
            for number, features, values, pulls, advisers in zip(*(each.tolist() for each in by_row), strict=True)
        )

    def _reason(self, feature: int, raw: float, pull: float) -> Reason:
        name, label, unit, usual = self._wording[feature]
        value = None if math.isnan(raw) else raw
        text = f"{label}: {_words(value, unit)}{'' if value is None else usual}; {self._effects[pull > 0]}"
        return Reason(name, label, value, pull, text)

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Families x places: which feature stands where; what `_is_feature` denies is filling."""
        families = self.catalogue.columns_of_family.values()
        widest = max(map(len, families))
        return np.array([[*columns, *[columns[0]] * (widest - len(columns))] for columns in families])

    @cached_property
    def _is_feature(self) -> NDArray[np.bool_]:
        sizes = [[len(columns)] for columns in self.catalogue.columns_of_family.values()]
        return np.arange(self._places.shape[1]) < np.array(sizes)

    @cached_property
    def _has_sentence(self) -> NDArray[np.bool_]:
        return np.array([bool(sentence) for sentence in self._sentences])[self._places] & self._is_feature

    @cached_property
    def _sentences(self) -> tuple[str, ...]:
        """The advice of each feature, empty where there is none."""
        return tuple(advice_for(feature.lever, self.kind) or "" for feature in self.catalogue)

    @cached_property
    def _effects(self) -> tuple[str, str]:
        return f"lowers {_OUTCOMES[self.kind]}", f"raises {_OUTCOMES[self.kind]}"

    @cached_property
    def _wording(self) -> tuple[tuple[str, str, str, str], ...]:
        """Name, label, unit and what is usual, a feature."""
        return tuple(
            (each.name, each.label, each.unit, "" if usual is None else f" (typically {_words(usual, each.unit)})")
            for each, usual in zip(self.catalogue, self.typical, strict=True)
        )


def _words(value: float | None, unit: str) -> str:
    if value is None:
        return "never" if unit == "days" else "none"
    if unit == "share":
        return f"{value:.0%}"
    number = f"{value:,.0f}" if abs(value) >= _LARGE or value.is_integer() else f"{value:,.2g}"
    return f"{number} {unit}" if unit == "days" else number
