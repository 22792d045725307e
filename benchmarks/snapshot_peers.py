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
_FIRSTS = ("events", "activity_events", "order_lines")
_LASTS = ("activity_events", "order_lines", "refunds", "sessions", "carts", "notifications_opened")
"""The counts of which a user's first and last days are kept."""
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
    """The sums that peers compute too: name to column and window in days (None: all days). No gaps, no weights.

    They are the sums that user_features names (see the macro summed_columns).
    """
    daily = yaml.safe_load((PROJECT / "models" / "intermediate" / "int_user_daily.yml").read_text(encoding="utf-8"))
    counts = {column["name"] for column in daily["models"][0]["columns"]}
    features = (PROJECT / "models" / "marts" / "user_features.sql").read_text(encoding="utf-8")
    found: dict[str, tuple[str, int | None]] = {}
    for name in sorted(set(re.findall(r"\w+", re.sub(r"\bas \w+", "", features)))):
        window = re.fullmatch(r"(\w+?)_(?:(\d+)d|total)", name)
        if window and window[1] in counts:
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
        f"{function}(case when {column} > 0 then occurred_day end) as {end}_{column}_day"
        for end, function, columns in (("first", "min", _FIRSTS), ("last", "max", _LASTS))
        for column in columns
    ]
    asked = ", ".join(f"(date '{day}')" for day in days)
    return (
        f"with known as (select as_of, daily.*, as_of - occurred_day as days_ago from (values {asked}) as asked(as_of)"  # noqa: S608
        f" join {roll_up} as daily on known_day < as_of) select user_id, as_of, {', '.join(sums + ends)} from known"
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
    occurred, known = pd.to_datetime(daily["occurred_day"]), pd.to_datetime(daily["known_day"])
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
        for column in dict.fromkeys(_FIRSTS + _LASTS):
            parts.append(
                ages[rows[column] > 0].groupby(rows["user_id"]).agg(["min", "max"]).add_suffix(f"_{column}_days")
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
    asked, result = scratch / "featuretools-asked.json", scratch / "featuretools-sums.parquet"
    asked.write_text(json.dumps({"days": days, "columns": snapshot_columns()}, default=str), encoding="utf-8")
    return by_peer("featuretools_sums.py", scratch, [str(roll_up), str(asked)], result)


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
