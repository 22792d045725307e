"""A training frame compared with `pandas.read_sql`: the same rows and columns of the same marts. Prints one table.

python -m benchmarks.reading [--rows 1000000] [--rounds 3]; pandas needs about 7 GB for a million rows.

dbt builds the marts of a simulated shop. Its users are then copied under other names until there are enough rows. Each
read is a process of its own. It is timed from connecting until the frame is in memory, without imports. pandas reads as
its documentation recommends, through SQLAlchemy with both drivers and through ADBC, and does not sort.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import sqlalchemy
from adbc_driver_postgresql import dbapi
from psycopg import sql

from benchmarks.marts import build_marts
from core.settings import Settings
from ingestion.importing import import_frames
from simulator import simulate
from standalone.stack import running_platform
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.marts import Marts

_USERS, _DAYS, _CUTOFFS, _HORIZON_DAYS = 2_000, 300, 8, 30
_LABELS = ("has_activity", "has_purchased", "purchase_amount", "is_churned")
Shape = tuple[int, int]
Found = tuple[Shape, float, float]
"""The shape (rows and columns), the seconds, and the peak memory of the process in GB."""


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        import_frames(platform.warehouse_url, simulate(_USERS, _DAYS, 1), "a made-up shop")
        warehouse = Database(platform.warehouse_url)
        days = filled_marts(warehouse, asked.rows)
        found: dict[str, list[Found]] = {name: [] for name in READERS}
        for _ in range(asked.rounds):
            for name in READERS:
                # A new process for each read, so that the peak memory is that of this read.
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    found[name].append(process.submit(measured, name, warehouse, days).result())
    shapes = {shape for reads in found.values() for shape, _, _ in reads}
    if len(shapes) > 1:
        raise SystemExit(f"The frames differ: {shapes}")
    rows, columns = shapes.pop()
    print(f"{rows:,} rows of {columns} columns, medians of {asked.rounds} rounds (all seconds)")
    print("| reader | seconds | times as long | peak memory, GB |")
    print("| --- | --- | --- | --- |")
    ours = statistics.median(seconds for _, seconds, _ in found[OURS])
    for name, reads in found.items():
        seconds = statistics.median(seconds for _, seconds, _ in reads)
        each = ", ".join(f"{seconds:.1f}" for _, seconds, _ in reads)
        print(f"| {name} | {seconds:.1f} ({each}) | {seconds / ours:.1f} | {max(peak for *_, peak in reads):.1f} |")


def filled_marts(warehouse: Database, rows: int) -> Sequence[date]:
    """Builds features and labels, copies their users until there are about `rows` rows, and returns the days."""
    newest = event_range(warehouse).last
    days = [newest - timedelta(days=_HORIZON_DAYS * place) for place in range(1, _CUTOFFS + 1)]
    build_marts(days, _HORIZON_DAYS)
    with warehouse.transaction() as connection:
        (built,) = connection.execute("select count(*) from marts.user_labels").fetchall()[0]
        for table in ("user_features", "user_labels"):
            named = {"table": sql.Identifier("marts", table), "copies": round(rows / int(str(built)))}
            columns = connection.execute(sql.SQL("select * from {table} limit 0").format(**named)).description or ()
            copied = [sql.Identifier(column.name) for column in columns if column.name != "user_id"]
            # In the order of days, as dbt builds them.
            connection.execute(
                sql.SQL(
                    "insert into {table} (user_id, {copied}) select user_id || '-' || copy, {copied} from {table}"
                    " cross join generate_series(2, {copies}) as copy order by as_of"
                ).format(copied=sql.SQL(", ").join(copied), **named)
            )
            connection.execute(sql.SQL("analyze {table}").format(**named))
    return days


def measured(name: str, warehouse: Database, days: Sequence[date]) -> Found:
    """One read, in the current process."""
    begin = time.perf_counter()
    shape = READERS[name](warehouse, days)
    return shape, time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def by_training_frame(warehouse: Database, days: Sequence[date]) -> Shape:
    """Reads as the models do."""
    return Marts(warehouse, training_rows=10**9).training_frame(days, _HORIZON_DAYS).shape


def by_pandas(driver: str) -> Callable[[Database, Sequence[date]], Shape]:
    """Reads with pandas through SQLAlchemy."""

    def read(warehouse: Database, days: Sequence[date]) -> Shape:
        engine = sqlalchemy.create_engine(warehouse.url.replace("postgresql://", f"postgresql+{driver}://"))
        return pd.read_sql(_query(days), engine).shape

    return read


def by_pandas_with_adbc(warehouse: Database, days: Sequence[date]) -> Shape:
    """Reads with pandas through ADBC."""
    with dbapi.connect(warehouse.url) as connection:
        return pd.read_sql(_query(days), connection).shape


def _query(days: Sequence[date]) -> str:
    labels = ", ".join(
        f"user_labels.{column}" for column in ("has_activity", "has_purchased", "purchase_amount", "is_churned")
    )
    asked = ", ".join(f"date '{day}'" for day in days)
    return (
        f"select user_features.*, {labels} from marts.user_features"  # noqa: S608 - dates and our own column names
        f" join marts.user_labels using (user_id, as_of) where as_of in ({asked}) and horizon_days = {_HORIZON_DAYS}"
    )


OURS = "training_frame"
READERS: dict[str, Callable[[Database, Sequence[date]], Shape]] = {
    OURS: by_training_frame,
    "pandas.read_sql, psycopg2": by_pandas("psycopg2"),
    "pandas.read_sql, psycopg 3": by_pandas("psycopg"),
    "pandas.read_sql, ADBC": by_pandas_with_adbc,
}


if __name__ == "__main__":
    main()
