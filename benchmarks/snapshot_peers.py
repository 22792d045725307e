"""How the peers of `benchmarks.snapshots` make weekly snapshots.

Belongs here: reading what dbt built, and four peers, each as its documentation describes. DuckDB, pandas and
Featuretools start from int_user_daily as Parquet and compute its sums only, without those of gaps and weights. Feast
joins tables of the same Postgres by time and computes no sums. Feast and Featuretools need pandas below 3, so they run
in an environment of their own (`peers`), for which packages are downloaded.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import yaml

from dbt_project import PROJECT
from warehouse.database import Database

PEERS_DIR = Path(__file__).with_name("peers")
LIMIT_SECONDS = 1800
COUNTED = "active_days_30d"
"""The column whose sum over all rows must be the same for every peer."""
_MEASURED = {
    "purchase_units": "round(10000 * purchase_amount)::float8",
    "refund_units": "round(10000 * refund_amount)::float8",
    "quantity_units": "round(10000 * quantity)::float8",
    "weekend_events": "case when extract(isodow from occurred_day) >= 6 then activity_events else 0 end",
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
"""The column that must be positive for a day to count as the first or last of its kind."""
_NEWEST = (
    "(select distinct on (user_id, known_day) * from intermediate.int_user_daily"
    " order by user_id, known_day, occurred_day desc) as newest"
)
"""The roll-up with one row for each user and known day, because Feast returns all rows of the same moment."""


@dataclass(frozen=True)
class Measurement:
    """The cost of a peer and its result. `total` is the sum of one column; None if the peer does not compute it."""

    seconds: float
    peak_bytes: int
    rows: int
    total: int | None


def by_reading(warehouse: Database, days: Sequence[date]) -> Measurement:
    """The stored snapshots as the pipeline reads them."""
    begin = time.monotonic()
    frame = warehouse.frame(f"select * from marts.user_features where {of_days(days)}")  # noqa: S608
    taken, peak = time.monotonic() - begin, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measurement(taken, peak, frame.height, int(frame[COUNTED].sum()))


def snapshot_columns() -> dict[str, tuple[str, int | None]]:
    """The sums that peers compute too: name to column and window in days (None: all days). No gaps, no weights."""
    model = PROJECT / "models" / "intermediate" / "int_user_sums.yml"
    (described,) = yaml.safe_load(model.read_text(encoding="utf-8"))["models"]
    found: dict[str, tuple[str, int | None]] = {}
    for name in (column["name"] for column in described["columns"]):
        window = re.fullmatch(r"(\w+?)_(?:(\d+)d|total)", name)
        if window and "weight" not in name:
            found[name] = (window[1], int(window[2]) if window[2] else None)
    return found


def sums_query(days: Sequence[date], roll_up: str) -> str:
    """One statement for DuckDB and Postgres: joins every day with what was known on it, then groups."""
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
    return (
        f"with measured as (select *, {measured} from {roll_up}), known as ("  # noqa: S608
        f"select as_of, measured.*, as_of - occurred_day as days_ago from (values {asked}) as asked(as_of)"
        f" join measured on known_day < as_of) select user_id, as_of, {', '.join(sums + ends)} from known"
        " group by user_id, as_of"
    )


def by_duckdb(days: Sequence[date], roll_up: Path, to: Path) -> Measurement:
    """From Parquet to Parquet."""
    begin = time.monotonic()
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"copy ({sums_query(days, repr(str(roll_up)))}) to '{to}' (format parquet)")
    return _found(begin, to)


def by_pandas(days: Sequence[date], roll_up: Path, to: Path) -> Measurement:
    """A loop over the days: selects what was known, then groups for each window."""
    begin = time.monotonic()
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
    return _found(begin, to)


def by_feast(warehouse: Database, days: Sequence[date], scratch: Path) -> Iterator[tuple[str, Measurement | None]]:
    """Three joins for the same users and days. The tables and their indexes are made before the time is measured.

    Only the second join has windows, which the query of its source computes: Feast computes none in Postgres.
    """
    with warehouse.transaction() as connection:
        connection.execute("drop schema if exists feast cascade; create schema feast")
        for table, moment, source in (
            ("snapshots", "as_of::timestamptz", f"marts.user_features where {of_days(days)}"),
            # A day is completely known at the next midnight.
            ("daily", "(known_day + 1)::timestamptz", _NEWEST),
        ):
            kept = warehouse.frame(f"select * from {source} limit 0").schema  # noqa: S608
            numbers = [name for name, kind in kept.items() if kind not in (pl.String, pl.Date)]
            columns = ", ".join(f"{name}::float8" for name in numbers)
            connection.execute(
                f"create table feast.{table} as select user_id, {moment} as event_timestamp, {columns} from {source};"  # noqa: S608
                f" create index on feast.{table} (user_id, event_timestamp); analyze feast.{table}"
            )
    entities = f"select user_id, as_of::timestamptz as event_timestamp from marts.user_features where {of_days(days)}"  # noqa: S608
    windows = (
        f"select as_of::timestamptz as event_timestamp, * from ({sums_query(days, 'intermediate.int_user_daily')}) s"  # noqa: S608
    )
    for what, name, source, ttl_days in (
        ("Feast, join of our snapshots", "snapshots", "select * from feast.snapshots", 6),
        ("Feast, windows in its source's query", "windows", windows, 6),
        ("Feast, join of the roll-up, ttl 365 days", "daily", "select * from feast.daily", 365),
    ):
        result = scratch / f"feast-{name}.parquet"
        yield what, by_peer("feast_join.py", scratch, [name, source, str(ttl_days), entities], result)


def by_featuretools(days: Sequence[date], roll_up: Path, scratch: Path) -> Measurement | None:
    """The sums of a part of the users, because even those take minutes."""
    asked, daily, result = (
        scratch / f"featuretools-{name}" for name in ("asked.json", "daily.parquet", "sums.parquet")
    )
    with duckdb.connect() as connection:
        measured = ", ".join(f"{expression} as {name}" for name, expression in _MEASURED.items())
        connection.execute(f"copy (select *, {measured} from '{roll_up}') to '{daily}' (format parquet)")  # noqa: S608
    asked.write_text(json.dumps({"days": days, "columns": snapshot_columns()}, default=str), encoding="utf-8")
    return by_peer("featuretools_sums.py", scratch, [str(daily), str(asked)], result)


def by_peer(script: str, scratch: Path, arguments: Sequence[str], result: Path) -> Measurement | None:
    """Runs a script of `peers` in their environment, which is created if necessary. None if it takes too long."""
    python, uv = scratch / "peers" / "bin" / "python", Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, scratch / "peers"], check=True)
        install = [uv, "pip", "install", "--quiet", "--system-certs", "--python", python]
        subprocess.run([*install, "--requirements", PEERS_DIR / "requirements.txt"], check=True)
    command = [python, "-W", "ignore", PEERS_DIR / script, *arguments, str(result)]
    # So that a query ends together with the script that sent it.
    environment = os.environ | {"PGOPTIONS": "-c client_connection_check_interval=1000"}
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=LIMIT_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        return None
    taken = json.loads(done.stdout.splitlines()[-1])
    return Measurement(taken["seconds"], int(taken["bytes"]), *_counted(result))


def isolated(work: Callable[..., Measurement], *arguments: object) -> Measurement:
    """Runs `work` in a process of its own, so that its peak memory can be measured."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def of_days(days: Sequence[date]) -> str:
    """An SQL condition: the snapshot is of one of the days."""
    return "as_of in (" + ", ".join(f"date '{day}'" for day in days) + ")"


def _found(begin: float, result: Path) -> Measurement:
    taken, peak = time.monotonic() - begin, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measurement(taken, peak, *_counted(result))


def _counted(result: Path) -> tuple[int, int | None]:
    frame = pl.scan_parquet(result)
    if COUNTED not in frame.collect_schema():
        return int(frame.select(pl.len()).collect().item()), None
    rows, total = frame.select(pl.len(), pl.col(COUNTED).sum()).collect().row(0)
    return int(rows), int(total)
