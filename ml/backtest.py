"""Backtests: the models that would have been trained then, judged by what happened next, over several past days.

Belongs here: from folds to one frame of predictions, the model's beside those of its contenders on the same rows.
Does not belong here: which days (`ml.cutoffs`), what the predictions are worth (`ml.backtest_report`).

    plans = plan_backtest(as_of, 30, first_event)
    predictions = backtest(PURCHASE, frame, catalogue, plans, contenders={"xgboost": scores_of_xgboost})
    report = backtest_report(predictions)
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from ml.artifact import Model
from ml.baselines import fit_baselines
from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable, NotEnoughData
from ml.kinds import ModelKind, Outcome, outcome_of
from ml.propensity.training import evaluate
from ml.slices import SLICES, slice_users

Scorer = Callable[[pl.DataFrame, pl.DataFrame], ArrayLike]
"""A contender: `(learn, asked) -> one probability for each row of asked`.

`learn` holds what the model learns from, its train and its calibration cutoffs: user_id, as_of, every feature of the
catalogue that the frame has, and `label` (1.0 or 0.0), ordered by as_of and user. `asked` holds the same columns of the
test cutoff without the label, so that no contender can look. A contender is fitted anew for every fold, one at a time:
not every library bears company.
"""

_FOLDS_AT_ONCE = 2
"""Each holds a copy of its rows, so memory, not cores, sets the number."""

KEYS = ("user_id", "as_of", "label")
MODEL = "model"


def backtest(
    kind: ModelKind,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plans: Sequence[CutoffPlan],
    *,
    contenders: Mapping[str, Scorer] | None = None,
    newest: Model | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Train `kind` for each plan and predict its test rows: one row a user and test cutoff.

    `frame` holds features joined with labels for every day in `cutoff_days(plans)`. `newest` is the model already
    trained for the newest plan, which is then not trained again.

    Returns user_id, as_of, label, the slices (`ml.slices`), and a column a contender: `model`, `recency` (which only
    ranks, it is no probability), `rfm_logistic`, then those of `contenders` by name. An older fold that has nobody to
    calibrate or test on is left out; for the newest that raises what training raises.
    """
    plans = sorted(plans, key=lambda plan: plan.test)
    # Threads, because nearly all of a fold is spent in libraries that let others run. The limit on those libraries' own
    # threads is one for the process, so it has to outlast every fold.
    with threadpool_limits(limits=1), ThreadPoolExecutor(_FOLDS_AT_ONCE) as pool:
        running = [
            pool.submit(_fold, kind, frame, catalogue, plan, trained, seed)
            for plan, trained in zip(plans, [*[None] * (len(plans) - 1), newest], strict=True)
        ]
    folds = [
        (plan, fold.result())
        for plan, fold in zip(plans, running, strict=True)
        if plan is plans[-1] or not isinstance(fold.exception(), (NotApplicable, NotEnoughData))
    ]
    outcome = outcome_of(kind)
    return pl.concat(
        [
            predictions.with_columns(*_contenders(outcome, frame, catalogue, plan, contenders or {}))
            for plan, predictions in folds
        ]
    )


def _fold(
    kind: ModelKind,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    trained: Model | None,
    seed: int,
) -> pl.DataFrame:
    outcome = outcome_of(kind)
    test = _labelled(frame, outcome.label, [plan.test])
    if trained is None:
        trained_then = kind.load_trainer()(frame, catalogue, plan, seed=seed)
        predictions: pl.DataFrame = trained_then.evaluation.test_predictions
    else:
        known = _labelled(frame, outcome.label, plan.train or [plan.calibration])
        baselines = fit_baselines(known, known["label"].to_numpy(), outcome.recency)
        predictions = evaluate(trained, test, test["label"].to_numpy(), baselines).test_predictions
    return predictions.select(
        *KEYS,
        *slice_users(test).select(SLICES),
        pl.col("probability").alias(MODEL),
        "recency",
        "rfm_logistic",
    )


def _contenders(
    outcome: Outcome,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    contenders: Mapping[str, Scorer],
) -> list[pl.Series]:
    """What each contender says of the rows of a fold, which stand as `_labelled` orders them."""
    if not contenders:
        return []
    features = ["user_id", "as_of", *(name for name in catalogue.names if name in frame.columns)]
    learn = _labelled(frame, outcome.label, [*plan.train, plan.calibration]).select(*features, "label")
    asked = _labelled(frame, outcome.label, [plan.test]).select(features)
    return [
        pl.Series(name, _probabilities(name, scorer(learn, asked), asked.height)) for name, scorer in contenders.items()
    ]


def _labelled(frame: pl.DataFrame, label: str, days: Sequence[date]) -> pl.DataFrame:
    """The rows of some days that have a label, which becomes the number `label`, in a fixed order."""
    rows = frame.filter(pl.col("as_of").is_in(days) & pl.col(label).is_not_null())
    return rows.with_columns(label=pl.col(label).cast(pl.Float64)).sort("as_of", "user_id")


def _probabilities(name: str, scores: ArrayLike, rows: int) -> np.ndarray:
    """The scores of a contender, refused where they are not one probability a row."""
    values = np.asarray(scores, np.float64)
    if values.shape != (rows,) or not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"{name} must give one probability from 0 to 1 for each of the {rows} rows")
    return values
