"""Does drift detection stay quiet in a shop that does not change, and does it notice a change?

Synthetic shops are imported into a home of their own. Champions are trained once, at the end of the first year. Then
they are checked every week with all the measures of production: features, mixes, scores, and matured performance. A
window is one horizon, here 28 days so that it is whole weeks.

    python -m benchmarks.drift                         three years without change; each change in a shop of 10,000 users
    python -m benchmarks.drift --years 0 --users 4000  only the changes, in a smaller shop
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import polars as pl
from dbt.cli.main import dbtRunner
from rich.table import Table

from cli.console import make_console
from core.settings import Settings
from dbt_project import CATALOGUE, PROJECT
from ingestion.importing import import_frames
from ml.artifact import Model
from ml.catalogue import read_catalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.drift import DriftReport
from ml.drift_measures import Outcomes
from ml.kinds import BUILT_IN, model_kind, outcome_of
from ml.purchase import train_purchase
from ml.segmentation import train_segmentation
from orchestration.drift_watch import judge, outcomes, watched_days
from simulator import Behaviour, simulate
from simulator.drift import Drift, DriftKind
from standalone.stack import running_platform
from warehouse.database import Database

KINDS = tuple(kind.name for kind in BUILT_IN)
FIRST_DAY = date(2023, 1, 2)
HORIZON = timedelta(days=28)
WEEK = timedelta(days=7)
Result = TypeVar("Result")
# All users join evenly over the days, so that after a year about as many leave as join.
STILL = Behaviour(initial_share=0.0)


@dataclass(frozen=True)
class Shop:
    """A simulated shop. Shops that are imported together need different names and seeds."""

    name: str
    users: int
    seed: int
    drift: Drift | None = None
    behaviour: Behaviour = STILL

    def events(self, days: int) -> Iterator[pl.DataFrame]:
        """The shop's events. User ids begin with its name, so that they differ from those of other shops."""
        frames = simulate(self.users, days, self.seed, start=FIRST_DAY, behaviour=self.behaviour, drift=self.drift)
        return (frame.with_columns(user_id=pl.format("{} {}", pl.lit(self.name), "user_id")) for frame in frames)


@dataclass(frozen=True)
class DriftCheck:
    """The drift report of one model on one day."""

    model: str
    as_of: date
    report: DriftReport


def training_plan(begin: date) -> CutoffPlan:
    """The cutoffs that champions of that day learn from."""
    return plan_cutoffs(begin, HORIZON.days, FIRST_DAY)


def marts_of_shops(url: str, shops: Sequence[Shop], begin: date, check_days: Sequence[date]) -> pl.DataFrame:
    """Features and labels of all shops as of every day that training and the checks need, built in one pass of dbt.

    The environment must name the warehouse, because dbt reads it from there.
    """
    days = (check_days[-1] - FIRST_DAY).days
    for shop in shops:
        import_frames(url, shop.events(days), shop.name)
    scored = {day - HORIZON for day in check_days if day - HORIZON >= begin}
    as_of_dates = sorted({*training_plan(begin).all, begin, *scored, *check_days})
    variables = {
        "as_of_dates": [day.isoformat() for day in as_of_dates],
        "horizon_days": HORIZON.days,
        "known_until": check_days[-1].isoformat(),
    }
    project = str(PROJECT)
    with TemporaryDirectory() as target:
        where = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target]
        said = ["--quiet", "--vars", json.dumps(variables)]
        runner = dbtRunner()
        for command in (["seed"], ["run", "--select", "+user_features", "+user_labels"]):
            done = runner.invoke([*command, *where, *said])
            if not done.success:
                raise RuntimeError(f"dbt {command[0]} failed; what it printed says why.") from done.exception
    return Database(url).frame(
        "select * from marts.user_features left join marts.user_labels using (user_id, as_of) order by as_of, user_id"
    )


def check_drift(
    frame: pl.DataFrame,
    shop: Shop,
    begin: date,
    check_days: Sequence[date],
    kinds: Sequence[str] = KINDS,
) -> list[DriftCheck]:
    """Trains the shop's champions as of `begin` and checks them on every day of `check_days`."""
    users = frame.filter(pl.col("user_id").str.starts_with(f"{shop.name} "))
    snapshots = {key[0]: rows for key, rows in users.partition_by("as_of", as_dict=True).items()}
    plan = training_plan(begin)
    catalogue = read_catalogue(CATALOGUE)
    train: dict[str, Callable[[], Model]] = {
        "segmentation": lambda: train_segmentation(snapshots[begin], catalogue, as_of=begin).model,
        "purchase": lambda: train_purchase(users, catalogue, plan).model,
        "churn": lambda: train_churn(users, catalogue, plan).model,
    }
    models = [(train[kind](), begin if model_kind(kind).outcome is None else plan.train[-1]) for kind in kinds]
    return [
        DriftCheck(model.kind, day, _check(model, snapshots, learned_on, plan.test, day))
        for model, learned_on in models
        for day in check_days
    ]


def alarms(checks: Sequence[DriftCheck]) -> dict[date, list[str]]:
    """The days on which any model drifted, with what changed."""
    found: dict[date, list[str]] = {}
    for drift_check in checks:
        if drift_check.report.is_drifted:
            what = ", ".join(drift_check.report.alarms) or f"{drift_check.report.share_drifted:.0%} of columns"
            found.setdefault(drift_check.as_of, []).append(f"{drift_check.model}: {what}")
    return found


def _check(model: Model, snapshots: dict[object, pl.DataFrame], learned_on: date, test: date, day: date) -> DriftReport:
    kind = model_kind(model.kind)
    within = watched_days(kind, HORIZON.days)
    old, new = (snapshots[when].filter(pl.col("days_since_last_activity") <= within) for when in (learned_on, day))
    tested = live = None
    if kind.outcome is not None and day - HORIZON >= test + HORIZON:
        tested, live = (_scored(model, snapshots[when]) for when in (test, day - HORIZON))
    return judge(model, old, new, tested=tested, live=live)


def _scored(model: Model, snapshot: pl.DataFrame) -> Outcomes:
    label = outcome_of(model_kind(model.kind)).label
    rows = snapshot.drop_nulls(label)
    return outcomes(model.predict(rows)["score"], rows[label])


def year_without_change(url: str, users: int, seed: int) -> dict[date, list[str]]:
    """Alarms of 52 weekly checks of a shop that does not change."""
    shop = Shop("still", users, seed)
    begin = FIRST_DAY + 13 * HORIZON
    check_days = [begin + week * WEEK for week in range(1, 53)]
    return alarms(check_drift(marts_of_shops(url, [shop], begin, check_days), shop, begin, check_days))


def weeks_around_change(url: str, users: int, seed: int, kind: DriftKind) -> tuple[dict[date, list[str]], date]:
    """Alarms of weekly checks from four weeks before a change to eight after it, and the day of the change."""
    begin = FIRST_DAY + 13 * HORIZON
    day = begin + HORIZON
    shop = Shop(kind, users, seed, Drift(kind, (day - FIRST_DAY).days))
    check_days = [begin + week * WEEK for week in range(1, 13)]
    return alarms(check_drift(marts_of_shops(url, [shop], begin, check_days), shop, begin, check_days)), day


def main() -> None:
    """Runs the checks and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=3, help="years without change, each with its own seed")
    parser.add_argument("--year-users", type=int, default=4_000, help="users who join over the two years")
    parser.add_argument("--users", type=int, default=10_000, help="users who join before and after each change")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    still = Table("seed", "weeks watched", "weeks with an alarm", "what moved", title="A year in which nothing changes")
    for seed in range(given.seed, given.seed + given.years):
        found = _in_temporary_home(lambda url, seed=seed: year_without_change(url, given.year_users, seed))
        still.add_row(str(seed), "52", str(len(found)), "; ".join(f"{day} {what}" for day, what in found.items()))
    seen = Table("change", "alarms before", "seen after", "first full window", "what moved then", title="Changes")
    for kind in DriftKind:
        found, day = _in_temporary_home(lambda url, kind=kind: weeks_around_change(url, given.users, given.seed, kind))
        before = sum(when <= day for when in found)
        after = min((when for when in found if when > day), default=None)
        then = found.get(day + HORIZON, [])
        delay = "not in eight weeks" if after is None else f"{(after - day).days} days"
        seen.add_row(kind, str(before), delay, "seen" if then else "missed", "; ".join(then))
    console = make_console()
    if given.years:
        console.print(still)
    console.print(seen)


def _in_temporary_home(run: Callable[[str], Result]) -> Result:
    with (
        TemporaryDirectory(prefix="drift-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        os.environ.update(platform.environment)
        return run(platform.warehouse_url)


if __name__ == "__main__":
    main()
