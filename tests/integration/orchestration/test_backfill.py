"""Days of the past, built in passes: killed half way, started again, and from Dagster as one run."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from dbt_project import PROJECT
from ingestion.importing import import_frames
from orchestration.backfill import Backfilled, backfill, backfill_days
from orchestration.definitions import build_definitions
from simulator import Faults, simulate
from warehouse.database import Database

FIRST, LAST, EVERY, HORIZON = date(2025, 1, 10), date(2025, 2, 21), 7, 14
DAYS = backfill_days(FIRST, LAST, EVERY)
KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from orchestration.backfill import backfill
from warehouse.database import Database
days = [date.fromisoformat(day) for day in sys.argv[4:]]
print("building", flush=True)
backfill(Database(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), days, 14, days_a_pass=2,
         progress=lambda done: done == 4 and os.kill(os.getpid(), signal.SIGKILL))
"""


def marts(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of features and labels, to the last bit."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(f"select m::text from marts.{table} as m order by 1".encode()).fetchall()  # noqa: S608
            for table in ("user_features", "user_labels")
        }


@pytest.fixture
def build(warehouse_url: str, tmp_path: Path) -> Callable[..., Backfilled]:
    """Backfills the days of a made-up shop."""
    import_frames(warehouse_url, simulate(150, 60, 7, faults=Faults(late=0.2)), "a made-up shop")

    def call(days: tuple[date, ...] = DAYS, **options: object) -> Backfilled:
        return backfill(Database(warehouse_url), PROJECT, tmp_path, days, HORIZON, **options)  # type: ignore[arg-type]

    return call


@pytest.mark.usefixtures("capfd")
def test_killed_half_way_and_started_again_it_ends_with_the_same_tables(
    build: Callable[..., Backfilled], warehouse_url: str, tmp_path: Path
) -> None:
    arguments = [warehouse_url, str(PROJECT), str(tmp_path / "killed"), *(day.isoformat() for day in DAYS)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    told: list[int] = []
    assert build(days_a_pass=4, progress=told.append) == Backfilled(days=7, built=3)
    assert told == [4, 7]
    found = marts(warehouse_url)
    assert build() == Backfilled(days=7, built=0)
    assert build(rebuild=True) == Backfilled(days=7, built=7)
    assert marts(warehouse_url) == found
    assert all(found.values())


@pytest.mark.usefixtures("capfd", "build")
def test_dagster_builds_a_range_of_days_in_one_run(warehouse_url: str) -> None:
    tags = {
        "dagster/asset_partition_range_start": FIRST.isoformat(),
        "dagster/asset_partition_range_end": (FIRST + timedelta(days=2)).isoformat(),
    }
    with dg.DagsterInstance.get() as instance:
        result = build_definitions().resolve_job_def("backfill").execute_in_process(instance=instance, tags=tags)
    assert result.success
    with psycopg.connect(warehouse_url) as connection:
        built = connection.execute("select distinct as_of from marts.user_features order by as_of").fetchall()
    assert built == [(FIRST + timedelta(days=day),) for day in range(3)]
