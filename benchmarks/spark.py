"""The marts on Postgres and on Spark: rows that differ in any bit, and processor time of each build.

Belongs here: a rebuild, one more day and a day without events of a simulated shop, on both engines, at several lengths
of history; and builds of real data. Spark runs on this machine, and dbt runs in this process. On a shared machine,
seconds say little.

    python -m benchmarks.spark [--users 10000] [--days 714] [--events 300000 1000000] [--home FOLDER]
    python -m benchmarks.spark --events --cdnow --retail FILE            CDNOW and Online Retail II
    python -m benchmarks.spark --spark spark.sql.codegen.wholeStage=false   with other settings of Spark
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
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
from benchmarks.marts import imported_warehouse
from benchmarks.processor_time import processor_seconds
from core.home import Home, prepare_home
from dbt_project import PROJECT
from ingestion.cdnow import write_cdnow
from ingestion.importing import import_frames
from ingestion.lake_copying import copy_to_lake
from lake.catalogue import Lake
from lake.marts import PUBLISHED, plan_build
from lake.session import spark_session
from orchestration.backfill import variables, with_plan
from standalone.environment import exported
from standalone.spark import Spark, running_spark
from warehouse.database import Database
from warehouse.events import event_range

HORIZON_DAYS = 30
RETAIL_COLUMNS = {"order_id": "properties.invoice"}
MODELS = (
    "event_types",
    "stg_events",
    "int_identities",
    "int_user_daily",
    "int_user_sums",
    "user_features",
    "user_labels",
)
ANALYTICS = tuple(name for schema, name in PUBLISHED if schema == "analytics")
SUMS = ("intermediate", "int_user_sums")
REBUILD = "--full-refresh"


@dataclass(frozen=True)
class Cost:
    """Seconds of the engine's processors, and by the clock with dbt's own work."""

    cpu_seconds: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.cpu_seconds:.1f} ({self.seconds:.0f})"


@dataclass(frozen=True)
class Compared:
    """Rows that were compared, and how many of them differ, by table where any do."""

    rows: int = 0
    differing: dict[str, int] = field(default_factory=dict)


def main() -> None:
    """Measures and prints the table. Exits with 1 where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, nargs="*", default=[300_000, 1_000_000])
    parser.add_argument("--cdnow", action="store_true", help="also build CDNOW")
    parser.add_argument("--retail", type=Path, help="Online Retail II as a Parquet file of events")
    parser.add_argument("--home", type=Path, help="folder that keeps the shop and its histories for the next run")
    parser.add_argument(
        "--spark", action="append", type=setting, default=[], metavar="NAME=VALUE", help="a setting of Spark"
    )
    asked = parser.parse_args()
    # dbt-spark asks for Hive before every statement.
    warnings.filterwarnings("ignore", message="Failed to set spark.sql.catalogImplementation")
    table = Table(title="Processor seconds of the engine (seconds by the clock) of builds", box=None)
    for name in ("data", "build", "Postgres", "Spark", "rows compared", "differing"):
        table.add_column(name, justify="right")
    differing: dict[str, int] = {}
    with nullcontext(asked.home) if asked.home else TemporaryDirectory(prefix="bench-spark-") as scratch:
        folder = Path(scratch)
        for data, build, postgres, spark, compared in measured(asked, folder):
            differing |= compared.differing
            table.add_row(data, build, str(postgres or ""), str(spark), f"{compared.rows:,}", str(compared.differing))
            Console(width=140).print(table)
    raise SystemExit(1 if differing else 0)


def setting(text: str) -> tuple[str, str]:
    """A name and a value."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


Row = tuple[str, str, Cost | None, Cost, Compared]


def measured(asked: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """The rows of the table, one after another."""
    settings = dict(asked.spark)
    if asked.cdnow:
        write_cdnow(folder / "cdnow.parquet")
        yield from of_file("CDNOW", folder / "cdnow.parquet", {}, folder, settings)
    if asked.retail:
        yield from of_file("Online Retail II", asked.retail, RETAIL_COLUMNS, folder, settings)
    if asked.events:
        file = simulated(asked.users, asked.days, folder / "events.parquet")
    for events in sorted(asked.events):
        home = folder / f"home-{events}"
        with shop(home, file, events) as (warehouse, new_days):
            yield from of_shop(f"{events:,} simulated", Home(home), warehouse, file, new_days, settings)


def of_file(name: str, file: Path, columns: dict[str, str], folder: Path, settings: Mapping[str, str]) -> Iterator[Row]:
    """All models of a file, built once."""
    with imported_warehouse([file], columns) as warehouse:
        as_of = event_range(warehouse).last + timedelta(days=1)
        with both_engines(name, prepare_home(folder / name), warehouse, settings) as engines:
            yield engines.built("everything", [*MODELS, *ANALYTICS], days_before(as_of), as_of, REBUILD)


def of_shop(
    name: str, home: Home, warehouse: Database, file: Path, new_days: Sequence[date], settings: Mapping[str, str]
) -> Iterator[Row]:
    """A rebuild, then twice a day with events and one without, each carried on from the day before it."""
    first = new_days[0]
    delete_events_from(warehouse, first)
    with both_engines(name, home, warehouse, settings) as engines:
        yield engines.started
        yield engines.built("rebuild", MODELS, days_before(first), first, REBUILD)
        yield engines.built("analytics", ANALYTICS, [first], first)
        # Java compiles what is called often, so the first time takes longer than all others.
        for times, (busy, day, after) in ("first time", new_days[:3]), ("again", new_days[2:5]):
            import_frames(warehouse.url, read_events(file, busy, busy), f"{busy}")
            yield engines.built(f"one more day, {times}", MODELS, [day], day)
            yield engines.built(f"a day without events, {times}", MODELS, [after], after)


def days_before(as_of: date) -> list[date]:
    """A day, and the last one before it whose labels are known by then."""
    return [as_of - timedelta(days=HORIZON_DAYS), as_of]


@dataclass(frozen=True)
class Engines:
    """Postgres and a Spark of our own, with the same events."""

    data: str
    home: Home
    warehouse: Database
    lake: Lake
    spark: Spark
    started: Row

    def built(self, what: str, models: Sequence[str], days: Sequence[date], as_of: date, *options: str) -> Row:
        """One build on each engine, and how their tables differ afterwards."""
        copy_to_lake(self.lake)
        told = variables(days, HORIZON_DAYS, known_until=as_of)
        selected = ["--select", *models, "--resource-types", "seed", "model", *options]
        postgres = self._cost("warehouse", [*selected, "--vars", told], server_of(self.warehouse))
        planned = with_plan(told, plan_build(self.lake))
        spark = self._cost("spark", [*selected, "--vars", planned], psutil.Process(self.spark.pid))
        tables = [each for each in (*PUBLISHED, SUMS) if each[1] in models]
        return self.data, what, postgres, spark, compare(self.warehouse, self.spark, tables)

    def _cost(self, target: str, arguments: Sequence[str], engine: psutil.Process) -> Cost:
        folder = str(self.home.dbt_target / f"bench-{target}")
        places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", folder]
        cpu, began = processor_seconds(engine), time.monotonic()
        done = dbtRunner().invoke(["build", *places, "--log-path", folder, "--quiet", "--target", target, *arguments])
        if not done.success:
            raise SystemExit(f"dbt failed on {target}; what it says is above.")
        return Cost(processor_seconds(engine) - cpu, time.monotonic() - began)


@contextmanager
def both_engines(data: str, home: Home, warehouse: Database, settings: Mapping[str, str]) -> Iterator[Engines]:
    """Starts Spark with an empty lake for the duration of the block, and lets dbt find it."""
    from pyspark.sql.connect.session import SparkSession

    began = time.monotonic()
    with TemporaryDirectory(prefix="bench-lake-") as folder:
        lake = Lake(warehouse.url, Path(folder).as_uri())
        forget_lake(warehouse)
        with (
            running_spark(home, warehouse.url, lake.location, settings=settings) as spark,
            exported({"SPARK_REMOTE": spark.remote}),
        ):
            with spark_session(spark.remote) as session:
                session.sql("select 1").collect()
            cost = Cost(processor_seconds(psutil.Process(spark.pid)), time.monotonic() - began)
            try:
                yield Engines(data, home, warehouse, lake, spark, (data, "start of Spark", None, cost, Compared()))
            finally:
                # The session that dbt keeps in this process.
                SparkSession.builder.remote(spark.remote).getOrCreate().stop()


def forget_lake(warehouse: Database) -> None:
    """Forgets the tables of an earlier call in the same home, whose files are gone."""
    with warehouse.transaction() as connection:
        for table in ("iceberg_tables", "iceberg_namespace_properties", "event_ids"):
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier("lake", table)))
        connection.execute("delete from raw.watermarks where reader = 'lake'")


def compare(warehouse: Database, spark: Spark, tables: Sequence[tuple[str, str]]) -> Compared:
    """All rows of some tables on both engines, by every bit. Decimals are equal where their values are."""
    rows, differing = 0, {}
    for name in tables:
        with spark_session(spark.remote) as session:
            found = pl.DataFrame(session.table(".".join(name)).toArrow())
        decimals = [column for column, kind in found.schema.items() if isinstance(kind, pl.Decimal)]
        values = (
            sql.SQL("trim_scale({0})::text as {0}" if column in decimals else "{0}").format(sql.Identifier(column))
            for column in found.columns
        )
        query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(values), sql.Identifier(*name))
        expected = warehouse.frame(query)
        trimmed = pl.col(decimals).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        both = pl.concat([expected, found.with_columns(trimmed).cast(dict(expected.schema))])
        count = int(both.is_unique().sum()) + abs(expected.height - found.height)
        rows += expected.height
        differing |= {name[1]: count} if count else {}
    return Compared(rows, differing)


def server_of(warehouse: Database) -> psutil.Process:
    """The Postgres server, which runs on this machine."""
    with warehouse.transaction() as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    assert server is not None  # noqa: S101
    return server


if __name__ == "__main__":
    main()
