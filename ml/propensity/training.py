"""From a frame of past cutoffs to a calibrated and tested propensity model.

Belongs here: choosing how a model is made, and judging it out of time. Does not belong here: fitting
(`ml.propensity.fitting`), and learning again from newer days (`ml.propensity.refitting`).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from ml.artifact import Model
from ml.baselines import Baselines, fit_baselines
from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable, NotEnoughData
from ml.evaluation import (
    Evaluation,
    auc,
    brier,
    gain_table,
    judging_fault,
    log_loss,
    reliability_table,
    score_metrics,
)
from ml.kinds import ModelKind, Outcome
from ml.propensity.fitting import Material, Recipe, Rows, fit_model, fit_rungs, votes
from ml.propensity.ladder import RungChoice, choose_rung
from ml.propensity.matrix import Floats
from ml.propensity.model import PropensityModel
from ml.propensity.spec import PropensitySpec
from ml.propensity.stacking import average_stack, cross_fitted_log_odds, fit_stack

WARNING = "warning"
"""The parameter that says in words what is to be known about a model by everyone who reads its answers."""

_FOLDS = 5
_LEAST_WEIGHT = 0.1


@dataclass(frozen=True)
class TrainedPropensity:
    """A model, what one out-of-time test found, and the parameters it was trained with."""

    model: PropensityModel
    evaluation: Evaluation
    parameters: dict[str, Any]


def train_propensity(
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    kind: ModelKind,
    spec: PropensitySpec,
    *,
    seed: int,
) -> TrainedPropensity:
    """Choose the recipe on `plan.train` and `plan.calibration`, make the model of both, and test it on `plan.test`.

    The members of each rung learn from the train cutoffs. The calibration cutoff chooses the rung and the weights. Then
    the members of the chosen rung learn again, from the calibration cutoff too, whose outcomes were known before the
    test cutoff.

    `frame` holds features joined with labels for every day in `plan.all`; other days are ignored. The same
    frame and seed give the same model, whatever the order of the rows. Raises FeatureMismatch for a missing
    column, NotEnoughData where calibration or test hold no labelled user, and NotApplicable where only one outcome ever
    came about. Where the test cutoff cannot judge a model, it is the recency rule, with a warning in the parameters.

    Where the population is the active, everyone else is answered by how often users that inactive became active.
    """
    material = Material.of(frame, catalogue, plan, kind, spec, seed)
    train, calibration, test = (material.rows(*days) for days in (plan.train, (plan.calibration,), (plan.test,)))
    for role, rows, day in (("calibrate", calibration, plan.calibration), ("test", test, plan.test)):
        if not len(rows.labels):
            raise NotEnoughData(f"No user can {role} the {kind.name} model as of {day}; choose another day.")
    outcome = material.outcome
    _demand_both_outcomes(kind, outcome, [rows.labels for rows in (train, calibration, test)])
    fault = judging_fault(test.labels, outcome.label)
    losses: dict[str, float] = {}
    if fault:
        # Nothing could tell whether more than the recency rule is any better.
        recipe = Recipe("rule", f"no model could be judged: {fault}", ("rule",), average_stack(1))
    else:
        recipe, losses = _choose(material, train, calibration)
    model = fit_model(material, recipe, *plan.train, plan.calibration)
    known = train if len(train.labels) else calibration
    with threadpool_limits(limits=1):
        baselines = fit_baselines(known.frame, known.labels, outcome.recency)
    evaluation = evaluate(model, test.frame, test.labels, baselines)
    parameters = {
        "seed": seed,
        "rung": recipe.rung,
        "rung_reason": recipe.reason,
        "members": {member.name: weight for member, weight in zip(model.members, model.stack.weights, strict=True)},
        "intercept": model.stack.intercept,
        "train_cutoffs": len(plan.train),
        "train_rows": len(train.labels),
        "train_positives": int(train.labels.sum()),
        "calibration_log_loss": losses,
        "boosted": asdict(spec.boosted),
        "linear_shrinkage": spec.linear_shrinkage,
    }
    if fault:
        parameters[WARNING] = f"not judged: {fault}"
    return TrainedPropensity(model, evaluation, parameters)


def evaluate(model: Model, rows: pl.DataFrame, labels: Floats, baselines: Baselines) -> Evaluation:
    """Measure `model` and the baselines on the same labelled rows."""
    probability = model.predict(rows)["score"].to_numpy()
    scores = baselines.score(rows)
    metrics = score_metrics(labels, probability) | {
        "rows": float(len(labels)),
        "positives": float(labels.sum()),
        "recency_auc": auc(labels, scores["recency"].to_numpy()),
    }
    for name, column in (("recency", "rule"), ("rfm_logistic", "rfm_logistic")):
        values = scores[column].to_numpy()
        metrics[f"{name}_brier"] = brier(labels, values)
        metrics[f"{name}_log_loss"] = log_loss(labels, values)
    metrics["rfm_logistic_auc"] = auc(labels, scores["rfm_logistic"].to_numpy())
    predictions = rows.select("user_id", "as_of").with_columns(
        pl.Series("label", labels), pl.Series("probability", probability), *scores.get_columns()
    )
    return Evaluation(metrics, reliability_table(labels, probability), gain_table(labels, probability), predictions)


def _demand_both_outcomes(kind: ModelKind, outcome: Outcome, parts: list[Floats]) -> None:
    labels = np.concatenate(parts)
    if labels.min() == labels.max():
        raise NotApplicable(
            f"The {kind.name} model is not applicable: {outcome.label} is {'true' if labels.any() else 'false'} for"
            f" everyone at every cutoff, so there is nothing to tell apart; choose another day or horizon."
        )


def _choose(material: Material, train: Rows, calibration: Rows) -> tuple[Recipe, dict[str, float]]:
    """The recipe that the calibration cutoff speaks for, and each rung's log loss there."""
    labels = calibration.labels
    with threadpool_limits(limits=1):
        if not len(train.labels):
            # The rule is fitted on the calibration cutoff itself, so there is nothing left to choose or weigh with.
            rule = fit_rungs(material, calibration, material.plan.calibration, ["rule"])["rule"]
            choice = choose_rung({"rule": rule[0].log_odds(calibration.matrix)}, labels)
            return Recipe("rule", choice.reason, ("rule",), average_stack(1)), choice.losses
        rungs = fit_rungs(material, train, material.plan.train[-1])
        said = {rung: votes(members, calibration.matrix) for rung, members in rungs.items()}
        fold = np.random.default_rng(material.seed).permutation(len(labels)) % _FOLDS
        choice = choose_rung(
            {rung: cross_fitted_log_odds(values, labels, fold) for rung, values in said.items()}, labels
        )
        return _weighed(choice, [m.name for m in rungs[choice.rung]], said[choice.rung], labels), choice.losses


def _weighed(choice: RungChoice, names: list[str], said: Floats, labels: Floats) -> Recipe:
    """The recipe of a rung without members that hardly count: they would only make every answer slower to explain."""
    stack = fit_stack(said, labels)
    kept = np.flatnonzero(np.array(stack.weights) >= _LEAST_WEIGHT * max(stack.weights))
    if len(kept) < len(names):
        stack = fit_stack(said[:, kept], labels)
    return Recipe(choice.rung, choice.reason, tuple(names[place] for place in kept), stack)
