"""The marts of one simulated shop on Postgres and on Spark: processor time of each build, and bits that differ.

Belongs here: a rebuild, a day on which nothing came, and one more day, on both engines, at several lengths of history.
Spark runs on this machine, and dbt runs in this process. On a shared machine, seconds say little.

python -m benchmarks.spark [--users 10000] [--days 714] [--events 300000 1000000] [--home FOLDER]
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import psutil
from dbt.cli.main import dbtRunner
from psycopg import sql
from rich.console import Console
from rich.table import Table

from benchmarks.data import delete_events_from, shop
from benchmarks.history import read_events, simulated
from core.home import Home
from dbt_project import PROJECT
from ingestion.importing import import_frames
from ingestion.lake_copying import copy_to_lake
from lake.catalogue import Lake
from lake.marts import plan_build
from lake.session import spark_session
from orchestration.backfill import variables, with_plan
from standalone.environment import exported
from standalone.spark import Spark, running_spark
from warehouse.database import Database

MODELS = ("int_identities", "int_user_daily", "int_user_sums", "user_features", "user_labels")
_SELECTED = ("--select", "event_types", "stg_events", *MODELS, "--resource-types", "seed", "model")


@dataclass(frozen=True)
class Cost:
    """What a build took: of the engine's processes, and altogether by the clock."""

    cpu_seconds: float
    seconds: float


def main() -> None:
    """Measures and prints the table. Exits with 1 where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--home", type=Path, help="folder that keeps the shop and its histories for the next run")
    asked = parser.parse_args()
    table = Table(title="Processor seconds (seconds by the clock) of builds", box=None)
    for name in ("events", "build", "Postgres", "Spark", "differing rows"):
        table.add_column(name, justify="right")
    differing = 0
    with nullcontext(asked.home) if asked.home else TemporaryDirectory(prefix="bench-spark-") as scratch:
        file = simulated(asked.users, asked.days, Path(scratch) / "events.parquet")
        for events in sorted(asked.events):
            folder = Path(scratch) / f"home-{events}"
            with shop(folder, file, events) as (warehouse, new_days):
                for what, postgres, spark, differ in measured(Home(folder), warehouse, file, new_days):
                    differing += differ
                    costs = (f"{cost.cpu_seconds:.1f} ({cost.seconds:.0f})" for cost in (postgres, spark))
                    table.add_row(f"{events:,}", what, *costs, str(differ))
    Console(width=120).print(table)
    raise SystemExit(1 if differing else 0)


def measured(
    home: Home, warehouse: Database, file: Path, new_days: Sequence[date]
) -> Iterator[tuple[str, Cost, Cost, int]]:
    """Each build on both engines, and how many rows of its snapshot differ."""
    delete_events_from(warehouse, new_days[0])
    lake = Lake(warehouse.url, (home.root / "bench-lake").as_uri())
    with running_spark(home, warehouse.url, lake.location) as spark, session_of_dbt(spark):
        steps = ("rebuild", new_days[0], "--full-refresh"), ("nothing new", new_days[0]), ("one more day", new_days[1])
        for what, as_of, *options in steps:
            if what == "one more day":
                import_frames(warehouse.url, read_events(file, new_days[0], new_days[0]), f"{new_days[0]}")
            copy_to_lake(lake)
            # What its labels need is built with it.
            told = variables([as_of - timedelta(days=30), as_of], 30, known_until=as_of)
            postgres = build(home, "warehouse", told, options, server_of(warehouse))
            on_spark = build(home, "spark", with_plan(told, plan_build(lake)), options, spark_process())
            yield what, postgres, on_spark, differing_rows(warehouse, spark, as_of)


def build(home: Home, target: str, told: str, options: Sequence[str], engine: psutil.Process) -> Cost:
    """One build by dbt in this process."""
    folder = str(home.dbt_target / f"bench-{target}")
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", folder]
    cpu, began = cpu_seconds(engine), time.monotonic()
    arguments = ["build", *_SELECTED, *places, "--log-path", folder, "--quiet", "--target", target, *options]
    done = dbtRunner().invoke([*arguments, "--vars", told])
    if not done.success:
        raise SystemExit(f"dbt failed on {target}; what it says is above.")
    return Cost(cpu_seconds(engine) - cpu, time.monotonic() - began)


def differing_rows(warehouse: Database, spark: Spark, as_of: date) -> int:
    """Rows of the day's features, and of the labels of a month before, that are not the same to the last bit."""
    differ = 0
    for table, day in (("marts.user_features", as_of), ("marts.user_labels", as_of - timedelta(days=30))):
        with spark_session(spark.remote) as session:
            rows = session.table(table)
            found = pl.DataFrame(rows.where(rows["as_of"] == day).orderBy("user_id").toArrow())
        query = sql.SQL('select * from {} where as_of = %(as_of)s order by user_id collate "C"')
        expected = warehouse.frame(query.format(sql.Identifier(*table.split("."))), as_of=day)
        both = pl.concat([expected, found.select(expected.columns).cast(dict(expected.schema))])
        differ += both.is_unique().sum() + abs(expected.height - found.height)
    return differ


@contextmanager
def session_of_dbt(spark: Spark) -> Iterator[None]:
    """Lets dbt find Spark, and closes the session that it keeps in this process."""
    from pyspark.sql.connect.session import SparkSession

    with exported({"SPARK_REMOTE": spark.remote}):
        try:
            yield
        finally:
            SparkSession.builder.remote(spark.remote).getOrCreate().stop()


def spark_process() -> psutil.Process:
    """The Spark that this process started."""
    return next(each for each in psutil.Process().children(recursive=True) if each.name() == "java")


def server_of(warehouse: Database) -> psutil.Process:
    """The Postgres server, which runs on this machine."""
    with warehouse.transaction() as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    assert server is not None  # noqa: S101
    return server


def cpu_seconds(engine: psutil.Process) -> float:
    """Of a process and its children, also those that have ended."""
    family = [engine, *engine.children(recursive=True)]
    times = [process.cpu_times() for process in family]
    return sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system


if __name__ == "__main__":
    main()
