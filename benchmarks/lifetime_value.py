"""Lifetime value out of time: what was foretold over 90 and 365 days beside what users spent.

For cutoffs 30 days apart, the pipeline's deployed model of that day answers about everyone who was known. The tables
show three contenders on the same users: our answer, BG/NBD with Gamma-Gamma, and what each user spent in the last year,
times the share of a year. The money that came is read from the events. *Total* is foretold over came, the geometric
mean and the range over the cutoffs. *Error* is the mean absolute error of a user as a share of the mean spend. *Tenth*
is the share of the money that came from the tenth of users with the highest answer.

    python -m benchmarks.lifetime_value                                  CDNOW
    python -m benchmarks.lifetime_value --retail FILE                    Online Retail II
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from rich.table import Table
from scipy.stats import spearmanr

from benchmarks.marts import build_marts, imported_warehouse
from benchmarks.models import HORIZON_DAYS, RETAIL_COLUMNS
from cli.console import make_console
from dbt_project import CATALOGUE
from ingestion.cdnow import write_cdnow
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.errors import MLError
from ml.evaluation import Floats
from ml.propensity.bgnbd import visit_history
from ml.propensity.lifetime import LIFETIME_DAYS, LIFETIME_INPUTS, LifetimeModel, has_bought
from ml.propensity.matrix import feature_matrix
from ml.purchase import refit_purchase, train_purchase
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.marts import Marts

YEAR_DAYS = 365
_SPENT = """
select user_id, (occurred_at at time zone 'utc')::date as day, sum(amount)::float8 as amount
from raw.events where event_type = 'purchase' and amount is not null
group by user_id, day
"""


@dataclass(frozen=True)
class Cutoff:
    """What came of the users of one day over some days, what each contender said, and our range for the total."""

    as_of: date
    came: Floats
    said: dict[str, Floats]
    low: float
    high: float


def main() -> None:
    """Prints a table for each span."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retail", type=Path, help="Online Retail II as a Parquet file of events, instead of CDNOW")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="lifetime-") as scratch:
        events, mapping = Path(scratch) / "cdnow.parquet", dict[str, str]()
        if given.retail is None:
            write_cdnow(events)
        else:
            events, mapping = given.retail, RETAIL_COLUMNS
        frame, plans, spent, last = read(events, mapping)
    console, catalogue = make_console(), read_catalogue(CATALOGUE)
    for span, cutoffs in judged(frame, plans, spent, last, catalogue).items():
        console.print(table(span, cutoffs))


def read(events: Path, mapping: Mapping[str, str]) -> tuple[pl.DataFrame, list[CutoffPlan], pl.DataFrame, date]:
    """Features and labels, a plan for each day that can be answered and judged, money by user and day, the last day."""
    with imported_warehouse([events], mapping) as warehouse:
        known = event_range(warehouse)
        plans, day = [], known.last + timedelta(days=1 - min(LIFETIME_DAYS))
        while True:
            try:
                plans.append(plan_cutoffs(day, HORIZON_DAYS, known.first))
            except MLError:
                break
            day -= timedelta(days=HORIZON_DAYS)
        days = sorted({day for plan in plans for day in (*plan.all, plan.as_of)})
        build_marts(days, HORIZON_DAYS)
        frame = Marts(warehouse).training_frame(days, HORIZON_DAYS)
        return frame, plans[::-1], _money(warehouse), known.last


def judged(
    frame: pl.DataFrame, plans: Sequence[CutoffPlan], spent: pl.DataFrame, last: date, catalogue: FeatureCatalogue
) -> dict[int, list[Cutoff]]:
    """Every span's cutoffs that have matured. Days on which there is no model are left out."""
    found: dict[int, list[Cutoff]] = {span: [] for span in LIFETIME_DAYS}
    for plan in plans:
        try:
            trained = train_purchase(frame, catalogue, plan).model
        except MLError:
            continue
        model = refit_purchase(trained, frame, catalogue, plan).model
        assert model.lifetime is not None  # noqa: S101 - the catalogue has its features
        rows = frame.filter(pl.col("as_of") == plan.as_of)
        said = model.predict(rows)
        for span in LIFETIME_DAYS:
            end = plan.as_of + timedelta(days=span)
            if end > last + timedelta(days=1):
                continue
            came = rows.select("user_id").join(_between(spent, plan.as_of, end), on="user_id", how="left")
            ours = said[f"lifetime_value_{span}d"].to_numpy()
            low, high = model.lifetime.around(float(ours.sum()))
            contenders = {"Customer Analyzer": ours, **peers(model.lifetime, rows, span)}
            found[span].append(Cutoff(plan.as_of, came["amount"].fill_null(0.0).to_numpy(), contenders, low, high))
    return found


def peers(model: LifetimeModel, rows: pl.DataFrame, span: int) -> dict[str, Floats]:
    """The two contenders: the processes alone, and last year's spend."""
    values = feature_matrix(rows, LIFETIME_INPUTS).astype(np.float64)
    visits, spent = values[:, :3], np.nan_to_num(values[:, 3])
    came = has_bought(visits)
    days = np.where(came, visits[:, 0], 0.0)
    worth = model.worth.expected(days, spent / np.maximum(days, 1))
    expected = model.process.expected(visit_history(np.where(came[:, None], visits, 1.0)), span)
    last_year = rows["purchase_amount_365d"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return {
        "BG/NBD + Gamma-Gamma": np.where(came, expected * worth, 0.0),
        "last year's spend": last_year * span / YEAR_DAYS,
    }


def table(span: int, cutoffs: Sequence[Cutoff]) -> Table:
    """One line a contender over the earlier half of the cutoffs and over the later."""
    inside = sum(each.low <= each.came.sum() <= each.high for each in cutoffs)
    made = Table(title=f"{span} days ahead; our 80 % range holds the total at {inside} of {len(cutoffs)} cutoffs")
    for heading in ("cutoffs", "contender", "total", "by cutoff", "error", "tenth", "rank correlation"):
        made.add_column(heading, justify="left" if heading in {"cutoffs", "contender"} else "right")
    half = len(cutoffs) // 2
    for part in (cutoffs[:half], cutoffs[half:]):
        if not part:
            continue
        when = f"{len(part)}: {part[0].as_of} to {part[-1].as_of}"
        for name in part[0].said:
            figures = np.array([_figures(each.said[name], each.came) for each in part])
            total, error, tenth, rank = figures.T
            made.add_row(
                when,
                name,
                f"{np.exp(np.log(total).mean()):.2f}",
                f"{total.min():.2f} to {total.max():.2f}",
                *(f"{figure.mean():.3f}" for figure in (error, tenth, rank)),
            )
    return made


def _figures(said: Floats, came: Floats) -> tuple[float, float, float, float]:
    best = np.argsort(-said, kind="stable")[: max(len(said) // 10, 1)]
    money = float(came.sum())
    rank = float(spearmanr(said, came).statistic)
    return float(said.sum()) / money, float(np.abs(said - came).sum()) / money, float(came[best].sum()) / money, rank


def _money(warehouse: Database) -> pl.DataFrame:
    return warehouse.frame(_SPENT)


def _between(spent: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    inside = spent.filter(pl.col("day").is_between(start, end, closed="left"))
    return inside.group_by("user_id").agg(pl.col("amount").sum())


if __name__ == "__main__":
    main()
