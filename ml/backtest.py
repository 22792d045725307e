"""Backtests: the models that would have been trained then, judged by what happened next, over several past days.

Belongs here: from folds to one frame of predictions, the model's beside those of its contenders on the same rows.
Does not belong here: which days (`ml.cutoffs`), what the predictions are worth (`ml.backtest_report`).

    plans = plan_backtest(as_of, 30, first_event)
    predictions = backtest("purchase", frame, catalogue, plans, contenders={"xgboost": scores_of_xgboost})
    report = backtest_report(predictions)
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from ml import churn, purchase
from ml.baselines import fit_baselines
from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable, NotEnoughData
from ml.propensity.model import PropensityModel
from ml.propensity.spec import PropensitySpec
from ml.propensity.training import TrainedPropensity, evaluate
from ml.purchase import train_purchase
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

_MODELS: dict[str, tuple[PropensitySpec, Callable[..., TrainedPropensity]]] = {
    "purchase": (purchase.SPEC, train_purchase),
    "churn": (churn.SPEC, train_churn),
}


def backtest(
    kind: str,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plans: Sequence[CutoffPlan],
    *,
    contenders: Mapping[str, Scorer] | None = None,
    newest: PropensityModel | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Train `kind` (purchase or churn) for each plan and predict its test rows: one row a user and test cutoff.

    `frame` holds features joined with labels for every day in `cutoff_days(plans)`. `newest` is the model already
    trained for the newest plan, which is then not trained again.

    Returns user_id, as_of, label, the slices (`ml.slices`), and a column a contender: `model`, `recency` (which only
    ranks, it is no probability), `rfm_logistic`, then those of `contenders` by name. An older fold that has nobody to
    calibrate or test on is left out; for the newest that raises what training raises.
    """
    plans = sorted(plans, key=lambda plan: plan.test)
    if newest is not None and newest.cutoffs != plans[-1].to_dict():
        raise ValueError(f"the model was not trained for {plans[-1].as_of}, but for {newest.cutoffs['as_of']}")
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
    spec, _ = _MODELS[kind]
    return pl.concat(
        [
            predictions.with_columns(*_contenders(spec, frame, catalogue, plan, contenders or {}))
            for plan, predictions in folds
        ]
    )


def _fold(
    kind: str,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    trained: PropensityModel | None,
    seed: int,
) -> pl.DataFrame:
    spec, train = _MODELS[kind]
    test = _labelled(frame, spec.label, [plan.test])
    if trained is None:
        predictions = train(frame, catalogue, plan, seed=seed).evaluation.test_predictions
    else:
        known = _labelled(frame, spec.label, plan.train or [plan.calibration])
        baselines = fit_baselines(known, known["label"].to_numpy(), spec.recency)
        predictions = evaluate(trained, test, test["label"].to_numpy(), baselines).test_predictions
    return predictions.select(
        *KEYS,
        *slice_users(test).select(SLICES),
        pl.col("probability").alias(MODEL),
        "recency",
        "rfm_logistic",
    )


def _contenders(
    spec: PropensitySpec,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    contenders: Mapping[str, Scorer],
) -> list[pl.Series]:
    """What each contender says of the rows of a fold, which stand as `_labelled` orders them."""
    if not contenders:
        return []
    features = ["user_id", "as_of", *(name for name in catalogue.names if name in frame.columns)]
    learn = _labelled(frame, spec.label, [*plan.train, plan.calibration]).select(*features, "label")
    asked = _labelled(frame, spec.label, [plan.test]).select(features)
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
