"""The marts at growing histories: what one more day costs beside a full rebuild, and 26 weekly snapshots beside peers.

One simulated shop; a size is its last so many events. So users, the last day and all but the length of history are the
same in every row. Seconds are those dbt took for the models, without its start. The peers start from int_user_daily as
Parquet and make the same sums, less those of gaps and weights, the way their documentation would have it.

python -m benchmarks.data [--users 10000] [--days 714] [--events 300000 1000000 3000000] [--no-peers]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.table import Table

from orchestration.assets.marts import PROJECT_DIR
from orchestration.events.importing import import_frames
from orchestration.platform.stack import running_platform
from orchestration.settings import Settings
from orchestration.simulator import simulate, write
from orchestration.warehouse import Warehouse

MODELS = ("int_user_daily", "int_user_sums", "user_features")
WEEKS = 26
_BATCH = 200_000
_END = date(2026, 1, 1)
_DAY = pl.col("occurred_at").dt.date()
_MEASURED = {
    "purchase_units": "round(10000 * purchase_amount)::double",
    "refund_units": "round(10000 * refund_amount)::double",
    "quantity_units": "round(10000 * quantity)::double",
    "weekend_events": "case when isodow(occurred_day) >= 6 then activity_events else 0 end",
}
_DAYS_OF = {
    "seen": "events",
    "activity": "activity_events",
    "purchase": "order_lines",
    "refund": "refunds",
    "session": "sessions",
    "cart": "carts",
    "notification_opened": "notifications_opened",
}
"""What makes a day the first or last of its kind."""


@dataclass(frozen=True)
class Size:
    """What was measured at one length of history: seconds by model, of one more day and of a full rebuild."""

    events: int
    days: int
    users: int
    new_events: int
    one_day: dict[str, float]
    full: dict[str, float]


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, nargs="+", default=[300_000, 1_000_000, 3_000_000])
    parser.add_argument("--no-peers", action="store_true", help="without the 26 snapshots at the largest size")
    asked = parser.parse_args()
    sizes = sorted(asked.events)
    with TemporaryDirectory(prefix="bench-data-") as scratch:
        file = Path(scratch) / "events.parquet"
        write(simulate(asked.users, asked.days, 5, start=_END - timedelta(days=asked.days)), file)
        found: list[Size] = []
        for events in sizes:
            with imported_shop(Path(scratch) / f"home-{events}", file, events) as (warehouse, last_day):
                found.append(measure(warehouse, file, last_day))
                print_curve(found)
                if events == sizes[-1] and not asked.no_peers:
                    print_peers(warehouse, last_day + timedelta(days=1), Path(scratch))


@contextmanager
def imported_shop(home: Path, file: Path, events: int) -> Iterator[tuple[Warehouse, date]]:
    """A home with the last `events` events of the file, without those of the last day; and that day."""
    by_day = pl.scan_parquet(file).group_by(_DAY.alias("day")).agg(pl.len()).sort("day", descending=True).collect()
    fits = by_day.with_columns(pl.col("len").cum_sum()).filter(pl.col("len") <= 1.001 * events)
    first, last = fits["day"].min(), fits["day"].max()
    with running_platform(Settings(home=home, database_url=None)) as platform:
        os.environ.update(platform.environment)
        import_frames(platform.warehouse_url, read_events(file, first, last - timedelta(days=1)), "history")
        yield Warehouse(platform.warehouse_url), last


def read_events(file: Path, first: date, last: date) -> Iterator[pl.DataFrame]:
    """The events of some days, a batch at a time."""
    for batch in pq.ParquetFile(file).iter_batches(_BATCH):
        yield pl.DataFrame(batch).filter(_DAY.is_between(first, last))


def measure(warehouse: Warehouse, file: Path, last_day: date) -> Size:
    """Builds the history, then one more day, then everything anew; what both say of the new day must be the same."""
    build([last_day])
    import_frames(warehouse.url, read_events(file, last_day, last_day), "one more day")
    as_of = last_day + timedelta(days=1)
    one_day = build([as_of])
    carried_on = digest(warehouse, as_of)
    full = build([as_of], "--full-refresh")
    if digest(warehouse, as_of) != carried_on:
        raise SystemExit(f"The snapshot of {as_of} that was carried on is not the one that was made anew.")
    counts = warehouse.read(
        "select count(*) as events, count(distinct user_id) as users, count(distinct occurred_at::date) as days,"  # noqa: S608
        f" count(*) filter (where occurred_at >= date '{last_day}') as new_events from raw.events"
    )
    return Size(**counts.row(0, named=True), one_day=one_day, full=full)


def digest(warehouse: Warehouse, as_of: date) -> str:
    """A checksum of a snapshot, to the last bit."""
    query = "select md5(string_agg(md5(mart::text), '' order by user_id)) from marts.user_features as mart"
    return str(warehouse.read(f"{query} where as_of = date '{as_of}'").item())


def build(
    days: Sequence[date], *arguments: str, models: Sequence[str] = MODELS, **variables: object
) -> dict[str, float]:
    """Runs dbt; returns the seconds each model took."""
    told = json.dumps({"as_of_dates": [day.isoformat() for day in days], **variables})
    with TemporaryDirectory(prefix="dbt-") as target:
        folders = ["--project-dir", PROJECT_DIR, "--profiles-dir", PROJECT_DIR]
        dbt = [Path(sys.executable).with_name("dbt"), "--quiet"]
        places = ["--target-path", target, "--log-path", target]
        chosen = ["--select", "event_types", "stg_events", *models, "--resource-types", "seed", "model"]
        subprocess.run([*dbt, "build", *chosen, "--vars", told, *arguments, *folders, *places], check=True)
        results = json.loads((Path(target) / "run_results.json").read_text(encoding="utf-8"))["results"]
    seconds = {each["unique_id"].rpartition(".")[2]: each["execution_time"] for each in results}
    return {model: seconds[model] for model in models}


def snapshot_columns() -> dict[str, tuple[str, int | None]]:
    """The sums that peers make too: name to column and window in days, none for all; gaps and weights are left out."""
    model = PROJECT_DIR / "models" / "intermediate" / "int_user_sums.yml"
    (described,) = yaml.safe_load(model.read_text(encoding="utf-8"))["models"]
    found: dict[str, tuple[str, int | None]] = {}
    for name in (column["name"] for column in described["columns"]):
        window = re.fullmatch(r"(\w+?)_(?:(\d+)d|total)", name)
        if window and "weight" not in name:
            found[name] = (window[1], int(window[2]) if window[2] else None)
    return found


def by_duckdb(days: Sequence[date], roll_up: Path, to: Path) -> None:
    """One statement: every day joined with what was known, then grouped."""
    sums = [
        f"sum(case when days_ago <= {window} then {column} else 0 end) as {name}"
        if window
        else f"sum({column}) as {name}"
        for name, (column, window) in snapshot_columns().items()
    ]
    ends = [
        f"{'min' if end == 'first' else 'max'}(case when {column} > 0 then occurred_day end) as {end}_{kind}_day"
        for end, kinds in (("first", ("seen", "activity", "purchase")), ("last", tuple(_DAYS_OF)[1:]))
        for kind, column in _DAYS_OF.items()
        if kind in kinds
    ]
    measured = ", ".join(f"{expression} as {name}" for name, expression in _MEASURED.items())
    asked = ", ".join(f"(date '{day}')" for day in days)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (with measured as (select *, {measured} from '{roll_up}'), known as ("  # noqa: S608
            f"select as_of, measured.*, as_of - occurred_day as days_ago from (values {asked}) as asked(as_of)"
            f" join measured on known_day < as_of) select user_id, as_of, {', '.join(sums + ends)} from known"
            f" group by user_id, as_of) to '{to}' (format parquet)"
        )


def by_pandas(days: Sequence[date], roll_up: Path, to: Path) -> None:
    """A loop over the days: what was known, then a groupby for each window."""
    daily = pd.read_parquet(roll_up)
    for name, column in (("purchase_units", "purchase_amount"), ("refund_units", "refund_amount")):
        daily[name] = (10_000 * daily[column].astype(float)).round()
    daily["quantity_units"] = (10_000 * daily["quantity"].astype(float)).round()
    occurred, known = pd.to_datetime(daily["occurred_day"]), pd.to_datetime(daily["known_day"])
    daily["weekend_events"] = daily["activity_events"].where(occurred.dt.dayofweek >= 5, 0)
    columns = snapshot_columns()
    snapshots = []
    for day in days:
        is_known = known < pd.Timestamp(day)
        rows, ages = daily[is_known], (pd.Timestamp(day) - occurred[is_known]).dt.days
        parts = []
        for window in sorted({window for _, window in columns.values()}, key=lambda days: days or 0):
            chosen = {column: name for name, (column, length) in columns.items() if length == window}
            within = rows if window is None else rows[ages <= window]
            parts.append(within.groupby("user_id")[list(chosen)].sum().rename(columns=chosen))
        for kind, column in _DAYS_OF.items():
            parts.append(
                ages[rows[column] > 0].groupby(rows["user_id"]).agg(["min", "max"]).add_suffix(f"_{kind}_days")
            )
        snapshots.append(pd.concat(parts, axis=1).assign(as_of=day))
    pd.concat(snapshots).to_parquet(to)


def print_curve(sizes: Sequence[Size]) -> None:
    """The cost of one more day and of a full rebuild, by length of history."""
    table = Table(title="One more day beside a full rebuild, seconds of dbt's models", box=None)
    for name in ("events", "days", "users", "new events", "one day", "full rebuild", "ratio"):
        table.add_column(name, justify="right")
    for size in sizes:
        one_day, full = (
            " + ".join(f"{seconds[model]:.1f}" for model in MODELS) + f" = {sum(seconds.values()):.1f}"
            for seconds in (size.one_day, size.full)
        )
        ratio = sum(size.full.values()) / sum(size.one_day.values())
        counts = (size.events, size.days, size.users, size.new_events)
        table.add_row(*(f"{count:,}" for count in counts), one_day, full, f"{ratio:.1f}")
    Console(width=160).print(table)


def print_peers(warehouse: Warehouse, newest: date, scratch: Path) -> None:
    """Weekly snapshots of half a year, all in one pass, beside DuckDB and pandas on the same roll-up."""
    days = [newest - timedelta(days=7 * week) for week in range(WEEKS)]
    ours = build(days, models=MODELS[1:], rebuild=True)
    roll_up = scratch / "daily.parquet"
    kinds = warehouse.read("select * from intermediate.int_user_daily limit 0").schema
    plain = (pl.String, pl.Date, pl.Int32)
    columns = ", ".join(name if kind in plain else f"{name}::float8" for name, kind in kinds.items())
    daily = warehouse.read(f"select {columns} from intermediate.int_user_daily")  # noqa: S608
    daily.write_parquet(roll_up)
    table = Table(title=f"{WEEKS} weekly snapshots of {daily['user_id'].n_unique():,} users", box=None)
    table.add_column("")
    table.add_column("seconds", justify="right")
    table.add_row("int_user_sums", f"{ours['int_user_sums']:.1f}")
    table.add_row("int_user_sums and user_features", f"{sum(ours.values()):.1f}")
    peers: dict[str, Callable[[Sequence[date], Path, Path], None]] = {"DuckDB": by_duckdb, "pandas": by_pandas}
    for name, peer in peers.items():
        started = time.monotonic()
        peer(days, roll_up, scratch / f"{name}.parquet")
        table.add_row(f"{name}, the sums only", f"{time.monotonic() - started:.1f}")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
