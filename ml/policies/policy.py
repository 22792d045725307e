"""A policy: whom to treat, and with what, by learned effects and within a budget.

Belongs here: what a policy chooses, the constant choices beside it, and its JSON. Does not: learning and judging it
(`ml.policies.learning`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from ml.policies.decisions import purchase_value
from ml.propensity.matrix import Floats, Matrix, feature_matrix
from ml.uplift.calibration import Line
from ml.uplift.learners import EffectModel, Integers


@dataclass(frozen=True)
class Terms:
    """What a policy is for: purchases within `window_days`, messages at a cost, for at most a share of users."""

    window_days: int
    cost_per_contact: float
    budget_share: float


@dataclass(frozen=True, eq=False)
class Policy:
    """Whom to treat: those whose effect times value exceeds the cost, the highest first, as far as the budget goes.

    `typical_purchase` is the money that `ml.policies.decisions.purchase_value` expects of users who never bought.
    """

    actions: tuple[str, ...]
    features: tuple[str, ...]
    model: EffectModel
    lines: tuple[Line, ...]
    typical_purchase: float
    terms: Terms

    def effects(self, matrix: Matrix) -> Floats:
        """What each action but 0 adds to the probability of a purchase, calibrated."""
        raw = self.model.effects(matrix)
        return np.stack([line(raw[:, place]) for place, line in enumerate(self.lines)], axis=1)

    def worth(self, matrix: Matrix, value: Floats) -> tuple[Integers, Floats]:
        """The best action for each row, and what it is worth in money after its cost."""
        worths = self.effects(matrix) * value[:, None] - self.terms.cost_per_contact
        best = worths.argmax(axis=1)
        return np.asarray(best + 1, np.int64), np.asarray(worths[np.arange(len(best)), best], np.float64)

    def probabilities(self, matrix: Matrix, value: Floats) -> Floats:
        """The probability (0 or 1) of each action for each of these rows, among which the budget is spent."""
        action, worth = self.worth(matrix, value)
        return chosen(action, worth, self.terms.budget_share, len(self.actions))

    def user_effects(self, snapshot: pl.DataFrame) -> pl.DataFrame:
        """For each user of a snapshot of features: user_id, the best action, its effect, and what it is worth."""
        matrix = feature_matrix(snapshot, self.features)
        value = purchase_value(snapshot, self.typical_purchase)
        action, worth = self.worth(matrix, value)
        effect = self.effects(matrix)[np.arange(len(action)), action - 1]
        names = pl.Series([self.actions[each] for each in action], dtype=pl.String)
        return snapshot.select("user_id").with_columns(action=names, effect=pl.Series(effect), worth=pl.Series(worth))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "actions": list(self.actions),
            "features": list(self.features),
            "model": self.model.to_dict(),
            "lines": [asdict(line) for line in self.lines],
            "typical_purchase": self.typical_purchase,
            "terms": asdict(self.terms),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            tuple(data["actions"]),
            tuple(data["features"]),
            EffectModel.from_dict(data["model"]),
            tuple(Line(**line) for line in data["lines"]),
            float(data["typical_purchase"]),
            Terms(**data["terms"]),
        )


def chosen(action: Integers, worth: Floats, budget_share: float, actions: int) -> Floats:
    """Certain choices: its action for each row whose worth is above 0, the best ones first, within the budget."""
    allowed = int(budget_share * len(worth) + 1e-9)
    treated = np.argsort(-worth, kind="stable")[:allowed]
    treated = treated[worth[treated] > 0]
    probabilities = np.zeros((len(worth), actions))
    probabilities[:, 0] = 1.0
    probabilities[treated, 0] = 0.0
    probabilities[treated, action[treated]] = 1.0
    return probabilities


def constants(actions: tuple[str, ...], rows: int, budget_share: float) -> dict[str, Floats]:
    """The choices that look at nobody: nothing, and each action for all, or by chance as the budget allows."""
    found = {}
    for number, name in enumerate(actions):
        probabilities = np.zeros((rows, len(actions)))
        probabilities[:, 0] = 1.0 if number == 0 else 1 - budget_share
        probabilities[:, number] += 0.0 if number == 0 else budget_share
        found[name if number == 0 or budget_share == 1 else f"{name} for {budget_share:.0%} by chance"] = probabilities
    return found
