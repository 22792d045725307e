"""Weekly snapshots of half a year, all in one pass, compared with what a user would use instead.

Ours are built in Postgres from int_user_daily, with everything in user_features. DuckDB, pandas and Featuretools start
from the same roll-up as Parquet and compute the sums only, without those of gaps and weights. Feast joins tables of the
same Postgres by time and computes no sums: once our own finished snapshots, and once the roll-up's newest row. Feast
and Featuretools need pandas below 3 and get an environment of their own, for which packages are downloaded.

python -m benchmarks.snapshots [--users 10000] [--days 714] [--events 3000000] [--home FOLDER] [--peers DuckDB pandas]
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from benchmarks.data import shop
from benchmarks.history import simulated
from benchmarks.snapshot_peers import (
    COUNTED,
    LIMIT_SECONDS,
    Measurement,
    by_duckdb,
    by_feast,
    by_featuretools,
    by_pandas,
    by_reading,
    isolated,
    of_days,
)
from benchmarks.steps import MODELS, build
from warehouse.database import Database

WEEKS = 26
SHARE = 10
"""Featuretools gets one of this many users: those whose number ends in 0."""
PEERS = ("DuckDB", "pandas", "Feast", "Featuretools")


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument(
        "--home", type=Path, help="folder that keeps the shop, its history and the peers for the next run"
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS)
    asked = parser.parse_args()
    with nullcontext(asked.home) if asked.home else TemporaryDirectory(prefix="bench-data-") as scratch:
        file = simulated(asked.users, asked.days, Path(scratch) / "events.parquet")
        with shop(Path(scratch) / f"home-{asked.events}", file, asked.events) as (warehouse, new_days):
            days = [new_days[0] - timedelta(days=7 * week) for week in range(WEEKS)]
            compare(warehouse, days, Path(scratch).resolve(), asked.peers)


def compare(warehouse: Database, days: Sequence[date], scratch: Path, peers: Sequence[str]) -> None:
    """Prints the cost of each peer as it is measured. Raises SystemExit if a peer's sums differ from ours."""
    build(warehouse, [days[0]])
    ours = build(warehouse, days, models=MODELS[1:], rebuild=True)
    print(
        f"{WEEKS} weekly snapshots", "| what | rows | seconds | rows a second | peak MB |", "|---" * 5 + "|", sep="\n"
    )
    held = warehouse.frame(
        f"select count(*) as rows, sum({COUNTED})::bigint as total,"  # noqa: S608
        f" count(*) filter (where {_drawn('user_id')}) as drawn_rows,"
        f" sum({COUNTED}) filter (where {_drawn('user_id')})::bigint as drawn_total"
        f" from marts.user_features where {of_days(days)}"
    ).row(0, named=True)
    for models in (MODELS[1:2], MODELS[1:]):
        steps = [ours.models[model] for model in models]
        peak = max(step.server_bytes for step in steps)
        show(" and ".join(models), Measurement(sum(step.seconds for step in steps), peak, held["rows"], None))
    show("user_features read into Polars", isolated(by_reading, warehouse, days))
    roll_up = export(warehouse, scratch / "daily.parquet")
    drawn = scratch / "drawn.parquet"
    pl.scan_parquet(roll_up).filter(pl.col("user_id").str.ends_with("0")).sink_parquet(drawn)
    snapshot_peers: dict[str, Callable[[], Iterable[tuple[str, Measurement | None]]]] = {
        "DuckDB": lambda: [("DuckDB, the sums alone", isolated(by_duckdb, days, roll_up, scratch / "duckdb.parquet"))],
        "pandas": lambda: [("pandas, the sums alone", isolated(by_pandas, days, roll_up, scratch / "pandas.parquet"))],
        "Feast": lambda: by_feast(warehouse, days, scratch),
        "Featuretools": lambda: [
            (f"Featuretools, the sums alone, a user in {SHARE}", by_featuretools(days, drawn, scratch))
        ],
    }
    for peer in peers:
        for what, taken in snapshot_peers[peer]():
            show(what, taken)
            if taken is None:
                continue
            is_drawn = peer == "Featuretools"
            expected = (held["drawn_rows"], held["drawn_total"]) if is_drawn else (held["rows"], held["total"])
            if (taken.rows, taken.total) not in (expected, (expected[0], None)):
                raise SystemExit(f"{what} has {taken.rows} rows, {COUNTED} {taken.total}; ours {expected}.")


def show(what: str, taken: Measurement | None) -> None:
    """Prints one row of the table; for a peer that was stopped, only the limit."""
    if taken is None:
        print(f"| {what} | | more than {LIMIT_SECONDS:,} | | |", flush=True)
        return
    speed = taken.rows / taken.seconds
    print(
        f"| {what} | {taken.rows:,} | {taken.seconds:.1f} | {speed:,.0f} | {taken.peak_bytes / 1e6:,.0f} |", flush=True
    )


def _drawn(user: str) -> str:
    return f"{user} like '%0'"


def export(warehouse: Database, file: Path) -> Path:
    """Writes the roll-up as Parquet. Numerics become floats, which all peers calculate with."""
    kinds = warehouse.frame("select * from intermediate.int_user_daily limit 0").schema
    plain = (pl.String, pl.Date, pl.Int32)
    columns = ", ".join(name if kind in plain else f"{name}::float8" for name, kind in kinds.items())
    warehouse.frame(f"select {columns} from intermediate.int_user_daily").write_parquet(file)  # noqa: S608
    return file


if __name__ == "__main__":
    main()
