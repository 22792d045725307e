"""The models compared with what a user would use instead: same users, same days, same features, out of time.

The test cutoffs are one horizon apart. For each, every contender learns from the days that the plan of this fold
allows, including its calibration cutoff, and answers about the test cutoff. The results are pooled over the cutoffs,
with 95 % intervals from resamples of users. A difference is the model's advantage; it is significant if its interval is
above zero.

    python -m benchmarks.models                                          CDNOW
    python -m benchmarks.models --retail FILE                            and Online Retail II
    python -m benchmarks.models --retail FILE --no-cdnow --automl-seconds 0    the latter alone, without FLAML
"""

import argparse
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import polars as pl
from flaml import AutoML
from rich.table import Table
from scipy.special import expit
from xgboost import XGBClassifier

from benchmarks.marts import build_marts, imported_warehouse
from benchmarks.reference import Reference
from cli.console import make_console
from dbt_project import CATALOGUE
from ingestion.cdnow import write_cdnow
from ml import churn, purchase
from ml.backtest import MODEL, Scorer, backtest
from ml.backtest_report import BacktestReport, backtest_report
from ml.baselines import fit_baselines
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.cutoffs import CutoffPlan, cutoff_days, plan_backtest
from ml.evaluation import Floats
from ml.kinds import CHURN, PURCHASE, ModelKind, outcome_of
from ml.propensity.bgnbd import fit_bgnbd_member
from ml.propensity.matrix import feature_matrix
from ml.propensity.spec import PropensitySpec
from ml.segmentation import train_segmentation
from warehouse.events import event_range
from warehouse.marts import Marts

HORIZON_DAYS = 30
AUTOML_SECONDS = 30.0
SPECS = {PURCHASE: purchase.SPEC, CHURN: churn.SPEC}
RETAIL_COLUMNS = {"order_id": "properties.invoice"}

_CONTENDERS = {
    MODEL: "Customer Analyzer",
    "recency": "recency alone",
    "rfm": "RFM + logistic regression",
    "bgnbd": "BG/NBD",
    "xgboost": "XGBoost, default",
    "automl": "FLAML",
    "reference": "the reference",
}


def main() -> None:
    """Backtests and prints a table and a line on training time for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retail", type=Path, help="Online Retail II as a Parquet file of events")
    parser.add_argument("--folds", type=int, default=5, help="test cutoffs (default: 5)")
    parser.add_argument("--automl-seconds", type=float, default=AUTOML_SECONDS, help="FLAML's for one fit; 0: no FLAML")
    parser.add_argument("--no-cdnow", action="store_true", help="leave CDNOW out")
    given = parser.parse_args()
    if not given.no_cdnow:
        with TemporaryDirectory(prefix="cdnow-") as scratch:
            cdnow = Path(scratch) / "cdnow.parquet"
            write_cdnow(cdnow)
            compare("CDNOW", cdnow, {}, given.folds, given.automl_seconds)
    if given.retail is not None:
        compare("Online Retail II", given.retail, RETAIL_COLUMNS, given.folds, given.automl_seconds)


def compare(name: str, events: Path, mapping: Mapping[str, str], folds: int, automl_seconds: float) -> None:
    """Backtests both models on one file of events and prints the results."""
    with imported_warehouse([events], mapping) as warehouse:
        known = event_range(warehouse)
        as_of = known.last + timedelta(days=1)
        plans = plan_backtest(as_of, HORIZON_DAYS, known.first, known.last, folds=folds)
        days = cutoff_days(plans)
        build_marts(days, HORIZON_DAYS)
        frame = Marts(warehouse).training_frame(days, HORIZON_DAYS)
        reference = Reference(warehouse, HORIZON_DAYS)
    catalogue = read_catalogue(CATALOGUE)
    table = Table(title=f"{name}, {HORIZON_DAYS} days ahead, as of {', '.join(str(plan.test) for plan in plans)}")
    for heading in (
        "model",
        "contender",
        "AUC",
        "advantage",
        "Brier",
        "advantage",
        "calibration error",
        "lift at 10 %",
    ):
        table.add_column(heading, justify="left" if heading in {"model", "contender"} else "right")
    seconds = training_seconds(frame, catalogue, plans)
    for kind, spec in SPECS.items():
        contenders = contenders_of(kind, spec, catalogue, frame, automl_seconds)
        contenders["reference"] = partial(reference.scores, kind)
        report = backtest_report(backtest(kind, frame, catalogue, plans, contenders=contenders))
        for row in lines(kind.name, report):
            table.add_row(*row)
    console = make_console()
    console.print(table)
    console.print(
        f"Training the three models and backtesting two of them over {len(plans)} cutoffs took {seconds:.0f} s of "
        f"processor time; FLAML was given {automl_seconds:.0f} s for each of {len(SPECS) * len(plans)} fits."
    )


def training_seconds(frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: Sequence[CutoffPlan]) -> float:
    """The processor time that one retrain spends on learning, whatever else the machine does.

    The newest fold of the backtest is the model itself.
    """
    newest = plans[-1].test
    started = time.process_time()
    train_segmentation(frame.filter(pl.col("as_of") == newest), catalogue, newest)
    for kind in SPECS:
        backtest_report(backtest(kind, frame, catalogue, plans))
    return time.process_time() - started


def contenders_of(
    kind: ModelKind, spec: PropensitySpec, catalogue: FeatureCatalogue, frame: pl.DataFrame, automl_seconds: float
) -> dict[str, Scorer]:
    """What a user would use instead, each as its documentation recommends."""
    names = [feature.name for feature in catalogue.for_model(kind.feature_role)]
    contenders: dict[str, Scorer] = {
        "rfm": partial(_rfm, outcome_of(kind).recency),
        "bgnbd": partial(_bgnbd, kind, spec, frame),
        "xgboost": partial(_xgboost, names),
    }
    if automl_seconds > 0:
        contenders["automl"] = partial(_automl, names, automl_seconds)
    return contenders


def lines(kind: str, report: BacktestReport) -> list[tuple[str, ...]]:
    """One line for each contender, pooled over the cutoffs."""
    pooled = pl.col("scope") == "pooled"
    figures = {(row["contender"], row["figure"]): row for row in report.figures.filter(pooled).to_dicts()}
    gains = {(row["contender"], row["figure"]): row for row in report.differences.filter(pooled).to_dicts()}
    found = []
    for contender, words in _CONTENDERS.items():
        if (contender, "auc") not in figures:
            continue
        auc, brier, error, lift = (
            _number(figures.get((contender, figure)), places)
            for figure, places in (("auc", 4), ("brier", 4), ("calibration_error", 3), ("lift_at_10", 2))
        )
        auc_gain, brier_gain = (
            _advantage(gains.get((contender, figure)), sign) for figure, sign in (("auc", 1), ("brier", -1))
        )
        found.append((kind, words, auc, auc_gain, brier, brier_gain, error, lift))
    return found


def _number(row: Mapping[str, float | None] | None, places: int) -> str:
    value = None if row is None else row["estimate"]
    return "" if value is None else f"{value:.{places}f}"


def _advantage(row: Mapping[str, float | None] | None, sign: int) -> str:
    """The difference in the direction that favours the model, with its interval."""
    if row is None or row["estimate"] is None or row["low"] is None or row["high"] is None:
        return ""
    low, high = sorted((sign * row["low"], sign * row["high"]))
    return f"{sign * row['estimate']:+.4f} [{low:+.4f}, {high:+.4f}]"


def _rfm(recency: str, learn: pl.DataFrame, asked: pl.DataFrame) -> Floats:
    return fit_baselines(learn, learn["label"].to_numpy(), recency).score(asked)["rfm_logistic"].to_numpy()


def _bgnbd(
    kind: ModelKind, spec: PropensitySpec, frame: pl.DataFrame, learn: pl.DataFrame, asked: pl.DataFrame
) -> Floats:
    """Fitted on everyone's history as of the newest allowed day; it needs no labels."""
    newest = feature_matrix(frame.filter(pl.col("as_of") == learn["as_of"].max()), spec.visits)
    rows = feature_matrix(learn, spec.visits)
    member = fit_bgnbd_member(
        newest,
        rows,
        learn["label"].to_numpy(),
        (0, 1, 2),
        horizon_days=HORIZON_DAYS,
        is_silence=not outcome_of(kind).is_wanted,
    )
    return np.asarray(expit(member.log_odds(feature_matrix(asked, spec.visits))), np.float64)


def _xgboost(names: Sequence[str], learn: pl.DataFrame, asked: pl.DataFrame) -> Floats:
    model = XGBClassifier(n_jobs=1, random_state=0)
    model.fit(feature_matrix(learn, names), learn["label"].to_numpy())
    return np.asarray(model.predict_proba(feature_matrix(asked, names))[:, 1], np.float64)


def _automl(names: Sequence[str], seconds: float, learn: pl.DataFrame, asked: pl.DataFrame) -> Floats:
    """FLAML gets pandas frames, because it fills missing values only in those."""
    model = AutoML()
    settings = {"task": "classification", "time_budget": seconds, "n_jobs": 1, "seed": 0, "verbose": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(_pandas(names, learn), learn["label"].to_pandas().astype(int), **settings)
        return np.asarray(model.predict_proba(_pandas(names, asked))[:, 1], np.float64)


def _pandas(names: Sequence[str], frame: pl.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(feature_matrix(frame, names), columns=list(names))


if __name__ == "__main__":
    main()
