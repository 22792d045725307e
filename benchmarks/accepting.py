"""Events accepted one by one and in batches, beside a bare COPY and a file import of the same. Prints one table.

`.venv/bin/python -m benchmarks.accepting [--months 24] [--rounds 30]`; one connection, every call a transaction that is
on disk when it ends. Bare COPY: rows ready in memory, no rules, no look whether an id is taken. The three take turns,
so that what else the machine does falls on each alike. `--months` is how many months have events, as ids are looked up
in each.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import polars as pl
import psycopg
from psycopg import sql

from core.settings import Settings
from ingestion.accepting import accept
from ingestion.importing import import_frames
from standalone.stack import running_platform
from warehouse.arriving_events import EVENT_COLUMNS

_SIZES = (1, 10, 100, 1_000)
_HISTORY = 20_000
_DAYS_PER_MONTH = 30.44

Event = dict[str, Any]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
        psycopg.connect(platform.warehouse_url, autocommit=True) as connection,
    ):
        history = [_event(days_ago=asked.months * _DAYS_PER_MONTH * place / _HISTORY) for place in range(_HISTORY)]
        import_frames(platform.warehouse_url, [pl.DataFrame(history)], "history")
        ways: dict[str, Callable[[list[Event]], object]] = {
            "bare COPY": lambda events: _copy(connection, events),
            "accept": lambda events: accept(connection, events),
            "file import": lambda events: import_frames(platform.warehouse_url, [pl.DataFrame(events)], "events"),
        }
        print("| events | " + " | ".join(f"{way}, ms" for way in ways) + " | accept: processor ms of the caller |")
        print("| --- " * (len(ways) + 2) + "|")
        for size in _SIZES:
            milliseconds: dict[str, list[float]] = {way: [] for way in ways}
            worked = []
            for _ in range(asked.rounds):
                for way, work in ways.items():
                    events = [_event() for _ in range(size)]
                    begin, processor = time.perf_counter(), time.process_time()
                    work(events)
                    milliseconds[way].append(1000 * (time.perf_counter() - begin))
                    if way == "accept":
                        worked.append(1000 * (time.process_time() - processor))
            cells = [f"{median(each):.1f} (least {min(each):.1f})" for each in milliseconds.values()]
            print(f"| {size:,} | {' | '.join(cells)} | {median(worked):.1f} |", flush=True)


def _event(days_ago: float = 0.0) -> Event:
    occurred_at = datetime.now(UTC) - timedelta(days=days_ago)
    return {
        "event_id": str(uuid4()),
        "user_id": f"tg-{uuid4().int % 10_000}",
        "event_type": "view",
        "occurred_at": occurred_at.isoformat(),
        "item_id": "mug",
        "amount": 12.5,
        "currency": "EUR",
        "source": "telegram",
        "properties": '{"chat": 7}',
    }


def _copy(connection: psycopg.Connection[Any], events: list[Event]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, EVENT_COLUMNS))
    command = sql.SQL("copy raw.events ({}) from stdin").format(columns)
    rows = [[{**event, "received_at": event["occurred_at"]}.get(name) for name in EVENT_COLUMNS] for event in events]
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    main()
