"""From labelled rows to the members of a rung, and from a rung's members to a model.

Belongs here: what is fitted once it is known on which rows. Does not belong here: which rows a model learns from, which
rung it stands on and how it is judged (`ml.propensity.training`, `ml.propensity.refitting`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.kinds import Answer, ModelKind, Outcome, Population, outcome_of
from ml.propensity.amount import AMOUNT_LABEL, amount_inputs, fit_amounts
from ml.propensity.bgnbd import BgNbdMember, fit_bgnbd_member
from ml.propensity.days import as_of_newest_day, with_day
from ml.propensity.golden import golden_rows, medians
from ml.propensity.ladder import RUNGS
from ml.propensity.level import LevelRange
from ml.propensity.lifetime import LIFETIME_INPUTS, LifetimeModel, PastBuyers, fit_lifetime
from ml.propensity.linear import fit_linear
from ml.propensity.matrix import Floats, Matrix, feature_matrix, require_columns
from ml.propensity.model import Member, PropensityModel
from ml.propensity.spec import ACTIVITY_LABEL, ACTIVITY_RECENCY, PropensitySpec
from ml.propensity.stacking import Stack, level_shifts, level_spread, settle_level
from ml.propensity.table import RateTable, fit_rate_table
from ml.propensity.trees import TreeMember, fit_trees, quantile_matrix, steady_directions

_MOST_ROWS = 100_000
_LEAST_L2 = 10.0
_AMOUNT_COLUMNS = ("as_of", "has_purchased", AMOUNT_LABEL)
_ENOUGH_FOR_LINEAR = 10
_ENOUGH_FOR_TREES = 40
"""Rows to learn from that each outcome needs before a rung is worth fitting."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled users of some cutoffs, in a fixed order."""

    frame: pl.DataFrame
    matrix: Matrix
    labels: Floats


@dataclass(frozen=True)
class Recipe:
    """How a model was chosen to be made. It is kept when the model learns from newer rows.

    `members` are the names of those that count, and `stack` is how they are put together.
    """

    rung: str
    reason: str
    members: tuple[str, ...]
    stack: Stack


@dataclass(frozen=True, eq=False)
class Material:
    """What one model is made of: features joined with labels, in a fixed order, and how its kind reads them."""

    frame: pl.DataFrame
    catalogue: FeatureCatalogue
    plan: CutoffPlan
    kind: ModelKind
    spec: PropensitySpec
    seed: int

    @classmethod
    def of(
        cls,
        frame: pl.DataFrame,
        catalogue: FeatureCatalogue,
        plan: CutoffPlan,
        kind: ModelKind,
        spec: PropensitySpec,
        seed: int,
    ) -> "Material":
        """The rows of the plan's days with the features of the kind. Raises FeatureMismatch for a missing column."""
        outcome = outcome_of(kind)
        catalogue = catalogue.select([feature.name for feature in catalogue.for_model(kind.feature_role)])
        amounts = ["average_order_amount", AMOUNT_LABEL] if kind.answer is Answer.PROBABILITY_AND_VALUE else []
        outside = [ACTIVITY_RECENCY, ACTIVITY_LABEL] if kind.population is Population.ACTIVE else []
        needed = ["user_id", "as_of", *catalogue.names, outcome.recency, outcome.label, *amounts, *outside]
        require_columns(frame, needed)
        rows = frame.filter(pl.col("as_of").is_in(plan.all)).sort("as_of", "user_id")
        return cls(rows, catalogue, plan, kind, spec, seed)

    @property
    def names(self) -> list[str]:
        """The features, in order."""
        return list(self.catalogue.names)

    @property
    def outcome(self) -> Outcome:
        """What is foretold."""
        return outcome_of(self.kind)

    @property
    def recency(self) -> int:
        """The column of the recency that the rule knows."""
        return self.names.index(self.outcome.recency)

    def rows(self, *days: date) -> Rows:
        """The labelled population of some days."""
        label = self.outcome.label
        rows = self.frame.filter(pl.col("as_of").is_in(days) & pl.col(label).is_not_null())
        return Rows(rows, feature_matrix(rows, self.names), rows[label].cast(pl.Float64).to_numpy())


def fit_rungs(
    material: Material, rows: Rows, newest: date, wanted: Collection[str] = RUNGS
) -> dict[str, tuple[Member, ...]]:
    """The members of each rung wanted that `rows` can carry, by rung. `newest` is the last day of the rows."""
    spec = material.spec
    rungs: dict[str, tuple[Member, ...]] = {"rule": (fit_rate_table(rows.matrix, material.recency, rows.labels),)}
    needs_process = "bgnbd" in wanted or (spec.stacks_bgnbd and "ensemble" in wanted)
    process = (_fit_process(material, rows, newest),) if needs_process else ()
    if process:
        rungs["bgnbd"] = process
    chosen, weights = thin(rows.labels, material.seed)
    matrix, labels = rows.matrix[chosen], rows.labels[chosen]
    rarer = min(labels.sum(), len(labels) - labels.sum())
    if rarer >= _ENOUGH_FOR_LINEAR and not {"logistic", "ensemble"}.isdisjoint(wanted):
        rate = float(np.average(labels, weights=weights))
        l2 = max(_LEAST_L2, spec.linear_shrinkage * rate * (1 - rate) * len(rows.labels))
        linear = fit_linear(matrix, labels, weights, l2=l2)
        rungs["logistic"] = (linear,)
        if rarer >= _ENOUGH_FOR_TREES and "ensemble" in wanted:
            cutoff = rows.frame["as_of"].to_physical().cast(pl.Int64).to_numpy()[chosen]
            directions = steady_directions(matrix, labels, cutoff)
            if spec.trees_know_day:
                matrix, directions = with_day(matrix, cutoff), (*directions, 0)
            data = quantile_matrix(matrix, labels, weights)
            boosted = fit_trees("boosted", data, spec.boosted, directions=directions, seed=material.seed)
            if spec.trees_know_day:
                boosted = TreeMember.from_bytes(boosted.name, as_of_newest_day(boosted.booster))
            rungs["ensemble"] = (boosted, linear, *(process if spec.stacks_bgnbd else ()))
    return rungs


def fit_model(material: Material, recipe: Recipe, *days: date) -> PropensityModel:
    """The model of a recipe that learns from all of `days`, ascending.

    Its members were chosen on some of those days, so they can be fitted on all of them. The newest days set its level,
    the newest of all its base rate.
    """
    rows, newest = material.rows(*days), material.rows(days[-1])
    # One thread: as fast for matrices this narrow, quiet beside other processes, and the same bits everywhere.
    with threadpool_limits(limits=1):
        rungs = fit_rungs(material, rows, days[-1], [recipe.rung])
        members = tuple(member for member in rungs[recipe.rung] if member.name in recipe.members)
        by_day = [each for day in days[::-1] if len((each := material.rows(day)).labels)]
        said = [(votes(members, each.matrix), each.labels) for each in by_day]
        stack = settle_level(recipe.stack, said)
    inputs = amount_inputs(material.names)
    kind, has_amount = material.kind, material.kind.answer is Answer.PROBABILITY_AND_VALUE
    return PropensityModel(
        kind=kind.name,
        horizon_days=material.plan.horizon_days,
        catalogue=material.catalogue,
        rung=recipe.rung,
        rung_reason=recipe.reason,
        members=members,
        stack=stack,
        outside=_fit_outside(material, days) if kind.population is Population.ACTIVE else None,
        amounts=fit_amounts(rows.frame.select(*_AMOUNT_COLUMNS, *inputs)) if has_amount else None,
        lifetime=_fit_lifetime(material, days) if has_amount else None,
        level=LevelRange(level_spread(level_shifts(recipe.stack, said)), _history_days(material, days[-1])),
        base_rate=round(float((newest.labels.sum() + 0.5) / (len(newest.labels) + 1)), 10),
        typical=medians(newest.matrix),
        cutoffs=material.plan.to_dict(),
        golden=golden_rows(material.frame.filter(pl.col("as_of") == days[-1]), material.names),
    )


def votes(members: tuple[Member, ...], matrix: Matrix) -> Floats:
    """What each member says of each row: log-odds, (rows, members)."""
    return np.column_stack([member.log_odds(matrix) for member in members])


def thin(labels: Floats, seed: int) -> tuple[NDArray[np.intp], Floats]:
    """Rows to learn from, and how many rows each stands for.

    Beyond _MOST_ROWS the commoner outcome is sampled and weighted up. What can be learned hangs on the rarer
    outcome, so accuracy stays (CDNOW: AUC within .001 at a third of the rows) while time and memory are bounded.
    """
    weights = np.ones(len(labels))
    if len(labels) <= _MOST_ROWS:
        return np.arange(len(labels)), weights
    rare = 1.0 if labels.mean() <= 0.5 else 0.0
    random = np.random.default_rng(seed)
    parts: list[NDArray[np.intp]] = []
    for outcome, most in ((rare, _MOST_ROWS // 2), (1.0 - rare, None)):
        rows = np.flatnonzero(labels == outcome)
        room = most if most is not None else _MOST_ROWS - len(parts[0])
        if len(rows) > room:
            weights[rows] = len(rows) / room
            rows = random.choice(rows, room, replace=False)
        parts.append(rows)
    chosen = np.sort(np.concatenate(parts))
    return chosen, weights[chosen]


def _fit_process(material: Material, rows: Rows, newest: date) -> BgNbdMember:
    """BG/NBD on everyone's history as of the newest day, which holds all of it."""
    days, first, last = (material.names.index(name) for name in material.spec.visits)
    everyone = feature_matrix(material.frame.filter(pl.col("as_of") == newest), material.names)
    return fit_bgnbd_member(
        everyone,
        rows.matrix,
        rows.labels,
        (days, first, last),
        horizon_days=material.plan.horizon_days,
        is_silence=not material.outcome.is_wanted,
    )


def _fit_lifetime(material: Material, days: tuple[date, ...]) -> LifetimeModel | None:
    """Money over longer than a horizon; None where a feature is missing."""
    if not set(LIFETIME_INPUTS) <= set(material.names):
        return None
    known = material.frame.filter(pl.col(AMOUNT_LABEL).is_not_null())
    past = []
    for day in days:
        rows = known.filter(pl.col("as_of") == day)
        values = feature_matrix(rows, LIFETIME_INPUTS).astype(np.float64)
        past.append(PastBuyers(values[:, :3], values[:, 3], rows[AMOUNT_LABEL].cast(pl.Float64).to_numpy()))
    with threadpool_limits(limits=1):
        return fit_lifetime(past, material.plan.horizon_days)


def _history_days(material: Material, newest: date) -> int:
    """How long somebody has been known at the first day that the model answers about: a horizon after `newest`."""
    _, first_visit, _ = material.spec.visits
    longest = material.frame.filter(pl.col("as_of") == newest)[first_visit].cast(pl.Float64).max()
    return int(cast(float, longest or 0.0)) + material.plan.horizon_days


def _fit_outside(material: Material, days: tuple[date, ...]) -> RateTable:
    """How often users inactive for longer than the horizon become active, or stay inactive, by recency."""
    silent = material.frame.filter(
        pl.col("as_of").is_in(days)
        & (pl.col(ACTIVITY_RECENCY) > material.plan.horizon_days)
        & pl.col(ACTIVITY_LABEL).is_not_null()
    )
    is_active = silent[ACTIVITY_LABEL].cast(pl.Float64).to_numpy()
    labels = is_active if material.outcome.is_wanted else 1.0 - is_active
    return fit_rate_table(feature_matrix(silent, material.names), material.names.index(ACTIVITY_RECENCY), labels)
