"""Importing events compared with a bare COPY of the same rows into the same table. Prints one table.

`.venv/bin/python -m benchmarks.ingest [--events 500000]`; 10,000,000 events take about ten minutes, 6 GB of disk and
2 GB of memory.

Bare COPY uses one connection and one transaction. It writes the rows in the order of the file, as CSV text that is
ready in memory, into `raw.events` with its partitions created before. It has no rules, no ids, no quarantine and no
check. The import reads a Parquet file, and the contract check then reads all stored rows. A second import of the same
file finds every event already known.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
from psycopg import sql

from benchmarks.processor_time import processor_seconds
from core.home import Home
from core.settings import Settings
from data_contracts.contract import read_contract
from ingestion import event_writer, packing
from ingestion.batches import prepare
from ingestion.contract_check import check_new_events
from ingestion.importing import import_files
from ingestion.mapping import wanted_columns
from ingestion.normalizing import Reading
from ingestion.profile import Profile
from ingestion.readers import read_chunks
from simulator import simulate, write
from standalone.postgres import running_postmaster
from standalone.stack import running_platform
from warehouse.arriving_events import EVENT_COLUMNS
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.roles import PIPELINE

# Events of one simulated user in the 60 days.
_EVENTS_PER_USER = 60
_DAYS = 60


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000, help="about how many events to simulate")
    wanted = parser.parse_args().events
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        file = Path(scratch) / "events.parquet"
        events = write(simulate(max(10, wanted // _EVENTS_PER_USER), _DAYS, 1), file)
        url, home = platform.warehouse_url, platform.home
        with platform.server.connect(WAREHOUSE) as connection:
            connection.execute(f"grant pg_checkpoint to {PIPELINE}")
        print(f"{events:,} events of {_DAYS} days")
        print("| what | seconds | processor seconds | events a second | speed, bare COPY = 1 |")
        print("| --- | --- | --- | --- | --- |")
        copied = _bare_copy(url, home, file)

        def print_row(what: str, cost: _Cost) -> None:
            rate, speed = events / cost.seconds, copied.seconds / cost.seconds
            print(f"| {what} | {cost.seconds:.1f} | {cost.processor:.1f} | {rate:,.0f} | {speed:.2f} |", flush=True)

        print_row("bare COPY", copied)
        _empty_warehouse(url)
        print_row("import", imported := _cost(home, lambda: import_files(url, [file])))
        print_row("contract check of all of them", checked := _cost(home, lambda: check_new_events(Database(url))))
        print_row("import and check", _Cost(imported.seconds + checked.seconds, imported.processor + checked.processor))
        print_row("import again, all known", _cost(home, lambda: import_files(url, [file])))


@dataclass(frozen=True)
class _Cost:
    """Seconds by the clock, and processor seconds of this process and of Postgres together."""

    seconds: float
    processor: float


def _cost(home: Home, work: Callable[[], object]) -> _Cost:
    begin, worked = time.perf_counter(), _processor_seconds(home)
    work()
    seconds = time.perf_counter() - begin
    # A server process that is just ending would be missed, so wait until it has ended.
    time.sleep(1)
    return _Cost(seconds, _processor_seconds(home) - worked)


def _processor_seconds(home: Home) -> float:
    """Processor seconds so far of this process and of all server processes, including those that have ended."""
    server = running_postmaster(home)
    assert server is not None, "the server has stopped"  # noqa: S101
    return time.process_time() + processor_seconds(psutil.Process(server.pid))


def _bare_copy(url: str, home: Home, file: Path) -> _Cost:
    """The COPY alone. All text is prepared before, because Postgres would work on while more text is prepared."""
    contract = read_contract()
    batches = prepare(read_chunks(file, wanted_columns(contract, Profile())), contract, Reading(), source="import")
    texts = [memoryview(packing.as_csv(batch.events.select(EVENT_COLUMNS))) for batch in batches]
    with _connect_after_checkpoint(url) as connection:
        command = sql.SQL("copy raw.events ({}) from stdin (format csv)").format(
            sql.SQL(", ").join(map(sql.Identifier, EVENT_COLUMNS))
        )
        ensure = "select raw.ensure_event_partitions(month, month) from unnest(%s::timestamptz[]) as month"
        connection.execute(ensure, [[f"2025-{month:02d}-01" for month in (1, 2, 3)]])

        def copy_all() -> None:
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(command) as copy:
                for text in texts:
                    for start in range(0, len(text), 1 << 20):
                        copy.write(text[start : start + (1 << 20)])

        return _cost(home, copy_all)


@contextmanager
def _connect_after_checkpoint(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection after a checkpoint, so that earlier writes cost nothing later."""
    with event_writer.connected(url) as connection:
        connection.execute("checkpoint")
        yield connection


def _empty_warehouse(url: str) -> None:
    """Drops all partitions, as at the beginning."""
    with _connect_after_checkpoint(url) as connection:
        leaves = connection.execute(
            "select relid::regclass::text from pg_partition_tree('raw.events') where isleaf"
        ).fetchall()
        for (name,) in leaves:
            connection.execute(sql.SQL("drop table {}").format(sql.SQL(str(name))))  # type: ignore[arg-type]
        connection.execute("checkpoint")


if __name__ == "__main__":
    main()
