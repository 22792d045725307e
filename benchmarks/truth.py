"""How far are the probabilities from the truth? Only a simulated shop has a known truth, so everything is synthetic.

A simulated shop is imported into a home of its own, the marts are built, and both models are backtested over test
cutoffs one horizon apart. Each test row is then compared with the true probability of that user and day. On the same
rows, the table shows two oracles that know every user's habits. One also knows who has left for good. The other only
observes how long users have been silent, which is the most that any data could show.

    python -m benchmarks.truth
    python -m benchmarks.truth --users 4000 --days 240
"""

import argparse
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from rich.table import Table

from benchmarks.marts import build_marts, imported_warehouse
from cli.console import make_console
from dbt_project import CATALOGUE
from ml.backtest import MODEL, backtest
from ml.catalogue import read_catalogue
from ml.cutoffs import cutoff_days, plan_backtest
from ml.evaluation import auc, calibration_error, calibration_noise, log_loss
from ml.kinds import CHURN, PURCHASE
from simulator import Population, draw_population, presence_given_history, simulate, truth, write
from warehouse.events import event_range
from warehouse.marts import Marts

HORIZON_DAYS = 30
KINDS = (PURCHASE, CHURN)
_CONTENDERS = {
    "true": "oracle: habits, and who has left",
    "seen": "oracle: habits, and the silence seen",
    MODEL: "Customer Analyzer",
    "rfm_logistic": "RFM + logistic regression",
}


def main() -> None:
    """Simulates, backtests, and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folds", type=int, default=4, help="test cutoffs (default: 4)")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="truth-") as scratch:
        events = Path(scratch) / "events.parquet"
        write(simulate(given.users, given.days, given.seed), events)
        with imported_warehouse([events], {}) as warehouse:
            known = event_range(warehouse)
            plans = plan_backtest(known.last + timedelta(days=1), HORIZON_DAYS, known.first, folds=given.folds)
            days = cutoff_days(plans)
            build_marts(days, HORIZON_DAYS)
            frame = Marts(warehouse).training_frame(days, HORIZON_DAYS)
        history = pl.read_parquet(events, columns=["user_id", "event_type", "occurred_at"])
    population = draw_population(given.users, given.days, given.seed)
    catalogue = read_catalogue(CATALOGUE)
    table = Table(
        title=f"A synthetic shop: {given.users:,} users, {given.days} days, {HORIZON_DAYS} days ahead, "
        f"as of {', '.join(str(plan.test) for plan in plans)}"
    )
    headings = (
        "AUC",
        "log loss",
        "regret: who left",
        "regret: silence",
        "error: truth",
        "worst day",
        "error: labels",
        "by chance",
    )
    for heading in ("model", "contender", "rows", *headings):
        table.add_column(heading, justify="left" if heading in {"model", "contender"} else "right")
    for kind in KINDS:
        predictions = backtest(kind, frame, catalogue, plans)
        for row in lines(kind.name, with_truth(kind.name, predictions, population, history)):
            table.add_row(*row)
    make_console().print(table)


def with_truth(kind: str, predictions: pl.DataFrame, population: Population, history: pl.DataFrame) -> pl.DataFrame:
    """The predictions with the probabilities of the two oracles, `true` and `seen`."""
    truths = []
    for as_of in predictions["as_of"].unique().sort():
        full = truth(population, as_of, HORIZON_DAYS)
        partial = truth(population, as_of, HORIZON_DAYS, presence=presence_given_history(population, history, as_of))
        probability = f"{kind}_probability"
        truths.append(full.select("user_id", "as_of", true=probability).with_columns(seen=partial[probability]))
    return predictions.join(pl.concat(truths), on=["user_id", "as_of"], how="inner", validate="1:1")


def lines(kind: str, rows: pl.DataFrame) -> list[tuple[str, ...]]:
    """One line for each contender. Regret is the expected log loss minus that of an oracle.

    Calibration error is the mean gap, over bins of equal size, between the scores and the true probabilities, or
    between the scores and the labels. Part of the latter is chance. The worst day is the test cutoff with the largest
    gap to the truth.
    """
    labels, full, partial = (rows[name].to_numpy() for name in ("label", "true", "seen"))
    made = []
    for name, words in _CONTENDERS.items():
        score = rows[name].to_numpy()
        figures = (
            auc(labels, score),
            log_loss(labels, score),
            log_loss(full, score) - log_loss(full, full),
            # The first oracle knows more than the second, so it has no regret against it.
            None if name == "true" else log_loss(partial, score) - log_loss(partial, partial),
            calibration_error(full, score),
            max(calibration_error(day["true"], day[name]) for day in rows.partition_by("as_of")),
            calibration_error(labels, score),
            calibration_noise(score),
        )
        shown = ("" if figure is None else f"{figure:.4f}" for figure in figures)
        made.append((kind, words, f"{rows.height:,}", *shown))
    return made


if __name__ == "__main__":
    main()
