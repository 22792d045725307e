"""Blind test: are the scores right about what happened afterwards?

Only events before `--as-of` are imported, into a home of their own, and the whole pipeline runs. The scores are then
compared with the events that were held back, which code that shares nothing with the pipeline reads from the file. On
the same rows the table shows recency alone, and a logistic regression on seven RFM features, fitted on the same
cutoffs.

    python -m benchmarks.blind                                            CDNOW as of 1998-06-01
    python -m benchmarks.blind --data FILE --map order_id=properties.invoice --as-of 2011-06-01
"""

import argparse
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from rich.table import Table

from cli.console import make_console
from cli.run import run_everything
from cli.session import Session, session_of
from core.settings import Settings
from ingestion import import_files, parse_mapping
from ingestion.cdnow import cdnow_file, read_cdnow
from ml.baselines import fit_baselines
from ml.cutoffs import CutoffPlan
from ml.evaluation import auc, lift_at, score_metrics
from ml.kinds import CHURN, PURCHASE, ModelKind, outcome_of
from orchestration.planning import plan_run
from standalone.stack import running_platform
from warehouse.scores import read_scores

DONE_TO_USERS = ("notification_sent", "notification_withheld", "badge", "campaign_received")


def main() -> None:
    """Runs the test and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a Parquet file of events (default: CDNOW)")
    parser.add_argument("--map", action="append", default=[], metavar="COLUMN=SOURCE")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(1998, 6, 1))
    parser.add_argument("--horizon", type=int, default=30)
    given = parser.parse_args()
    events = read_cdnow(cdnow_file()) if given.data is None else pl.read_parquet(given.data)
    day = datetime.combine(given.as_of, time.min, UTC)
    with TemporaryDirectory(prefix="blind-") as scratch:
        known = Path(scratch) / "events.parquet"
        events.filter(pl.col("occurred_at") < day).write_parquet(known)
        with running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform:
            session = session_of(platform)
            import_files(platform.warehouse_url, [known], profile=parse_mapping(given.map))
            run_everything(session, given.as_of, given.horizon, backtest=False)
            plan = plan_run(session.warehouse, given.as_of, given.horizon)
            rows = [row for kind in (PURCHASE, CHURN) for row in judge(session, plan, kind, events)]
    make_console().print(table(given.data, plan, rows))


def judge(session: Session, plan: CutoffPlan, kind: ModelKind, events: pl.DataFrame) -> list[tuple[str, ...]]:
    """One line for each contender: model, contender, users, AUC, Brier, calibration error, lift at 10 %."""
    outcome = outcomes(events, plan, kind.name)
    foretold = outcome_of(kind)
    scores = read_scores(session.warehouse, kind.name, plan.as_of)
    if scores.is_empty():
        return [(kind.name, "not applicable to these events", "", "", "", "", "")]
    rows = outcome.join(scores.select("user_id", "score"), on="user_id", how="left", validate="1:1")
    rows = rows.join(session.marts.snapshot(plan.as_of), on="user_id", how="left", validate="1:1").sort("user_id")
    learned = session.marts.training_frame(plan.train, plan.horizon_days).drop_nulls(foretold.label)
    baselines = fit_baselines(learned, learned[foretold.label].cast(pl.Float64).to_numpy(), foretold.recency).score(
        rows
    )
    labels = rows["happened"].to_numpy().astype(np.float64)
    # Recency ranks users by the days themselves. As a probability, it is the rate of its bin.
    contenders = {
        "recency alone": ("recency", baselines["rule"].to_numpy()),
        "RFM + logistic regression": ("rfm_logistic", baselines["rfm_logistic"].to_numpy()),
        "Customer Analyzer": ("score", rows["score"].to_numpy()),
    }
    ranked = baselines.with_columns(rows["score"])
    lines = []
    for name, (ranking, probability) in contenders.items():
        found = score_metrics(labels, probability)
        rank = ranked[ranking].to_numpy()
        figures = [auc(labels, rank), found["brier"], found["calibration_error"]]
        lift = f"{lift_at(labels, rank):.2f}"
        lines.append((kind.name, name, f"{len(labels):,}", *(f"{figure:.4f}" for figure in figures), lift))
    return lines


def outcomes(events: pl.DataFrame, plan: CutoffPlan, kind: str) -> pl.DataFrame:
    """`user_id` and `happened` for every user of the population, directly from the events."""
    day = datetime.combine(plan.as_of, time.min, UTC)
    horizon = timedelta(days=plan.horizon_days)
    moment = pl.col("occurred_at")
    after = events.filter((moment >= day) & (moment < day + horizon))
    activity = ~pl.col("event_type").is_in(DONE_TO_USERS)
    if kind == "purchase":
        asked, positive = events.filter(moment < day), after.filter(pl.col("event_type") == "purchase")
        happened = pl.col("user_id").is_in(positive["user_id"].implode())
    else:
        asked = events.filter((moment >= day - horizon) & (moment < day) & activity)
        happened = ~pl.col("user_id").is_in(after.filter(activity)["user_id"].implode())
    return asked.select("user_id").unique().with_columns(happened=happened)


def table(data: Path | None, plan: CutoffPlan, rows: list[tuple[str, ...]]) -> Table:
    """The comparison as a table."""
    name = "CDNOW" if data is None else str(data)
    made = Table(title=f"{name}, known before {plan.as_of}, judged by the {plan.horizon_days} days after")
    for heading in ("model", "contender", "users", "AUC", "Brier", "calibration error", "lift at 10 %"):
        made.add_column(heading, justify="left" if heading in {"model", "contender"} else "right")
    for row in rows:
        made.add_row(*row)
    return made


if __name__ == "__main__":
    main()
