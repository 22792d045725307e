"""Levels by month: how many were foretold and how many came, over a whole year of past months.

For each of twelve cutoffs, a horizon apart, the pipeline's two models of that day answer: the one that is judged, which
knows nothing of the newest window, and the one that is deployed, which has learned from it. The table shows what each
foretold beside what came, whether the share that came lies within the 80 % interval, and the money. Then it shows the
mean and the worst error of the months that have a year of events before them, and of the others.

    python -m benchmarks.calibration                                     CDNOW
    python -m benchmarks.calibration --retail FILE                       Online Retail II
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from rich.table import Table

from benchmarks.marts import build_marts, imported_warehouse
from benchmarks.models import HORIZON_DAYS, RETAIL_COLUMNS
from cli.console import make_console
from dbt_project import CATALOGUE
from ingestion.cdnow import write_cdnow
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.errors import MLError
from ml.kinds import CHURN, PURCHASE, ModelKind, outcome_of
from ml.propensity.level import YEAR_DAYS
from warehouse.events import event_range
from warehouse.marts import Marts

MONTHS = 12


@dataclass(frozen=True)
class Month:
    """What was foretold of the users of one cutoff, and what came. Shares; money in the shop's currency or None."""

    as_of: date
    users: int
    came: float
    judged: float
    deployed: float
    low: float
    high: float
    money: float | None
    foretold_money: float | None
    has_year: bool


def main() -> None:
    """Prints a table of months for each model, and a line of errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retail", type=Path, help="Online Retail II as a Parquet file of events, instead of CDNOW")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="calibration-") as scratch:
        events, mapping = Path(scratch) / "cdnow.parquet", dict[str, str]()
        if given.retail is None:
            write_cdnow(events)
        else:
            events, mapping = given.retail, RETAIL_COLUMNS
        frame, plans, first = read(events, mapping)
    catalogue, console = read_catalogue(CATALOGUE), make_console()
    for kind in (PURCHASE, CHURN):
        found = list(months(kind, frame, catalogue, plans, first))
        console.print(table(kind, found))
        console.print(errors(found))


def read(events: Path, mapping: Mapping[str, str]) -> tuple[pl.DataFrame, list[CutoffPlan], date]:
    """Features and labels of every cutoff needed, a plan for each month that can be answered, and the first day."""
    with imported_warehouse([events], mapping) as warehouse:
        known = event_range(warehouse)
        newest = known.last + timedelta(days=1 - HORIZON_DAYS)
        plans = []
        for step in range(MONTHS):
            try:
                plans.append(plan_cutoffs(newest - step * timedelta(days=HORIZON_DAYS), HORIZON_DAYS, known.first))
            except MLError:
                break
        days = sorted({day for plan in plans for day in (*plan.all, plan.as_of)})
        build_marts(days, HORIZON_DAYS)
        return Marts(warehouse).training_frame(days, HORIZON_DAYS), plans[::-1], known.first


def months(
    kind: ModelKind, frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: Sequence[CutoffPlan], first: date
) -> Iterator[Month]:
    """What the models of each plan's day foretold of it. Days on which there is no model are left out."""
    label = outcome_of(kind).label
    train, refit = kind.load_trainer(), kind.load_refitter()
    assert refit is not None  # noqa: S101 - both kinds have one
    for plan in plans:
        try:
            judged = train(frame, catalogue, plan).model
        except MLError:
            continue
        deployed = refit(judged, frame, catalogue, plan).model
        rows = frame.filter((pl.col("as_of") == plan.as_of) & pl.col(label).is_not_null())
        said, before = deployed.predict(rows), judged.predict(rows)
        has_money = "expected_value" in said.columns
        yield Month(
            as_of=plan.as_of,
            users=rows.height,
            came=_mean(rows[label]),
            judged=_mean(before["score"]),
            deployed=_mean(said["score"]),
            low=_mean(said["score_low"]),
            high=_mean(said["score_high"]),
            money=float(rows["purchase_amount"].cast(pl.Float64).sum()) if has_money else None,
            foretold_money=float(said["expected_value"].sum()) if has_money else None,
            has_year=(plan.as_of - first).days >= YEAR_DAYS,
        )


def errors(found: Sequence[Month]) -> str:
    """Mean and worst error of the level, and of the total of money, with a year before the month and without."""
    lines = []
    for has_year, words in ((True, "with a year before them"), (False, "without")):
        chosen = [month for month in found if month.has_year is has_year]
        if not chosen:
            continue
        judged, deployed = (
            np.array([abs(getattr(month, name) - month.came) for month in chosen]) for name in ("judged", "deployed")
        )
        inside = sum(month.low <= month.came <= month.high for month in chosen)
        line = (
            f"{len(chosen)} months {words}: mean error {judged.mean():.3f} judged, {deployed.mean():.3f} deployed; "
            f"worst {judged.max():.3f}, {deployed.max():.3f}; {inside} within the interval"
        )
        money = [(month.foretold_money, month.money) for month in chosen if month.foretold_money and month.money]
        if money:
            ratios = np.array([foretold / came for foretold, came in money])
            line += f"; money foretold / came {sum(m[0] for m in money) / sum(m[1] for m in money):.2f} in total, "
            line += f"{ratios.min():.2f} to {ratios.max():.2f} by month"
        lines.append(line)
    return "\n".join(lines)


def table(kind: ModelKind, found: Sequence[Month]) -> Table:
    """One line a month: users, and how many were foretold and came."""
    made = Table(title=f"{kind}, {HORIZON_DAYS} days ahead: foretold and came")
    for heading in ("as of", "users", "came", "judged foretold", "deployed foretold", "80 %", "money", "foretold"):
        made.add_column(heading, justify="left" if heading == "as of" else "right")
    for month in found:
        counts = (month.came, month.judged, month.deployed)
        made.add_row(
            str(month.as_of),
            f"{month.users:,}",
            *(f"{share * month.users:,.0f} ({share:.3f})" for share in counts),
            f"{month.low:.3f} to {month.high:.3f}",
            "" if month.money is None else f"{month.money:,.0f}",
            "" if month.foretold_money is None else f"{month.foretold_money:,.0f}",
        )
    return made


def _mean(values: pl.Series) -> float:
    return float(values.cast(pl.Float64).to_numpy().mean())


if __name__ == "__main__":
    main()
