"""Importing events beside a bare COPY of the same rows into the same table. Prints one table.

`.venv/bin/python -m benchmarks.ingest [--events 500000]`; 10,000,000 events take some ten minutes and 6 GB of disk.

Bare COPY: one connection, one transaction, the rows as CSV text that is ready in memory, into `raw.events` with its
partitions made before; no rules, no ids, no quarantine, no check. The import reads a Parquet file, and the contract
check then looks at all it stored. A second import of the same file finds every event known.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from data_contracts.contract import read_contract
from orchestration.contracts import check_new_events
from orchestration.events import store
from orchestration.events.importing import import_files, prepare
from orchestration.events.mapping import wanted_columns
from orchestration.events.readers import read_chunks
from orchestration.platform.stack import running_platform
from orchestration.settings import Settings
from orchestration.simulator import simulate, write
from orchestration.warehouse import Warehouse

# Events that a user of the simulator's shop makes in its 60 days.
_EVENTS_PER_USER = 60
_DAYS = 60


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000, help="about how many events to simulate")
    wanted = parser.parse_args().events
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        file = Path(scratch) / "events.parquet"
        events = write(simulate(max(10, wanted // _EVENTS_PER_USER), _DAYS, 1), file)
        url = platform.warehouse_url
        copied = _bare_copy(url, file)
        _emptied(url)
        imported = _seconds(lambda: import_files(url, [file]))
        checked = _seconds(lambda: check_new_events(Warehouse(url)))
        again = _seconds(lambda: import_files(url, [file]))
    print(f"{events:,} events of {_DAYS} days")
    print("| what | seconds | events a second | speed, bare COPY = 1 |")
    print("| --- | --- | --- | --- |")
    for what, seconds in (
        ("bare COPY", copied),
        ("import", imported),
        ("contract check of all of them", checked),
        ("import and check", imported + checked),
        ("import again, all known", again),
    ):
        print(f"| {what} | {seconds:.1f} | {events / seconds:,.0f} | {copied / seconds:.2f} |")


def _bare_copy(url: str, file: Path) -> float:
    """Seconds of the COPY alone; making the text of each batch is not counted."""
    contract = read_contract()
    chunks = read_chunks(file, wanted_columns(contract, {}))
    seconds = 0.0
    with _quiet(url) as connection:
        command = sql.SQL("copy raw.events ({}) from stdin (format csv)").format(
            sql.SQL(", ").join(map(sql.Identifier, store.EVENT_COLUMNS))
        )
        ensure = "select raw.ensure_event_partitions(month, month) from unnest(%s::timestamptz[]) as month"
        connection.execute(ensure, [[f"2025-{month:02d}-01" for month in (1, 2, 3)]])
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(command) as copy:
            for batch in prepare(chunks, contract, {}, source="import"):
                text = memoryview(store.pack_events(batch.events).text)
                begin = time.perf_counter()
                for start in range(0, len(text), 1 << 20):
                    copy.write(text[start : start + (1 << 20)])
                seconds += time.perf_counter() - begin
            begin = time.perf_counter()
        return seconds + time.perf_counter() - begin


@contextmanager
def _quiet(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection after a checkpoint, so that nobody pays for what was written before."""
    with store.connected(url) as connection:
        connection.execute("checkpoint")
        yield connection


def _emptied(url: str) -> None:
    """Makes the warehouse as it was, without partitions."""
    with _quiet(url) as connection:
        leaves = connection.execute(
            "select relid::regclass::text from pg_partition_tree('raw.events') where isleaf"
        ).fetchall()
        for (name,) in leaves:
            connection.execute(sql.SQL("drop table {}").format(sql.SQL(str(name))))  # type: ignore[arg-type]
        connection.execute("checkpoint")


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
