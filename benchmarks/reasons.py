"""Are the reasons true, are they stable, and what do they cost? On CDNOW, for the models that production would train.

True: the strongest families of features of each user are set to typical values, and, for comparison, the same number of
random families. The first must change the log-odds more. Stable: a second training on the same data with another seed
should name the same families. Cost: CPU time of a call that answers with reasons, for one user and for 10,000.

    python -m benchmarks.reasons
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from rich.table import Table

from benchmarks.marts import build_marts, imported_warehouse
from cli.console import make_console
from dbt_project import CATALOGUE
from ingestion.cdnow import cdnow_file, read_cdnow
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.churn import train_churn
from ml.cutoffs import plan_cutoffs
from ml.propensity.model import PropensityModel
from ml.purchase import train_purchase
from warehouse.marts import Marts

Floats = np.ndarray[Any, np.dtype[np.float64]]

AS_OF = date(1998, 6, 1)
HORIZON_DAYS = 30
TOP = 3
USERS = 10_000


@dataclass(frozen=True)
class Deletion:
    """How far the log-odds move without the top families and without random ones. `gain` is the mean difference."""

    top: float
    random: float
    gain: float
    gain_low: float
    gain_high: float


def family_contributions(model: PropensityModel, rows: pl.DataFrame) -> Floats:
    """The contribution of each family to the log-odds: rows x families of the model's catalogue."""
    parts = model.contributions(rows).values
    return np.stack([parts[:, columns].sum(axis=1) for columns in model.catalogue.columns_of_family.values()], axis=1)


def delete_families(model: PropensityModel, rows: pl.DataFrame, *, seed: int = 0) -> Deletion:
    """Compares, for each user, the effect of the `TOP` strongest families with that of `TOP` random ones."""
    rng = np.random.default_rng(seed)
    families = family_contributions(model, rows)
    orders = {"top": np.argsort(-np.abs(families), axis=1), "random": rng.random(families.shape).argsort(axis=1)}
    before = model.contributions(rows).total
    moved = {}
    for name, order in orders.items():
        removed = np.zeros(families.shape, bool)
        np.put_along_axis(removed, order[:, :TOP], True, axis=1)
        moved[name] = np.abs(model.contributions(_without(model, rows, removed)).total - before)
    gain = moved["top"] - moved["random"]
    reach = 1.96 * float(gain.std()) / np.sqrt(len(gain))
    means = {name: float(values.mean()) for name, values in moved.items()}
    return Deletion(**means, gain=float(gain.mean()), gain_low=gain.mean() - reach, gain_high=gain.mean() + reach)


def _without(model: PropensityModel, rows: pl.DataFrame, removed: np.ndarray[Any, np.dtype[np.bool_]]) -> pl.DataFrame:
    """`rows` with the features of the removed families (rows x families) at their typical values."""
    columns = []
    for place, features in enumerate(model.catalogue.columns_of_family.values()):
        for feature in features:
            name, usual = model.feature_names[feature], model.typical[feature]
            kept = rows[name].cast(pl.Float64)
            columns.append(pl.select(pl.when(pl.Series(~removed[:, place])).then(kept).otherwise(usual).alias(name)))
    return rows.with_columns(column.to_series() for column in columns)


def agreement(first: PropensityModel, second: PropensityModel, rows: pl.DataFrame) -> tuple[float, float]:
    """The share of users with the same strongest family in both models, and the mean share of common top families."""
    ranked = [np.argsort(-np.abs(family_contributions(model, rows)), axis=1)[:, :TOP] for model in (first, second)]
    common = np.mean([len(set(one) & set(other)) / TOP for one, other in zip(*ranked, strict=True)])
    return float((ranked[0][:, 0] == ranked[1][:, 0]).mean()), float(common)


def cpu_seconds(call: Callable[[], object], times: int) -> float:
    """The lowest CPU time of several calls."""
    found = []
    for _ in range(times):
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    return min(found)


def measure(frame: pl.DataFrame, catalogue: FeatureCatalogue) -> Table:
    """Trains both models twice on `frame` and measures their reasons on the users of the newest cutoff."""
    plan = plan_cutoffs(AS_OF, HORIZON_DAYS, date(1997, 1, 1))
    table = Table(title=f"Reasons on CDNOW as of {plan.test}: the top {TOP} families of features")
    for heading in ("model", "rung", "users", "top deleted", "random deleted", "ratio", "difference (95 %)"):
        table.add_column(heading)
    for heading in ("same first family", "top in common", "one user", f"{USERS:,} users"):
        table.add_column(heading, justify="right")
    for train, label in ((train_purchase, "has_purchased"), (train_churn, "is_churned")):
        first, second = (train(frame, catalogue, plan, seed=seed).model for seed in (0, 1))
        rows = frame.filter((pl.col("as_of") == plan.test) & pl.col(label).is_not_null()).sort("user_id")
        found = delete_families(first, rows)
        same, common = agreement(first, second, rows)
        many, one = rows.sample(USERS, with_replacement=True, seed=0), rows.head(1)
        table.add_row(
            first.kind,
            first.rung,
            f"{rows.height:,}",
            f"{found.top:.3f}",
            f"{found.random:.3f}",
            f"{found.top / found.random:.1f}",
            f"{found.gain:.3f} ({found.gain_low:.3f} to {found.gain_high:.3f})",
            f"{same:.1%}",
            f"{common:.1%}",
            f"{1000 * cpu_seconds(lambda: first.explain(one, top=TOP), 50):.1f} ms",  # noqa: B023 - called at once
            f"{cpu_seconds(lambda: first.explain(many, top=TOP), 3):.2f} s",  # noqa: B023 - called at once
        )
    return table


def main() -> None:
    """Builds the marts of CDNOW, trains, measures, prints the table."""
    plan = plan_cutoffs(AS_OF, HORIZON_DAYS, date(1997, 1, 1))
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "cdnow.parquet"
        read_cdnow(cdnow_file()).write_parquet(file)
        with imported_warehouse([file], {}) as warehouse:
            build_marts(plan.all, HORIZON_DAYS)
            frame = Marts(warehouse).training_frame(plan.all, HORIZON_DAYS)
    make_console().print(measure(frame, read_catalogue(CATALOGUE)))


if __name__ == "__main__":
    main()
