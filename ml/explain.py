"""Why a probability is what it is, in words.

Features of one family (recency, frequency, ...) say much the same, so their contributions are added up and the
family's strongest feature speaks for it. Advice comes only from features that hold the user back and that
someone can change (`lever`). Nothing here changes a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.advice import advice_for
from ml.catalogue import Feature, FeatureCatalogue
from ml.explanation import Explanation, Reason
from ml.kinds import ModelKind, Outcome, outcome_of

_NEGLIGIBLE = 0.01
"""Log-odds below which nothing is worth a sentence: a hundredth moves no probability by more than .0025."""

_LARGE = 100.0
_NEEDS_COMMAS = 1000.0
_NOBODY = -1


@dataclass(frozen=True)
class Explainer:
    """Puts the contributions to one model's answers into words; `typical` has the usual value of each feature."""

    kind: ModelKind
    catalogue: FeatureCatalogue
    typical: tuple[float | None, ...]

    def explain(
        self, matrix: NDArray[np.float32], contributions: NDArray[np.float64], top: int
    ) -> tuple[Explanation, ...]:
        """Explain every row of `matrix` from its `contributions` (both rows x features).

        Up to `top` reasons, strongest family first; a reason's contribution is its whole family's, in log-odds.
        A reason that holds the user back brings the advice of its strongest feature that has one; none comes twice.
        """
        totals = np.add.reduceat(contributions[:, self._by_family], self._first_of_family, axis=1)
        ranked = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, : max(top, 0)]
        rows = np.arange(len(matrix))[:, None]
        strengths = totals[rows, ranked]
        # Rows x families said x places. Pulls the family's way are positive: the strongest speaks, the strongest
        # with a sentence advises.
        places = self._places[ranked]
        pulls = contributions[rows[:, :, None], places] * np.where(strengths > 0, 1.0, -1.0)[:, :, None]
        pulls = np.where(self._is_feature[ranked], pulls, -np.inf)
        speaker = _chosen(places, pulls)
        with_sentence = np.where(self._has_sentence[ranked], pulls, -np.inf)
        strongest = _chosen(places, with_sentence)
        calls = (with_sentence.max(axis=2) > _NEGLIGIBLE) & (strengths * self._bad_direction >= _NEGLIGIBLE)
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

    @cached_property
    def _outcome(self) -> Outcome:
        return outcome_of(self.kind)

    @property
    def _bad_direction(self) -> float:
        """Which sign of a contribution calls for action."""
        return -1.0 if self._outcome.is_wanted else 1.0

    def _reason(self, feature: int, raw: float, pull: float) -> Reason:
        wording = self._wordings[feature]
        raises = pull > 0
        if isnan(raw):
            return Reason(wording.name, wording.label, None, pull, wording.undefined[raises])
        text = f"{wording.head}{_number(raw, wording.is_share)}{wording.tails[raises]}"
        return Reason(wording.name, wording.label, raw, pull, text)

    @cached_property
    def _by_family(self) -> NDArray[np.intp]:
        """All columns, those of a family side by side."""
        return np.concatenate([np.array(columns) for columns in self.catalogue.columns_of_family.values()])

    @cached_property
    def _first_of_family(self) -> NDArray[np.intp]:
        """Where in `_by_family` each family begins."""
        sizes = [len(columns) for columns in self.catalogue.columns_of_family.values()]
        return np.cumsum([0, *sizes[:-1]])

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
        return tuple(advice_for(feature.lever, self.kind.name) or "" for feature in self.catalogue)

    @cached_property
    def _wordings(self) -> tuple["_Wording", ...]:
        effects = [f"; {change} {self._outcome.words}" for change in ("lowers", "raises")]
        return tuple(_wording(each, usual, effects) for each, usual in zip(self.catalogue, self.typical, strict=True))


class _Wording(NamedTuple):
    """What is said of a feature around a user's value; pairs are for a pull that lowers and one that raises."""

    name: str
    label: str
    is_share: bool
    head: str
    tails: tuple[str, ...]
    undefined: tuple[str, ...]


def _wording(feature: Feature, usual: float | None, effects: Sequence[str]) -> _Wording:
    is_share = feature.unit == "share"
    unit = " days" if feature.unit == "days" else ""
    typically = "" if usual is None else f" (typically {_number(usual, is_share)}{unit})"
    nothing = "never" if unit else "none"
    return _Wording(
        feature.name,
        feature.label,
        is_share,
        head=f"{feature.label}: ",
        tails=tuple(f"{unit}{typically}{effect}" for effect in effects),
        undefined=tuple(f"{feature.label}: {nothing}{effect}" for effect in effects),
    )


def _number(value: float, is_share: bool) -> str:
    if is_share:
        return f"{value:.0%}"
    if value.is_integer() and abs(value) < _NEEDS_COMMAS:
        # Most values are counts and days, which this writes three times as fast.
        return str(int(value))
    return f"{value:,.0f}" if abs(value) >= _LARGE or value.is_integer() else f"{value:,.2g}"


def _chosen(places: NDArray[np.intp], pulls: NDArray[np.float64]) -> NDArray[np.intp]:
    """The feature at the place with the strongest pull, of each row and family."""
    rows, families, _ = places.shape
    return np.asarray(places[np.arange(rows)[:, None], np.arange(families), pulls.argmax(axis=2)], np.intp)
