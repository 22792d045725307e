"""Every event once, whatever happens to its file: sent again, changed, shuffled, imported by two, killed half-way."""

import multiprocessing
import random
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import ImportResult, Progress, import_files, import_frames
from simulator import simulate

FIRST = {
    "event_id": "00000000-0000-0000-0000-000000000001",
    "user_id": "a",
    "event_type": "purchase",
    "occurred_at": "2024-01-31T23:59:59.123456",
    "amount": "0.1",
    "quantity": "3",
    "properties": '{"b": 1, "a": [1.50]}',
}


def imported(url: str, *rows: dict[str, str], **options: int) -> ImportResult:
    return import_frames(url, [pl.DataFrame([row]) for row in rows] if options else [pl.DataFrame(rows)], "rows.csv")


def fetched(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return connection.execute(query).fetchall()


def emptied(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("truncate raw.events, raw.imports, raw.events_quarantine")


HELD = "select count(*), count(distinct event_id) from raw.events"


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"amount": "0.10000000000000002"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"occurred_at": "2024-01-31T23:59:59.123457"}, "occurred_at"),
        ({"occurred_at": "2023-06-01", "user_id": "A"}, "user_id, occurred_at"),
        ({"properties": '{"a": [1.5, 2], "b": 1}'}, "properties"),
        ({"item_id": "mug", "event_type": "refund"}, "event_type, item_id"),
    ],
)
def test_a_taken_id_is_refused_and_the_columns_that_differ_are_named(
    shared_warehouse_url: str, change: dict[str, str], columns: str
) -> None:
    other = {**FIRST, **change}
    for split in (False, True):
        # In one batch, in two of one file, and in another file; and the same once more.
        emptied(shared_warehouse_url)
        options = {"split": 1} if split else {}
        both = imported(shared_warehouse_url, FIRST, other, **options)
        assert (both.stored, both.known, both.quarantined, both.conflicting) == (1, 0, 1, 1)
        again = imported(shared_warehouse_url, other)
        assert (again.stored, again.known, again.conflicting, again.quarantined_known) == (0, 0, 1, 1)
        assert imported(shared_warehouse_url, FIRST).known == 1
        assert fetched(shared_warehouse_url, "select user_id, amount::text from raw.events") == [("a", "0.1")]
        (reason, row) = fetched(shared_warehouse_url, "select reason, row from raw.events_quarantine")[0]
        assert reason == f"event_id is taken by an event with another {columns}"
        assert row == other


def test_the_same_event_written_another_way_is_known(shared_warehouse_url: str) -> None:
    emptied(shared_warehouse_url)
    same = {
        **FIRST,
        "event_id": FIRST["event_id"].replace("-", "").upper(),
        "occurred_at": "2024-02-01 01:59:59.123456+02:00",
        "amount": "1e-1",
        "quantity": "3.0",
        "properties": '{"a":[1.5],"b":1.0}',
        # A second delivery comes later.
        "received_at": "2024-02-02",
    }
    assert imported(shared_warehouse_url, FIRST, same).known == 1
    assert imported(shared_warehouse_url, same).known == 1
    assert fetched(shared_warehouse_url, "select count(*) from raw.events_quarantine") == [(0,)]


# Few ids and bodies, so that ids meet again often: with the same body, another amount, another month.
SENT = st.lists(
    st.tuples(
        st.integers(0, 12), st.sampled_from(["2024-01-01", "2024-01-02", "2024-03-01"]), st.sampled_from(["1", "2"])
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENT, min_size=1, max_size=3), st.integers(1, 40))
def test_the_first_body_of_an_id_is_stored_and_every_row_is_accounted_for(
    shared_warehouse_url: str, files: list[list[tuple[int, str, str]]], size: int
) -> None:
    emptied(shared_warehouse_url)
    held: dict[int, tuple[str, str]] = {}
    refused: set[tuple[int, str, str]] = set()
    for file in files:
        rows = pl.DataFrame(
            {
                "event_id": [f"{number:032x}" for number, _, _ in file],
                "user_id": ["u"] * len(file),
                "event_type": ["purchase"] * len(file),
                "occurred_at": [day for _, day, _ in file],
                "amount": [amount for _, _, amount in file],
            }
        )
        expected = Counter(stored=0, known=0, conflicting=0)
        for number, day, amount in file:
            if number not in held:
                held[number] = (day, amount)
                expected["stored"] += 1
            elif held[number] == (day, amount):
                expected["known"] += 1
            else:
                refused.add((number, day, amount))
                expected["conflicting"] += 1
        result = import_frames(shared_warehouse_url, rows.iter_slices(size), "sent.csv")
        assert Counter(stored=result.stored, known=result.known, conflicting=result.conflicting) == expected
    stored = fetched(
        shared_warehouse_url,
        "select ('x' || right(event_id::text, 2))::bit(8)::int, occurred_at::date::text, amount::int::text"
        " from raw.events order by 1",
    )
    assert stored == [(number, *body) for number, body in sorted(held.items())]
    assert fetched(shared_warehouse_url, "select count(*) from raw.events_quarantine") == [(len(refused),)]


def test_importers_of_the_same_events_in_opposite_orders_store_each_once(
    shared_warehouse_url: str, tmp_path: Path
) -> None:
    emptied(shared_warehouse_url)
    events = pl.concat(list(simulate(150, 40, 2)))
    doubled = pl.concat([events, events.sample(fraction=0.3, seed=1)])
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.parquet")
        doubled.sample(fraction=1, shuffle=True, seed=number).write_parquet(files[-1])
    results: list[ImportResult] = []
    threads = [
        threading.Thread(
            target=lambda file=file: results.extend(import_files(shared_warehouse_url, [file], chunk_rows=700))
        )
        for file in files
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.read for result in results] == [doubled.height] * 3
    assert sum(result.stored for result in results) == events.height
    assert sum(result.known for result in results) == 3 * doubled.height - events.height
    assert fetched(shared_warehouse_url, HELD) == [(events.height, events.height)]


def test_importers_wait_for_nobody_who_stores_other_events(shared_warehouse_url: str) -> None:
    emptied(shared_warehouse_url)
    imported(shared_warehouse_url, FIRST)
    with psycopg.connect(shared_warehouse_url) as other:
        # Half a batch of somebody else, and a reader of everything.
        other.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
            " values (gen_random_uuid(), 'b', 'view', '2024-01-05', '2024-01-05', 'web')"
        )
        other.execute("select count(*) from raw.events")
        thread = threading.Thread(
            target=lambda: imported(shared_warehouse_url, {**FIRST, "event_id": "2" * 32, "occurred_at": "2019-05-01"}),
            daemon=True,
        )
        thread.start()
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_statistics_are_renewed_once_by_a_large_import(shared_warehouse_url: str) -> None:
    emptied(shared_warehouse_url)
    rows = import_frames(shared_warehouse_url, simulate(150, 40, 2), "simulation").stored
    # The table as a whole is what autovacuum never looks at.
    estimated = "select reltuples::int from pg_class where oid = 'raw.events'::regclass"
    assert fetched(shared_warehouse_url, estimated) == [(rows,)]
    imported(shared_warehouse_url, FIRST)
    assert fetched(shared_warehouse_url, estimated) == [(rows,)]


def test_an_import_killed_at_any_moment_and_started_again_loses_and_doubles_nothing(
    shared_warehouse_url: str, tmp_path: Path
) -> None:
    killed_imports(shared_warehouse_url, tmp_path, kills=8)


@pytest.mark.soak
def test_a_hundred_kills(shared_warehouse_url: str, tmp_path: Path) -> None:
    killed_imports(shared_warehouse_url, tmp_path, kills=100)


def killed_imports(url: str, folder: Path, kills: int) -> None:
    """Kills importers at random moments until there were `kills`; whoever finishes starts over with an empty table."""
    file = folder / "events.parquet"
    events = pl.concat(list(simulate(150, 40, 5)))
    # Without ids of their own; a third of the rows are there twice, which are true duplicates.
    doubled = pl.concat([events, events.sample(fraction=0.3, seed=1)]).drop("event_id")
    doubled.write_parquet(file)
    expected = sorted(doubled.select("user_id", "event_type", pl.col("occurred_at").dt.epoch("us")).rows())
    chance = random.Random(7)
    # A fresh interpreter that has imported what an importer needs and forks from there.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["ingestion.importing"])
    emptied(url)
    acknowledged, longest, killed = 0, 1.0, 0
    while True:
        heard, told = processes.Pipe(duplex=False)
        importer = processes.Process(target=import_and_tell, args=(url, file, told))
        started = time.monotonic()
        importer.start()
        told.close()
        if killed < kills:
            importer.join(timeout=chance.uniform(0, longest))
        else:
            importer.join()
        if importer.is_alive():
            importer.kill()
            importer.join()
            killed += 1
        acknowledged += sum(received(heard))
        assert fetched(url, HELD)[0][0] >= acknowledged
        if importer.exitcode == 0:
            stored = fetched(
                url, "select user_id, event_type, (extract(epoch from occurred_at) * 1000000)::bigint from raw.events"
            )
            assert sorted(stored) == expected
            assert fetched(url, HELD) == [(len(expected), len(expected))]
            if killed == kills:
                return
            longest = time.monotonic() - started
            emptied(url)
            acknowledged = 0


def import_and_tell(url: str, file: Path, told: Connection) -> None:
    """Imports a file and tells how many rows each batch stored, once that is committed."""
    before = 0

    def tell(progress: Progress) -> None:
        nonlocal before
        told.send(progress.result.stored - before)
        before = progress.result.stored

    import_files(url, [file], chunk_rows=500, progress=tell)


def received(heard: Connection) -> list[int]:
    """What was told until the end came."""
    numbers = []
    try:
        while True:
            numbers.append(heard.recv())
    except EOFError:
        return numbers
