"""A model with the level of the newest outcomes, and the ranking that it had.

How many users act changes with the season, and who is likelier to act hardly does. So a level can be learned anew from
the newest outcomes alone, without training.

Belongs here: the new level, and what speaks for it. Does not belong here: whether it is let through
(`ml.gate.levels`), and how it is registered (`orchestration.levelling`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.special import expit

from ml.kinds import model_kind, outcome_of
from ml.propensity.amount import AMOUNT_LABEL, AmountModel, amount_level
from ml.propensity.matrix import Floats, feature_matrix
from ml.propensity.model import PropensityModel
from ml.propensity.refitting import log_odds
from ml.propensity.stacking import Stack, level_shifts, settled


@dataclass(frozen=True, eq=False)
class NewestOutcomes:
    """Users of the newest cutoff: the log-odds that a model gave them, and what came true (0 or 1)."""

    log_odds: Floats
    label: Floats


@dataclass(frozen=True, eq=False)
class FreshLevel:
    """A model of the same ranking; `shift` was added to its log-odds, and `money` is the factor of its amounts."""

    model: PropensityModel
    shift: float
    money: float
    newest: NewestOutcomes


def fresh_level(model: PropensityModel, rows: pl.DataFrame) -> FreshLevel:
    """Learn the level of `model` anew from `rows`: features and labels of the newest cutoffs whose windows have closed.

    The cutoffs are a horizon apart, and each one counts less than the next, as when a model is trained. Users outside
    the population are answered as before. Raises ValueError where no row has a label.
    """
    label = outcome_of(model_kind(model.kind)).label
    known = rows.filter(pl.col(label).is_not_null())
    days = known["as_of"].unique().sort(descending=True).to_list()
    if not days:
        raise ValueError(f"No row has the label {label}; there is no level to learn.")
    said = [_outcomes(model, known.filter(pl.col("as_of") == day), label) for day in days]
    shift = settled(shifts(said))
    moved = replace(model, stack=replace(model.stack, intercept=round(model.stack.intercept + shift, 10)))
    newest = said[0]
    moved = replace(moved, base_rate=round(float((newest.label.sum() + 0.5) / (len(newest.label) + 1)), 10))
    money = 1.0
    if isinstance(model.amounts, AmountModel):
        money = amount_level(model.amounts, known.filter(pl.col(AMOUNT_LABEL).is_not_null()))
        amounts = replace(model.amounts, scale=model.amounts.scale * money, overall=model.amounts.overall * money)
        moved = replace(moved, amounts=amounts)
    return FreshLevel(moved, shift, money, newest)


def shifts(said: Sequence[NewestOutcomes]) -> list[float]:
    """What some cutoffs would add to the log-odds they were given, each held back as in training."""
    return level_shifts(Stack((1.0,), 0.0), [(each.log_odds[:, None], each.label) for each in said])


def expected(outcomes: NewestOutcomes, shift: float = 0.0) -> Floats:
    """The probability of each user, with the level moved by `shift`."""
    return np.asarray(expit(outcomes.log_odds + shift), np.float64)


def _outcomes(model: PropensityModel, rows: pl.DataFrame, label: str) -> NewestOutcomes:
    matrix = feature_matrix(rows, model.feature_names)
    return NewestOutcomes(log_odds(model, matrix), rows[label].cast(pl.Float64).to_numpy())
