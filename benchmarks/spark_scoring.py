"""Scoring with Spark beside the same model in one process: rows per processor second, one worker beside two.

Belongs here: a made-up shop of any size with all features, the purchase model, and where the rest of the time goes:
each line does one thing more than the one above it. Spark runs on this machine. On a shared machine, seconds by the
clock say little.

python -m benchmarks.spark_scoring [--users 200000] [--workers 1 2]
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import psutil
import pyarrow as pa
from pyspark.sql.connect.dataframe import DataFrame
from rich.console import Console
from rich.table import Table

from benchmarks.processor_time import processor_seconds
from core.settings import Settings
from dbt_project import CATALOGUE
from lake.catalogue import Lake
from lake.scoring import BATCH_ROWS, Scored, features_as_of, publish_scores, score, send_package, spark_types
from lake.session import spark_session
from ml import artifact
from ml.artifact import Model, Provenance
from ml.batches import SCORES, SavedModel
from ml.catalogue import read_catalogue
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.purchase import train_purchase
from standalone.spark import running_spark
from standalone.stack import running_platform

AS_OF = date(2024, 7, 1)
FEATURES = ("marts", "user_features")
LEARNED_FROM = 3_000
FILE_ROWS = 100_000


@dataclass(frozen=True)
class Cost:
    """What one step took: of the processes that did it, and by the clock."""

    cpu_seconds: float
    seconds: float


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="so many cores Spark has, in turn")
    asked = parser.parse_args()
    table = Table(title=f"The purchase model asked about {asked.users:,} users", box=None)
    for name in ("", "CPU s", "s", "rows a CPU s", "of one process"):
        table.add_column(name, justify="left" if not name else "right")
    with TemporaryDirectory(prefix="bench-scoring-") as scratch:
        settings = Settings(home=Path(scratch) / "home", database_url=None)
        with running_platform(settings) as platform:
            lake = Lake(platform.warehouse_url, (Path(scratch) / "lake").as_uri())
            plan = plan_cutoffs(AS_OF, 30, date(2024, 1, 1), max_train=3)
            model, saved = trained(plan, Path(scratch) / "model")
            store(lake, asked.users)
            alone = one_process(lake, model)
            add(table, "one process, the model alone", asked.users, alone, alone)
            for workers in asked.workers:
                own = {"spark.master": f"local[{workers}]", "spark.driver.memory": "2g"}
                with running_spark(platform.home, lake.url, lake.location, settings=own) as spark:
                    for what, cost in with_spark(spark.remote, lake, saved, model):
                        add(table, f"Spark, {workers} at a time: {what}", asked.users, cost, alone)
            said = Scored("purchase", AS_OF, model.horizon_days, 1)
            cost = measured(psutil.Process(), lambda: publish_scores(lake, said, model.feature_hash))
            add(table, "to Postgres and its ledger, this process", asked.users, cost, alone)
    Console(width=120).print(table)


def add(table: Table, what: str, users: int, cost: Cost, alone: Cost) -> None:
    """A line of the table, also as soon as it is known."""
    rate = users / cost.cpu_seconds
    line = (what, f"{cost.cpu_seconds:.1f}", f"{cost.seconds:.1f}", f"{rate:,.0f}")
    table.add_row(*line, f"{alone.cpu_seconds / cost.cpu_seconds:.2f}")
    print("  ".join(line), flush=True)


def made_up(users: int, as_of: date, seed: int) -> pl.DataFrame:
    """Every feature of the catalogue, at random, a tenth undefined; what the models demand fits together."""
    random = np.random.default_rng(seed)
    names = read_catalogue(CATALOGUE).names
    columns = {name: random.gamma(1.0, 20.0, users).round(2) for name in names}
    columns = {name: np.where(random.random(users) < 0.1, np.nan, values) for name, values in columns.items()}
    first = random.integers(30, 150, users).astype(np.float64)
    columns |= {
        "days_since_first_purchase": first,
        "days_since_last_purchase": np.ceil(first * random.random(users)),
        "purchase_days_total": random.integers(1, 20, users).astype(np.float64),
        "days_since_last_activity": random.integers(1, 90, users).astype(np.float64),
    }
    frame = pl.DataFrame({"user_id": [f"u{seed:05d}{number:07d}" for number in range(users)], **columns})
    return frame.with_columns(pl.lit(as_of).alias("as_of"), pl.col(pl.Float64).fill_nan(None))


def trained(plan: CutoffPlan, folder: Path) -> tuple[Model, SavedModel]:
    """The purchase model of a made-up shop, saved and read again."""
    random = np.random.default_rng(0)
    frame = pl.concat(made_up(LEARNED_FROM, day, place) for place, day in enumerate(plan.all))
    silent, often = (frame[name].to_numpy() for name in ("days_since_last_purchase", "purchase_days_total"))
    chance = 1 / (1 + np.exp(silent / 20 - often / 8))
    bought = random.random(frame.height) < chance
    amounts = np.where(bought, random.gamma(4.0, 5.0, frame.height), 0.0)
    labelled = frame.with_columns(has_purchased=pl.Series(bought), purchase_amount=pl.Series(amounts))
    model = train_purchase(labelled, read_catalogue(CATALOGUE), plan).model
    digest = artifact.save(model, folder, provenance=Provenance())
    return artifact.load(folder, digest), SavedModel.read(folder, digest)


def store(lake: Lake, users: int) -> None:
    """The features of so many users in the lake, in files of FILE_ROWS."""
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("marts")
        for place, first in enumerate(range(0, users, FILE_ROWS)):
            rows = made_up(min(FILE_ROWS, users - first), AS_OF, 100 + place).to_arrow()
            rows = rows.cast(pa.schema([pa.field(each.name, _plain(each.type)) for each in rows.schema]))
            table = transaction.table(FEATURES) or transaction.catalogue.create_table(FEATURES, rows.schema)
            table.append(rows)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def one_process(lake: Lake, model: Model) -> Cost:
    """The model asked in this process, in batches of the same size; reading is not counted."""
    cpu = seconds = 0.0
    with lake.reading() as transaction:
        table = transaction.table(FEATURES)
        assert table is not None  # noqa: S101
        for batch in table.scan().to_arrow_batch_reader():
            for frame in pl.DataFrame(batch).iter_slices(BATCH_ROWS):
                began, used = time.monotonic(), time.process_time()
                model.predict(frame)
                cpu, seconds = cpu + time.process_time() - used, seconds + time.monotonic() - began
    return Cost(cpu, seconds)


def with_spark(remote: str, lake: Lake, saved: SavedModel, model: Model) -> Iterator[tuple[str, Cost]]:
    """One step after another; the first makes Spark and its workers warm and is told apart."""
    engine = next(each for each in psutil.Process().children(recursive=True) if each.name() == "java")
    said = Scored("purchase", AS_OF, model.horizon_days, 1)
    with spark_session(remote) as session:
        send_package(session)
        yield "scored, first time", measured(engine, lambda: score(session, lake, saved, model, said))
        rows = features_as_of(session, lake, model, AS_OF)
        passed, asked = rows.mapInArrow(_ids, "user_id string"), rows.mapInArrow(saved.score, spark_types(SCORES))
        yield "read in Spark", measured(engine, lambda: thrown_away(rows))
        yield "and to Python and back", measured(engine, lambda: thrown_away(passed))
        yield "and the model", measured(engine, lambda: thrown_away(asked))
        yield "and written: all of it", measured(engine, lambda: score(session, lake, saved, model, said))


def _ids(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.select(["user_id"])


def thrown_away(rows: DataFrame) -> None:
    """Lets Spark make all rows, and keeps none."""
    rows.write.format("noop").mode("overwrite").save()


def measured(engine: psutil.Process, act: Callable[[], object]) -> Cost:
    """What an act takes of a process and all its children, also those that have ended."""
    cpu, began = processor_seconds(engine), time.monotonic()
    act()
    return Cost(processor_seconds(engine) - cpu, time.monotonic() - began)


if __name__ == "__main__":
    main()
