"""From a frame of past cutoffs to a trained, calibrated and tested propensity model."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit
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
from ml.kinds import Answer, ModelKind, Outcome, Population, outcome_of
from ml.propensity.amount import AMOUNT_INPUTS, AMOUNT_LABEL, fit_amounts
from ml.propensity.bgnbd import BgNbdMember, fit_bgnbd_member
from ml.propensity.golden import golden_rows, medians
from ml.propensity.ladder import RungChoice, choose_rung
from ml.propensity.linear import fit_linear
from ml.propensity.matrix import Floats, Matrix, feature_matrix, require_columns
from ml.propensity.model import Member, PropensityModel
from ml.propensity.spec import ACTIVITY_LABEL, ACTIVITY_RECENCY, PropensitySpec
from ml.propensity.stacking import Stack, average_stack, cross_fitted_log_odds, fit_stack, settle_level
from ml.propensity.table import RateTable, fit_rate_table
from ml.propensity.trees import fit_trees, quantile_matrix, steady_directions

WARNING = "warning"
"""The parameter that says in words what is to be known about a model by everyone who reads its answers."""

_FOLDS = 5
_MOST_ROWS = 100_000
_LEAST_WEIGHT = 0.1
_LEAST_L2 = 10.0
_LEVEL_CUTOFFS = 3
_ENOUGH_FOR_LINEAR = 10
_ENOUGH_FOR_TREES = 40
"""Train rows that each outcome needs before a rung is worth fitting."""


@dataclass(frozen=True)
class TrainedPropensity:
    """A model, what one out-of-time test found, and the parameters it was trained with."""

    model: PropensityModel
    evaluation: Evaluation
    parameters: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The labelled population of one role, in a fixed order."""

    frame: pl.DataFrame
    matrix: Matrix
    labels: Floats


def train_propensity(
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    kind: ModelKind,
    spec: PropensitySpec,
    *,
    seed: int,
) -> TrainedPropensity:
    """Train on `plan.train`, choose the rung and calibrate on `plan.calibration`, test on `plan.test`.

    `frame` holds features joined with labels for every day in `plan.all`; other days are ignored. The same
    frame and seed give the same model, whatever the order of the rows. Raises FeatureMismatch for a missing
    column, NotEnoughData where calibration or test hold no labelled user, and NotApplicable where only one outcome ever
    came about. Where the test cutoff cannot judge a model, it is the recency rule, with a warning in the parameters.

    Where the population is the active, everyone else is answered by how often users that inactive became active.
    """
    outcome = outcome_of(kind)
    names = [feature.name for feature in catalogue.for_model(kind.feature_role)]
    catalogue = catalogue.select(names)
    has_amount, has_outside = kind.answer is Answer.PROBABILITY_AND_VALUE, kind.population is Population.ACTIVE
    amounts = [*AMOUNT_INPUTS, AMOUNT_LABEL] if has_amount else []
    outside_labels = [ACTIVITY_RECENCY, ACTIVITY_LABEL] if has_outside else []
    require_columns(frame, ["user_id", "as_of", *names, outcome.recency, outcome.label, *amounts, *outside_labels])
    frame = frame.filter(pl.col("as_of").is_in(plan.all)).sort("as_of", "user_id")
    train = _labelled(frame, names, outcome, plan.train)
    calibration = _labelled(frame, names, outcome, (plan.calibration,))
    test = _labelled(frame, names, outcome, (plan.test,))
    for role, rows, day in (("calibrate", calibration, plan.calibration), ("test", test, plan.test)):
        if not len(rows.labels):
            raise NotEnoughData(f"No user can {role} the {kind.name} model as of {day}; choose another day.")

    _demand_both_outcomes(kind, outcome, [rows.labels for rows in (train, calibration, test)])
    fault = judging_fault(test.labels, outcome.label)

    # One thread: as fast for matrices this narrow, quiet beside other processes, and the same bits everywhere.
    with threadpool_limits(limits=1):
        process = _fit_process(frame, train, plan, outcome, spec, names) if len(train.labels) else None
        if fault:
            members, stack, choice = _fit_rule(train, calibration, names.index(outcome.recency), fault)
        else:
            members, stack, choice = _fit(train, calibration, spec, names.index(outcome.recency), process, seed)
        known = train if len(train.labels) else calibration
        baselines = fit_baselines(known.frame, known.labels, outcome.recency)
    log_odds = stack.log_odds(np.column_stack([member.log_odds(calibration.matrix) for member in members]))
    model = PropensityModel(
        kind=kind.name,
        horizon_days=plan.horizon_days,
        catalogue=catalogue,
        rung=choice.rung,
        rung_reason=choice.reason,
        members=members,
        stack=stack,
        outside=_fit_outside(frame, plan, outcome, names) if has_outside else None,
        amounts=fit_amounts(train.frame, calibration.frame, expit(log_odds)) if has_amount else None,
        base_rate=round(float((calibration.labels.sum() + 0.5) / (len(calibration.labels) + 1)), 10),
        typical=medians(calibration.matrix),
        cutoffs=plan.to_dict(),
        golden=golden_rows(frame.filter(pl.col("as_of") == plan.calibration), names),
    )
    evaluation = evaluate(model, test.frame, test.labels, baselines)
    parameters = {
        "seed": seed,
        "rung": choice.rung,
        "rung_reason": choice.reason,
        "members": {m.name: w for m, w in zip(members, stack.weights, strict=True)},
        "intercept": stack.intercept,
        "train_cutoffs": len(plan.train),
        "train_rows": len(train.labels),
        "train_positives": int(train.labels.sum()),
        "calibration_log_loss": choice.losses,
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


def _labelled(frame: pl.DataFrame, names: list[str], outcome: Outcome, days: tuple[Any, ...]) -> _Rows:
    rows = frame.filter(pl.col("as_of").is_in(days) & pl.col(outcome.label).is_not_null())
    return _Rows(rows, feature_matrix(rows, names), rows[outcome.label].cast(pl.Float64).to_numpy())


def _demand_both_outcomes(kind: ModelKind, outcome: Outcome, parts: list[Floats]) -> None:
    labels = np.concatenate(parts)
    if labels.min() == labels.max():
        raise NotApplicable(
            f"The {kind.name} model is not applicable: {outcome.label} is {'true' if labels.any() else 'false'} for"
            f" everyone at every cutoff, so there is nothing to tell apart; choose another day or horizon."
        )


def _fit_rule(
    train: _Rows, calibration: _Rows, recency: int, fault: str
) -> tuple[tuple[Member, ...], Stack, RungChoice]:
    """The recency rule, of every row with a known outcome: nothing could tell whether more is any better."""
    matrix = np.concatenate([train.matrix, calibration.matrix])
    rule = fit_rate_table(matrix, recency, np.concatenate([train.labels, calibration.labels]))
    return (rule,), average_stack(1), RungChoice("rule", f"no model could be judged: {fault}", {})


def _fit(
    train: _Rows, calibration: _Rows, spec: PropensitySpec, recency: int, process: BgNbdMember | None, seed: int
) -> tuple[tuple[Member, ...], Stack, RungChoice]:
    known = train if len(train.labels) else calibration
    rule = fit_rate_table(known.matrix, recency, known.labels)
    rungs: dict[str, tuple[Member, ...]] = {"rule": (rule,)} | ({"bgnbd": (process,)} if process else {})
    chosen, weights = thin(train.labels, seed)
    matrix, labels = train.matrix[chosen], train.labels[chosen]
    rarer = min(labels.sum(), len(labels) - labels.sum())
    if rarer >= _ENOUGH_FOR_LINEAR:
        rate = float(np.average(labels, weights=weights))
        l2 = max(_LEAST_L2, spec.linear_shrinkage * rate * (1 - rate) * len(train.labels))
        linear = fit_linear(matrix, labels, weights, l2=l2)
        rungs["logistic"] = (linear,)
        if rarer >= _ENOUGH_FOR_TREES:
            data = quantile_matrix(matrix, labels, weights)
            cutoff = train.frame["as_of"].to_physical().cast(pl.Int64).to_numpy()[chosen]
            directions = steady_directions(matrix, labels, cutoff)
            boosted = fit_trees("boosted", data, spec.boosted, directions=directions, seed=seed)
            stacked = (process,) if process and spec.stacks_bgnbd else ()
            rungs["ensemble"] = (boosted, linear, *stacked)
    if not len(train.labels):
        # The rule was fitted on the calibration cutoff itself, so there is nothing left to calibrate with.
        return rungs["rule"], average_stack(1), choose_rung({"rule": rule.log_odds(known.matrix)}, known.labels)
    votes = {
        rung: np.column_stack([member.log_odds(calibration.matrix) for member in members])
        for rung, members in rungs.items()
    }
    fold = np.random.default_rng(seed).permutation(len(calibration.labels)) % _FOLDS
    out_of_fold = {rung: cross_fitted_log_odds(values, calibration.labels, fold) for rung, values in votes.items()}
    choice = choose_rung(out_of_fold, calibration.labels)
    members, stack = _pruned(rungs[choice.rung], votes[choice.rung], calibration.labels)
    return members, settle_level(stack, _newest_first(train, members)), choice


def _newest_first(train: _Rows, members: tuple[Member, ...]) -> list[tuple[Floats, Floats]]:
    """What the members say of the newest train cutoffs, and what happened."""
    cutoff = train.frame["as_of"].to_numpy()
    chosen = [cutoff == day for day in np.unique(cutoff)[::-1][:_LEVEL_CUTOFFS]]
    return [
        (np.column_stack([member.log_odds(train.matrix[rows]) for member in members]), train.labels[rows])
        for rows in chosen
    ]


def _pruned(members: tuple[Member, ...], votes: Floats, labels: Floats) -> tuple[tuple[Member, ...], Stack]:
    """The stack without members that hardly count: they would only make every answer slower to explain."""
    stack = fit_stack(votes, labels)
    kept = np.flatnonzero(np.array(stack.weights) >= _LEAST_WEIGHT * max(stack.weights))
    if len(kept) == len(members):
        return members, stack
    return tuple(members[place] for place in kept), fit_stack(votes[:, kept], labels)


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


def _fit_process(
    frame: pl.DataFrame, train: _Rows, plan: CutoffPlan, outcome: Outcome, spec: PropensitySpec, names: list[str]
) -> BgNbdMember:
    """BG/NBD on everyone's history as of the newest train cutoff, which holds all of it."""
    days, first, last = (names.index(name) for name in spec.visits)
    everyone = feature_matrix(frame.filter(pl.col("as_of") == plan.train[-1]), names)
    return fit_bgnbd_member(
        everyone,
        train.matrix,
        train.labels,
        (days, first, last),
        horizon_days=plan.horizon_days,
        is_silence=not outcome.is_wanted,
    )


def _fit_outside(frame: pl.DataFrame, plan: CutoffPlan, outcome: Outcome, names: list[str]) -> RateTable:
    """How often users inactive for longer than the horizon become active, or stay inactive, by recency."""
    days = plan.train or (plan.calibration,)
    silent = frame.filter(
        pl.col("as_of").is_in(days)
        & (pl.col(ACTIVITY_RECENCY) > plan.horizon_days)
        & pl.col(ACTIVITY_LABEL).is_not_null()
    )
    is_active = silent[ACTIVITY_LABEL].cast(pl.Float64).to_numpy()
    labels = is_active if outcome.is_wanted else 1.0 - is_active
    return fit_rate_table(feature_matrix(silent, names), names.index(ACTIVITY_RECENCY), labels)
