"""What the tests of faults share: a small shop that lives through one more day, its steps, and its tables to the bit.

Belongs here: the data steps of a run, each with the table that it writes, and how to stop them in the middle. Not: what
breaks them (`test_postgres`, `test_disk`, `test_dagster`).
"""

import json
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

import polars as pl
import psutil
import psycopg
from dbt.cli.main import dbtRunner

from core.errors import DatabaseError, OperationError
from core.home import Home
from dbt_project import PROJECT
from ingestion import import_files
from ingestion.contract_check import check_new_events
from simulator import Faults, simulate
from standalone.postgres import keep_running, running_postmaster
from standalone.stack import Platform
from warehouse.database import Database

START, DAYS, HORIZON = date(2025, 1, 6), 60, 14
NEWEST = START + timedelta(days=DAYS)
CHUNK_ROWS = 40
DBT_MODELS = (
    ("int_user_daily", "intermediate.int_user_daily"),
    ("int_user_sums", "intermediate.int_user_sums"),
    ("user_features", "marts.user_features"),
    ("user_labels", "marts.user_labels"),
    ("customer_rfm", "analytics.customer_rfm"),
    ("daily_activity", "analytics.daily_activity"),
    ("purchase_funnel", "analytics.purchase_funnel"),
    ("weekly_retention", "analytics.weekly_retention"),
)


@dataclass(frozen=True)
class Step:
    """A step of a run, and the table that it cannot do without writing to."""

    name: str
    table: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Shop:
    """A shop in a warehouse: its events up to the last day in one file, those of the last day in another."""

    url: str
    folder: Path

    def write(self, users: int) -> None:
        """Makes the two files; some events arrive late, so the last day also changes days before it."""
        events = pl.concat(list(simulate(users, DAYS, 3, start=START, faults=Faults(late=0.2))))
        day = datetime.combine(NEWEST - timedelta(days=1), datetime.min.time(), UTC)
        is_new = pl.max_horizontal("occurred_at", "received_at") >= day
        events.filter(~is_new).write_parquet(self.folder / "history.parquet")
        events.filter(is_new).sort("occurred_at").write_parquet(self.folder / "day.parquet")

    @cached_property
    def _dbt(self) -> dbtRunner:
        return dbtRunner(manifest=dbtRunner().invoke(["parse", *self._places]).result)

    @property
    def _places(self) -> list[str]:
        project = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        return [*project, "--target-path", str(self.folder), "--log-path", str(self.folder), "--quiet"]

    def dbt(self, command: str, *selected: str, newest: date = NEWEST) -> None:
        """Calls dbt for the newest day and two before it that have labels. Raises OperationError with what dbt said."""
        days = [newest - timedelta(days=back) for back in (HORIZON + 7, HORIZON, 0)]
        told = json.dumps(
            {
                "as_of_dates": [day.isoformat() for day in days],
                "horizon_days": HORIZON,
                "known_until": newest.isoformat(),
            }
        )
        chosen = ["--select", *selected] if selected else []
        done = self._dbt.invoke([command, *self._places, "--vars", told, *chosen])
        if not done.success:
            raise OperationError(str(done.exception or [result.message for result in done.result]))

    def import_file(self, name: str) -> None:
        """Brings one of the files in, in batches."""
        import_files(self.url, [self.folder / f"{name}.parquet"], chunk_rows=CHUNK_ROWS)

    def live_until_the_last_day(self) -> None:
        """Everything there is before the last day's events come."""
        self.import_file("history")
        check_new_events(Database(self.url))
        self.dbt("seed")
        self.dbt(
            "run", "staging", "int_identities", *(model for model, _ in DBT_MODELS), newest=NEWEST - timedelta(days=1)
        )

    def steps(self) -> tuple[Step, ...]:
        """The last day, step by step."""
        month = (NEWEST - timedelta(days=1)).strftime("%Y_%m")
        return (
            Step("import", f"raw.events_{month}", lambda: self.import_file("day")),
            Step("contract check", "raw.usual_events", lambda: check_new_events(Database(self.url))),
            *(Step(model, table, partial(self.dbt, "run", model)) for model, table in DBT_MODELS),
        )

    def checksums(self, only: Collection[str] = ()) -> dict[str, str]:
        """Each table, or only some, to the last bit, whatever the order of its rows.

        Of the sums only the newest: a run that finds all snapshots there keeps no others.
        """
        tables = {table: "t" for _, table in DBT_MODELS} | {
            "raw.events": "(event_id, user_id, event_type, occurred_at, received_at, order_id, item_id, amount,"
            " currency, quantity, source, properties)",
            "raw.events_quarantine": "(quarantine_id, reason, row)",
        }
        newest = "as_of = (select max(as_of) from intermediate.int_user_sums)"
        counted = {"intermediate.int_user_sums": newest}
        query = (
            "select concat(count(*), ' ', md5(string_agg(r, '|' order by r)))"
            " from (select {}::text as r from {} as t where {})"
        )
        with psycopg.connect(self.url, options="-c timezone=UTC") as connection:
            found = {
                table: connection.execute(query.format(row, table, counted.get(table, "true")).encode()).fetchall()
                for table, row in tables.items()
                if table in (only or tables)
            }
        return {table: str(rows[0][0]) for table, rows in found.items()}


@contextmanager
def stopped_in_the_middle(home: Home, step: Step, url: str) -> Iterator[threading.Event]:
    """Stops Postgres at once, as `pg_ctl stop -m immediate` does, while the block waits to write to the step's table.

    The event is set once it has come to that. In the middle for certain: what the step did before is done, what it
    writes is not.
    """
    stopped = threading.Event()
    postmaster = running_postmaster(home)
    assert postmaster is not None
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute(f"lock table {step.table} in share mode".encode())
        blocked = "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))"

        def stop() -> None:
            while watcher.execute(blocked, [holder.info.backend_pid]).fetchone() == (0,):
                if given_up.wait(0.05):
                    return
            process = psutil.Process(postmaster.pid)
            # pg_ctl refuses to run as root; this is what it sends.
            process.send_signal(signal.SIGQUIT)
            process.wait(60)
            stopped.set()

        given_up = threading.Event()
        stopper = threading.Thread(target=stop)
        stopper.start()
        try:
            yield stopped
        finally:
            given_up.set()
            stopper.join()
            holder.close()
            watcher.close()


def back_to_the_evening(platform: Platform) -> None:
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("drop database warehouse with (force)")
        connection.execute("create database warehouse template evening")
        # Until then a copied sequence would give numbers again that it gave before a crash, whoever copied it.
        connection.execute("checkpoint")


def start_again(platform: Platform) -> None:
    """Starts Postgres if it has ended, on the port it had, and returns when it answers."""
    assert keep_running(platform.home) == platform.server.port
    deadline = time.monotonic() + 60
    while True:
        try:
            platform.server.connect("warehouse").close()
        except DatabaseError:
            # It may be starting again by itself.
            assert time.monotonic() < deadline, "Postgres does not come back"
            time.sleep(0.2)
        else:
            return


def connections(platform: Platform) -> list[str]:
    """Who is connected, but for who asks."""
    with platform.server.connect("postgres") as connection:
        asked = "select application_name || ': ' || query from pg_stat_activity where backend_type = 'client backend'"
        return [str(who) for (who,) in connection.execute(f"{asked} and pid <> pg_backend_pid()").fetchall()]
