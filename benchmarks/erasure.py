"""Erasing users of a shop with a long history, while events keep arriving. Prints one table.

`.venv/bin/python -m benchmarks.erasure [--events 2000000] [--home FOLDER]`; with `--home` the shop stays for the next
time. One simulated shop with its last so many events; for half a year of weeks features, labels, a score and a ledger
entry for each user and model. An importer stores small files all the time; its longest wait is what an erasure costs
those who send events. Each row erases another user; the last one is named by 1,000 events of others.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import polars as pl

from benchmarks.data import shop
from benchmarks.history import simulated
from benchmarks.steps import MODELS, build
from core.home import Home, prepare_home
from ingestion.importing import import_frames
from privacy.erasure import erase_user
from warehouse.database import Database
from warehouse.events import estimated_events

_WEEKS = 26
_ERASED = 3
_MENTIONS = 1_000


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=714)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--home", type=Path, help="where the shop stays, for the next time")
    asked = parser.parse_args()
    with nullcontext(asked.home) if asked.home else TemporaryDirectory(prefix="bench-erasure-") as scratch:
        file = _with_telegram_ids(simulated(asked.users, asked.days, Path(scratch) / "events.parquet"))
        folder = Path(scratch) / f"home-{asked.events}"
        with shop(folder, file, asked.events) as (warehouse, new_days):
            if warehouse.frame("select to_regclass('marts.user_labels') is null").item():
                _build(warehouse, new_days[0])
            _measure(warehouse, prepare_home(folder))


def _with_telegram_ids(file: Path) -> Path:
    """The same events, their users named so that a mention of one is recognised wherever it stands."""
    named = file.with_stem(f"{file.stem}-telegram")
    if not named.exists():
        renamed = pl.scan_parquet(file).with_columns(pl.concat_str(pl.lit("tg-84"), "user_id").alias("user_id"))
        renamed.sink_parquet(named)
    return named


def _build(warehouse: Database, last: date) -> None:
    days = [last - timedelta(weeks=week) for week in reversed(range(_WEEKS))]
    build(warehouse, days, "--full-refresh", models=(*MODELS, "user_labels"), horizon_days=30)
    with warehouse.transaction() as connection:
        connection.execute(
            "insert into ml.scores (model, user_id, as_of, horizon_days, score, basis, model_version)"
            " select model, user_id, as_of, 30, 0.5, 'model', 1 from marts.user_features"
            " cross join unnest(array['purchase', 'churn', 'segmentation']) as model"
        )
        connection.execute(
            "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, as_of,"
            " horizon_days, score, basis) select gen_random_uuid(), 'score', model, 1, 'f', user_id, as_of,"
            " horizon_days, score, basis from ml.scores"
        )
        connection.execute(
            "insert into ml.outcomes (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount)"
            " select user_id, as_of, horizon_days, true, true, 1 from marts.user_labels"
        )
    with warehouse.transaction() as connection:
        connection.autocommit = True
        connection.execute("vacuum analyze")


def _measure(warehouse: Database, home: Home) -> None:
    users = warehouse.frame(
        "select user_id from raw.events group by user_id having count(*) between 150 and 400 order by user_id limit 50"
    )["user_id"].to_list()
    erased = warehouse.frame("select count(*) from raw.erased_users").item()
    users = users[: _ERASED + 1]
    print(f"{warehouse.run(estimated_events()):,} events; {erased} users erased before")
    print("| what | seconds | longest import of 100 events | imports meanwhile |")
    print("| --- | --- | --- | --- |")
    with _importing(warehouse) as importer:
        time.sleep(10)
    print(f"| no erasure | 10.0 | {importer.longest:.2f} | {importer.imports} |", flush=True)
    for user in users:
        if user == users[-1]:
            _mention(warehouse, user)
        with _importing(warehouse) as importer:
            begin = time.perf_counter()
            receipt = erase_user(warehouse, home, user, [])
            seconds = time.perf_counter() - begin
        assert not receipt.found, receipt.found  # noqa: S101
        rows, masked = sum(receipt.deleted.values()), sum(receipt.masked.values())
        what = f"erase {user}: {rows:,} rows deleted, {masked:,} masked"
        print(f"| {what} | {seconds:.1f} | {importer.longest:.2f} | {importer.imports} |", flush=True)


def _mention(warehouse: Database, user: str) -> None:
    """Events of others that name the user."""
    rows = pl.DataFrame({"user_id": [f"friend-{place}" for place in range(_MENTIONS)]}).with_columns(
        event_type=pl.lit("message"), occurred_at=pl.lit("2025-12-01"), properties=pl.lit(f'{{"friend": "{user}"}}')
    )
    import_frames(warehouse.url, [rows], "mentions")


@dataclass
class _Importer:
    """Seconds of the longest import, and how many there were."""

    longest: float = 0.0
    imports: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, url: str) -> None:
        rows = pl.DataFrame({"user_id": [f"new-{place}" for place in range(100)]})
        while not self.stop.is_set():
            ids = [str(uuid4()) for _ in range(rows.height)]
            events = rows.with_columns(
                event_type=pl.lit("view"), occurred_at=pl.lit("2025-12-30"), event_id=pl.Series(ids)
            )
            begin = time.perf_counter()
            import_frames(url, [events], "meanwhile")
            self.longest = max(self.longest, time.perf_counter() - begin)
            self.imports += 1
            self.stop.wait(0.05)


@contextmanager
def _importing(warehouse: Database) -> Iterator[_Importer]:
    importer = _Importer()
    thread = threading.Thread(target=importer.work, args=(warehouse.url,))
    thread.start()
    try:
        yield importer
    finally:
        importer.stop.set()
        thread.join()


if __name__ == "__main__":
    main()
