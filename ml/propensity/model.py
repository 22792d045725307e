"""A trained propensity model: answers, takes its answers apart, and reads and writes its own files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, logit

from ml.answers import Answers, Values
from ml.artifact import to_json
from ml.catalogue import FeatureCatalogue
from ml.explain import Explainer
from ml.explanation import Contributions, Explanation
from ml.kinds import model_kind
from ml.propensity.amount import AmountModel
from ml.propensity.bgnbd import BgNbdMember
from ml.propensity.earlier_amounts import CappedAmounts
from ml.propensity.level import LevelRange
from ml.propensity.lifetime import LIFETIME_DAYS, LIFETIME_INPUTS, LifetimeModel
from ml.propensity.linear import LinearMember
from ml.propensity.matrix import Floats, Matrix, as_matrix, feature_matrix, require_columns
from ml.propensity.spec import ACTIVITY_RECENCY
from ml.propensity.stacking import Stack
from ml.propensity.table import RateTable
from ml.propensity.trees import TreeMember

Member = RateTable | BgNbdMember | LinearMember | TreeMember

_DESCRIPTION = "propensity.json"


@dataclass(frozen=True)
class PropensityPrior:
    """What is said of a user nobody has seen: the rate of the whole population, and what a buyer spends."""

    score: float
    score_low: float | None = None
    score_high: float | None = None
    expected_amount: float | None = None
    expected_amount_low: float | None = None
    expected_amount_high: float | None = None
    expected_value: float | None = None
    basis: str = "prior"


@dataclass(frozen=True, eq=False)
class PropensityModel:
    """One rung of the ladder, ready to answer.

    `outside` answers for users who were not active within the last horizon, where the population is the active
    (churn); it is None where everyone is in the population (purchase). `level` is None for models that were saved
    before there was such a range. `base_rate` is that of the newest cutoff. `typical` holds the median of each
    feature, for words. `cutoffs` is the plan that the model was made with. `golden` holds quantiles, not people, so a
    model directory carries no personal data.
    """

    kind: str
    horizon_days: int
    catalogue: FeatureCatalogue
    rung: str
    rung_reason: str
    members: tuple[Member, ...]
    stack: Stack
    outside: RateTable | None
    level: LevelRange | None
    amounts: AmountModel | CappedAmounts | None
    base_rate: float
    typical: tuple[float | None, ...]
    cutoffs: dict[str, Any]
    golden: pl.DataFrame
    lifetime: LifetimeModel | None = None

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that `predict` needs beside user_id, in order."""
        return self.catalogue.names

    @property
    def feature_hash(self) -> str:
        """SHA-256 of the meaning of the features."""
        return self.catalogue.hash

    def answer(self, values: Values, top: int = 0) -> Answers:
        """Answer every row of `values` (rows x `feature_names`), with up to `top` reasons each.

        Columns: score (a probability), the range score_low to score_high that it lies in where the level of all
        answers is too high or too low, and basis: `model`, or `rule` (the recency rule, or a user outside the
        population). The purchase model adds expected_amount (given a purchase, in the currency of the data), between
        whose _low and _high most buyers spend, and expected_value (score x expected_amount).
        """
        matrix = as_matrix(values)
        is_outside = self._is_outside(matrix)
        explanations: tuple[Explanation, ...] = ()
        if top:
            # The log-odds come with their parts: to ask the members for both would take twice as long.
            parts = self._contributions(matrix, is_outside)
            log_odds = parts.total
            explanations = self._explainer.explain(matrix, parts.values, top)
        else:
            log_odds = self._log_odds(matrix, is_outside)
        score = np.asarray(expit(log_odds), np.float64)
        basis = np.where(is_outside, "rule", "rule" if self.rung == "rule" else "model")
        columns: dict[str, NDArray[Any]] = {"score": score, "basis": basis}
        if self.level is not None:
            columns["score_low"], columns["score_high"] = self.level.around(log_odds)
        if self.amounts is not None:
            amount = self.amounts.predict(matrix[:, self._amount_columns])
            columns |= {"expected_amount": amount, "expected_value": score * amount}
            if isinstance(self.amounts, AmountModel):
                columns["expected_amount_low"] = amount * self.amounts.low
                columns["expected_amount_high"] = amount * self.amounts.high
        return Answers(columns, explanations)

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """`answer` as a frame: one row a user, in the order given, user_id first.

        The purchase model adds lifetime_value_90d and lifetime_value_365d, the money expected over so many days. They
        take longer than the rest, and a service that answers in milliseconds leaves them out. Raises FeatureMismatch if
        a column is missing.
        """
        require_columns(features, ["user_id"])
        matrix = feature_matrix(features, self.feature_names)
        columns = dict(self.answer(matrix).columns)
        if self.lifetime is not None:
            columns |= self._lifetime_values(self.lifetime, matrix, columns)
        return features.select("user_id").with_columns(pl.Series(name, of) for name, of in columns.items())

    @property
    def prior(self) -> PropensityPrior:
        """The answer for a user nobody has seen."""
        found = PropensityPrior(self.base_rate)
        if self.level is not None:
            ends = self.level.around(np.array([logit(self.base_rate)]))
            found = replace(found, score_low=float(ends[0][0]), score_high=float(ends[1][0]))
        if self.amounts is None:
            return found
        amount = self.amounts.overall
        found = replace(found, expected_amount=amount, expected_value=self.base_rate * amount)
        if isinstance(self.amounts, AmountModel):
            low, high = amount * self.amounts.low, amount * self.amounts.high
            found = replace(found, expected_amount_low=low, expected_amount_high=high)
        return found

    @property
    def interval_note(self) -> str | None:
        """Why the range of each probability is as wide as it is; None where it is not known."""
        return None if self.level is None else self.level.note

    def contributions(self, features: pl.DataFrame) -> Contributions:
        """`take_apart` of a frame."""
        return self.take_apart(feature_matrix(features, self.feature_names))

    def take_apart(self, values: Values) -> Contributions:
        """Take the log-odds of every row of `values` (rows x `feature_names`) apart, feature by feature, exactly."""
        matrix = as_matrix(values)
        return self._contributions(matrix, self._is_outside(matrix))

    def explain(self, features: pl.DataFrame, top: int = 3) -> list[Explanation]:
        """Why each row's answer is what it is, in words: up to `top` reasons, and advice where one can act."""
        return list(self.answer(feature_matrix(features, self.feature_names), top).explanations)

    def to_files(self) -> dict[str, bytes]:
        """propensity.json and one native XGBoost file a tree member."""
        trees = [member for member in self.members if isinstance(member, TreeMember)]
        description = {
            "kind": self.kind,
            "horizon_days": self.horizon_days,
            "catalogue": self.catalogue.to_dict(),
            "rung": self.rung,
            "rung_reason": self.rung_reason,
            "members": [_member_dict(member) for member in self.members],
            "weights": self.stack.weights,
            "intercept": self.stack.intercept,
            "outside": self.outside.to_dict() if self.outside else None,
            "level": asdict(self.level) if self.level else None,
            "amounts": self.amounts.to_dict() if self.amounts else None,
            "lifetime": self.lifetime.to_dict() if self.lifetime else None,
            "base_rate": self.base_rate,
            "typical": self.typical,
            "cutoffs": self.cutoffs,
            "golden": self.golden.to_dict(as_series=False),
        }
        return {_DESCRIPTION: to_json(description)} | {f"{tree.name}.json": tree.to_bytes() for tree in trees}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Read what `to_files` wrote."""
        data = json.loads(files[_DESCRIPTION])
        golden = data["golden"]
        return cls(
            kind=data["kind"],
            horizon_days=data["horizon_days"],
            catalogue=FeatureCatalogue.from_dict(data["catalogue"]),
            rung=data["rung"],
            rung_reason=data["rung_reason"],
            members=tuple(_read_member(member, files) for member in data["members"]),
            stack=Stack(tuple(data["weights"]), data["intercept"]),
            outside=RateTable.from_dict(data["outside"]) if data["outside"] else None,
            level=LevelRange(**data["level"]) if data.get("level") else None,
            amounts=_read_amounts(data["amounts"]) if data["amounts"] else None,
            lifetime=LifetimeModel.from_dict(data["lifetime"]) if data.get("lifetime") else None,
            base_rate=data["base_rate"],
            typical=tuple(data["typical"]),
            cutoffs=data["cutoffs"],
            golden=pl.DataFrame(
                golden, schema={name: pl.String if name == "user_id" else pl.Float64 for name in golden}
            ),
        )

    def _log_odds(self, matrix: Matrix, is_outside: NDArray[np.bool_]) -> Floats:
        return self._stacked(matrix, is_outside, [member.log_odds(matrix) for member in self.members])

    def _stacked(self, matrix: Matrix, is_outside: NDArray[np.bool_], members: Sequence[Floats]) -> Floats:
        log_odds = self.stack.log_odds(np.stack(members, axis=1))
        if self.outside is None:
            return log_odds
        return np.where(is_outside, self.outside.log_odds(matrix), log_odds)

    def _contributions(self, matrix: Matrix, is_outside: NDArray[np.bool_]) -> Contributions:
        parts = [member.contributions(matrix) for member in self.members]
        log_odds = self._stacked(matrix, is_outside, [part.sum(axis=1) for part in parts])
        values = np.zeros(matrix.shape)
        for part, weight in zip(parts, self.stack.weights, strict=True):
            if weight > 0:
                values += weight * part[:, :-1]
        if self.outside is not None and is_outside.any():
            # Told against the active, like every other answer: what sets these users apart is their silence.
            values[is_outside] = 0.0
            values[is_outside, self.outside.column] = log_odds[is_outside] - float(logit(self.base_rate))
        # The members' biases.
        return Contributions(log_odds, log_odds - values.sum(axis=1), values)

    def _lifetime_values(
        self, lifetime: LifetimeModel, matrix: Matrix, said: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        values = matrix[:, self._lifetime_columns].astype(np.float64)
        found = lifetime.predict(values[:, :3], values[:, 3], said["score"], said["expected_amount"])
        return {f"lifetime_value_{days}d": found[:, place] for place, days in enumerate(LIFETIME_DAYS)}

    def _is_outside(self, matrix: Matrix) -> NDArray[np.bool_]:
        if self.outside is None:
            return np.zeros(len(matrix), np.bool_)
        return np.asarray(~(matrix[:, self._recency_column] <= self.horizon_days))

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(model_kind(self.kind), self.catalogue, self.typical)

    @cached_property
    def _recency_column(self) -> int:
        return self.feature_names.index(ACTIVITY_RECENCY)

    @cached_property
    def _lifetime_columns(self) -> list[int]:
        return [self.feature_names.index(name) for name in LIFETIME_INPUTS]

    @cached_property
    def _amount_columns(self) -> list[int]:
        return [self.feature_names.index(name) for name in self.amounts.inputs] if self.amounts else []


def _member_dict(member: Member) -> dict[str, Any]:
    return {"name": member.name} | ({} if isinstance(member, TreeMember) else {"table": member.to_dict()})


def _read_amounts(data: Mapping[str, Any]) -> AmountModel | CappedAmounts:
    return CappedAmounts.from_dict(data) if "ceiling" in data else AmountModel.from_dict(data)


def _read_member(data: Mapping[str, Any], files: Mapping[str, bytes]) -> Member:
    name = data["name"]
    if name == "rule":
        return RateTable.from_dict(data["table"])
    if name == "bgnbd":
        return BgNbdMember.from_dict(data["table"])
    if name == "logistic":
        return LinearMember.from_dict(data["table"])
    return TreeMember.from_bytes(name, files[f"{name}.json"])
