"""The marts at growing histories: what one more day costs compared with a full rebuild.

All histories come from one simulated shop: each is the last N events before the new days. Users, new days and
everything else are the same in every row; only the length of history differs. Seconds are those of dbt's models without
dbt's start.

python -m benchmarks.data [--users 10000] [--days 714] [--events 300000 1000000 3000000] [--home FOLDER]
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.history import load_history, read_events, simulated
from benchmarks.steps import MODELS, Run, build
from core.settings import Settings
from ingestion.importing import import_frames
from standalone.stack import running_platform
from warehouse.database import Database

NEW_DAYS = 5
"""How many new days are built one by one. The simulated shop sends its weekly campaign on one of them."""


@dataclass(frozen=True)
class NewDay:
    """The measurement of one more day."""

    day: date
    events: int
    run: Run


@dataclass(frozen=True)
class Size:
    """The measurements at one length of history: a build from scratch (`full`), and the new days."""

    events: int
    days: int
    users: int
    full: Run
    new_days: list[NewDay]


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, nargs="+", default=[300_000, 1_000_000, 3_000_000])
    parser.add_argument("--home", type=Path, help="folder that keeps the shop and its histories for the next run")
    parser.add_argument(
        "--verify-up-to",
        type=int,
        default=10_000_000,
        help="above this number of events, compare the snapshot with one built from the roll-up instead of events",
    )
    asked = parser.parse_args()
    with nullcontext(asked.home) if asked.home else TemporaryDirectory(prefix="bench-data-") as scratch:
        file = simulated(asked.users, asked.days, Path(scratch) / "events.parquet")
        found: list[Size] = []
        for events in sorted(asked.events):
            with shop(Path(scratch) / f"home-{events}", file, events) as (warehouse, new_days):
                found.append(measure(warehouse, file, new_days, from_events=events <= asked.verify_up_to))
            print_tables(found)


@contextmanager
def shop(home: Path, file: Path, events: int) -> Iterator[tuple[Database, list[date]]]:
    """A warehouse with the last `events` events of the file before the new days, and the new days, not yet imported."""
    day = pl.col("occurred_at").dt.date().alias("day")
    by_day = pl.scan_parquet(file).group_by(day).agg(pl.len()).sort("day").collect(engine="streaming")
    new_days = by_day["day"].tail(NEW_DAYS).to_list()
    history = by_day.head(-NEW_DAYS).reverse().with_columns(pl.col("len").cum_sum())
    first = history.filter(pl.col("len") <= 1.001 * events)["day"].min()
    with running_platform(Settings(home=home, database_url=None)) as platform:
        os.environ.update(platform.environment)
        load_history(platform.warehouse_url, file, first, new_days[0] - timedelta(days=1))
        yield Database(platform.warehouse_url), new_days


def measure(warehouse: Database, file: Path, new_days: Sequence[date], *, from_events: bool) -> Size:
    """Builds the history from scratch, then day by day, then the last day from scratch, which must give the same."""
    delete_events_from(warehouse, new_days[0])
    full = build(warehouse, [new_days[0]], "--full-refresh")
    counts = warehouse.frame(
        "select sum(events)::bigint as events, max(occurred_day) - min(occurred_day) + 1 as days,"
        " (select count(*) from intermediate.int_user_sums) as users from intermediate.int_user_daily"
    ).row(0, named=True)
    found = []
    for day in new_days:
        stored = import_frames(warehouse.url, read_events(file, day, day), f"{day}").stored
        found.append(NewDay(day, stored, build(warehouse, [day + timedelta(days=1)])))
    as_of = new_days[-1] + timedelta(days=1)
    carried_on = digest(warehouse, as_of)
    if from_events:
        build(warehouse, [as_of], "--full-refresh")
    else:
        build(warehouse, [as_of], models=MODELS[1:], rebuild=True)
    if digest(warehouse, as_of) != carried_on:
        raise SystemExit(f"The snapshot of {as_of} that was carried forward differs from the one built from scratch.")
    return Size(**counts, full=full, new_days=found)


def delete_events_from(warehouse: Database, first: date) -> None:
    """Deletes the new days that an earlier call imported."""
    with warehouse.transaction() as connection:
        connection.execute("delete from raw.events where occurred_at >= %s::date", [first])


def digest(warehouse: Database, as_of: date) -> str:
    """A checksum of all bits of a snapshot."""
    query = "select md5(string_agg(md5(mart::text), '' order by user_id)) from marts.user_features as mart"
    return str(warehouse.frame(f"{query} where as_of = date '{as_of}'").item())


def print_tables(sizes: Sequence[Size]) -> None:
    """The cost of one more day and of a full rebuild, by length of history; the days one by one; memory."""
    curve = Table(title="One more day (mean) beside a full rebuild, seconds of dbt's models", box=None)
    for name in (
        "events",
        "days",
        "users",
        "new events",
        "one day",
        "full rebuild",
        "ratio",
        "ratio of processor time",
    ):
        curve.add_column(name, justify="right")
    runs = Table(title="Run by run; memory and files in MB", box=None)
    for name in ("events", "what", "new events", "seconds", "processor", *MODELS, "dbt", "files"):
        runs.add_column(name, justify="right")
    for size in sizes:
        one_day = {model: mean(day.run.models[model].seconds for day in size.new_days) for model in MODELS}
        full = {model: step.seconds for model, step in size.full.models.items()}
        counts = (size.events, size.days, size.users, round(mean(day.events for day in size.new_days)))
        ratio = size.full.seconds / sum(one_day.values())
        cpu_ratio = size.full.cpu_seconds / mean(day.run.cpu_seconds for day in size.new_days)
        row = (total_seconds(one_day), total_seconds(full), f"{ratio:.1f}", f"{cpu_ratio:.1f}")
        curve.add_row(*(f"{count:,}" for count in counts), *row)
        for what, events, run in [
            ("full rebuild", 0, size.full),
            *((f"{day.day}", day.events, day.run) for day in size.new_days),
        ]:
            took = total_seconds({model: step.seconds for model, step in run.models.items()})
            peaks = [run.models[model].server_bytes for model in MODELS]
            peaks += [max(step.dbt_bytes for step in run.models.values()), run.spilled_bytes]
            row = (what, f"{events:,}", took, f"{run.cpu_seconds:.1f}", *(f"{peak / 1e6:,.0f}" for peak in peaks))
            runs.add_row(f"{size.events:,}", *row)
    for table in (curve, runs):
        Console(width=200).print(table)


def total_seconds(taken: dict[str, float]) -> str:
    """Seconds of each model, and of all."""
    return " + ".join(f"{each:.1f}" for each in taken.values()) + f" = {sum(taken.values()):.1f}"


if __name__ == "__main__":
    main()
