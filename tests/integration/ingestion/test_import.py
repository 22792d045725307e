"""Importing into a real warehouse: exactly once in effect, bad rows apart, nothing half-written."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest

from core.errors import DatabaseError
from ingestion import (
    FileRefusedError,
    ImportResult,
    Profile,
    Progress,
    ReexportError,
    import_files,
    import_frames,
)
from ingestion.errors import ImportStoppedError
from simulator import Faults, simulate

ROWS = [
    {
        "customer": "a",
        "event_type": "purchase",
        "occurred_at": "2024-01-31T23:59:59",
        "amount": "12.50",
        "city": "Rome",
    },
    {"customer": "a", "event_type": "purchase", "occurred_at": "2024-02-01", "amount": "3", "city": ""},
    # A true duplicate stays.
    {"customer": "a", "event_type": "purchase", "occurred_at": "2024-02-01", "amount": "3", "city": ""},
    {"customer": "", "event_type": "purchase", "occurred_at": "2024-02-01", "amount": "3", "city": ""},
    {"customer": "b", "event_type": "refund", "occurred_at": "when?", "amount": "x", "city": "\u0000"},
    {"customer": "b", "event_type": "wink", "occurred_at": "2024-03-01", "amount": "", "city": 'Köln "x"'},
]
PROFILE = Profile({"user_id": "customer"})


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return result.read, result.stored, result.known, result.quarantined, result.quarantined_known


def fetched(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    pl.DataFrame(ROWS).write_csv(path)
    return path


def test_events_and_bad_rows_go_their_ways(warehouse_url: str, shop: Path) -> None:
    (result,) = import_files(warehouse_url, [shop], profile=PROFILE)
    assert counts(result) == (6, 4, 0, 2, 0)
    stored = fetched(
        warehouse_url,
        "select user_id, event_type, occurred_at::text, received_at = occurred_at, amount::float8, source, properties"
        " from raw.events order by occurred_at, user_id",
    )
    assert stored[0] == ("a", "purchase", "2024-01-31 23:59:59+00", True, 12.5, "import", {"city": "Rome"})
    assert stored[1] == stored[2] == ("a", "purchase", "2024-02-01 00:00:00+00", True, 3.0, "import", None)
    assert stored[3] == ("b", "wink", "2024-03-01 00:00:00+00", True, None, "import", {"city": 'Köln "x"'})
    quarantined = fetched(warehouse_url, "select row_number, reason, row from raw.events_quarantine order by 1")
    assert quarantined[0][:2] == (4, "user_id is missing")
    assert quarantined[1][:2] == (
        5,
        "occurred_at is not a time; amount is not a finite number;"
        " properties is not a JSON object, or holds a NUL character",
    )
    assert quarantined[1][2] == {**ROWS[4], "city": "\N{SYMBOL FOR NULL}"}
    assert fetched(
        warehouse_url,
        "select file_name, rows_read, rows_stored, rows_known, rows_quarantined, finished_at is not null"
        " from raw.imports",
    ) == [("shop.csv", 6, 4, 0, 2, True)]


@pytest.mark.parametrize("chunk_rows", [1, 2, 1000])
def test_importing_again_changes_nothing(warehouse_url: str, shop: Path, tmp_path: Path, chunk_rows: int) -> None:
    import_files(warehouse_url, [shop], profile=PROFILE)
    shuffled = tmp_path / "shuffled.csv"
    pl.DataFrame(ROWS[::-1]).write_csv(shuffled)
    for file in (shop, shuffled):
        (again,) = import_files(warehouse_url, [file], profile=PROFILE, chunk_rows=chunk_rows)
        assert counts(again) == (6, 0, 4, 2, 2)
    assert fetched(warehouse_url, "select count(*) from raw.events") == [(4,)]


def test_json_lines_and_parquet_bring_the_same_events(warehouse_url: str, shop: Path, tmp_path: Path) -> None:
    import_files(warehouse_url, [shop], profile=PROFILE)
    good = [{name: value or None for name, value in row.items()} for row in (*ROWS[1:3], ROWS[5])]
    lines = tmp_path / "shop.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in good))
    parquet = tmp_path / "shop.parquet"
    pl.DataFrame(good).with_columns(
        pl.col("amount").cast(pl.Float64), pl.col("occurred_at").str.to_datetime()
    ).write_parquet(parquet)
    for result in import_files(warehouse_url, [lines, parquet], profile=PROFILE):
        assert counts(result) == (3, 0, 3, 0, 0)


def test_simulated_events_load_and_load_again(warehouse_url: str) -> None:
    seen: list[Progress] = []
    first = import_frames(warehouse_url, simulate(200, 60, 1), "simulation", progress=seen.append)
    assert first.stored == first.read == seen[-1].result.stored
    again = import_frames(warehouse_url, simulate(200, 60, 1), "simulation")
    assert (again.stored, again.known) == (0, first.read)
    other = import_frames(warehouse_url, simulate(200, 67, 1), "simulation")
    assert other.stored == other.read


def test_duplicates_and_bad_rows_of_a_simulated_shop_are_stopped_at_the_door(warehouse_url: str) -> None:
    clean = sum(frame.height for frame in simulate(200, 60, 1))
    faults = Faults(duplicates=0.05, bad=0.05)
    result = import_frames(warehouse_url, simulate(200, 60, 1, faults=faults), "simulation")
    assert (result.stored, result.read) == (clean, clean + result.known + result.quarantined)
    for rows in (result.known, result.quarantined):
        assert 0.04 < rows / clean < 0.06


def test_two_importers_of_one_file_store_every_event_once(warehouse_url: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    events = pl.concat(list(simulate(300, 60, 2)))
    events.drop("event_id").write_parquet(path)
    results: list[ImportResult] = []
    threads = [
        threading.Thread(target=lambda: results.extend(import_files(warehouse_url, [path], chunk_rows=1_000)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.stored for result in results) == events.height
    assert sum(result.known for result in results) == events.height
    assert fetched(warehouse_url, "select count(*), count(distinct event_id) from raw.events") == [
        (events.height, events.height)
    ]


def test_a_batch_that_cannot_be_stored_leaves_those_before_it_whole(warehouse_url: str) -> None:
    frames = list(simulate(300, 28, 3))

    def with_a_refusal() -> Iterator[pl.DataFrame]:
        yield frames[0]
        with psycopg.connect(warehouse_url) as connection:
            connection.execute("alter table raw.events add constraint none_more check (false) not valid")
        yield frames[1]

    with pytest.raises(ImportStoppedError, match=r"could not store events: .* import the file again"):
        import_frames(warehouse_url, with_a_refusal(), "simulation")
    stored, noted = fetched(
        warehouse_url, "select count(*), (select sum(rows_stored) from raw.imports) from raw.events"
    )[0]
    assert stored == noted
    assert stored in (0, frames[0].height)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("alter table raw.events drop constraint none_more")
    assert import_frames(warehouse_url, frames, "simulation").read == sum(frame.height for frame in frames)
    assert fetched(warehouse_url, "select count(*) from raw.events") == [(sum(frame.height for frame in frames),)]


def test_no_file_is_touched_when_one_cannot_be_read(warehouse_url: str, shop: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no")
    with pytest.raises(FileRefusedError, match=r"broken\.parquet cannot be read"):
        import_files(warehouse_url, [shop, broken], profile=PROFILE)
    assert fetched(warehouse_url, "select count(*) from raw.events") == [(0,)]
    assert fetched(warehouse_url, "select count(*) from raw.imports") == [(0,)]


def test_a_database_that_is_not_there_is_one_sentence(shop: Path) -> None:
    with pytest.raises(DatabaseError, match=r"^The warehouse cannot be reached: .*is the platform up\?$"):
        import_files("postgresql://nobody@127.0.0.1:1/warehouse", [shop], profile=PROFILE)


def test_a_file_whose_events_are_stored_under_other_ids_is_refused(warehouse_url: str, tmp_path: Path) -> None:
    days = [f"2025-02-{day:02d} 10:00:00" for day in range(1, 11)]
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for file, total in ((first, "1"), (second, "2")):
        lines = [f"u,purchase,{day},o{place},9.50,{total}" for place, day in enumerate(days)]
        file.write_text("\n".join(["user_id,event_type,occurred_at,order_id,amount,running_total", *lines]))
    import_files(warehouse_url, [first])
    (again,) = import_files(warehouse_url, [first])
    assert (again.known, again.stored) == (10, 0)
    with pytest.raises(ReexportError, match="10 of 10 rows looked at equal stored events"):
        import_files(warehouse_url, [second])
    (forced,) = import_files(warehouse_url, [second], even_if_known=True)
    assert forced.stored == 10


def test_a_key_makes_an_export_known_again(warehouse_url: str, tmp_path: Path) -> None:
    profile = Profile(key=("order_id",))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    head = "user_id,event_type,occurred_at,order_id,amount,running_total\n"
    first.write_text(head + "u,purchase,2025-02-01,o1,9.50,1\n")
    second.write_text(head + "u,purchase,2025-02-01,o1,9.50,1\nu,purchase,2025-02-02,o2,9.50,2\n")
    import_files(warehouse_url, [first], profile=profile)
    (result,) = import_files(warehouse_url, [second], profile=profile)
    assert (result.known, result.stored) == (1, 1)


def test_what_the_database_cannot_hold_is_quarantined(warehouse_url: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    users = ["good", "x" * 3_000, "nul\x00", "NULL"]
    lines = [f'{user},view,2025-02-01,"{{""a"":1}}"' for user in users]
    lines += [
        'late,view,99999-01-01,"{}"',
        'half,view,2025-02-01,"{""a"":""\\ud800""}"',
        'wide,view,2025-02-01,"{""a"":1e999999}"',
    ]
    file.write_text("\n".join(["user_id,event_type,occurred_at,properties", *lines]))
    (result,) = import_files(warehouse_url, [file])
    assert (result.read, result.stored, result.quarantined) == (7, 1, 6)


def test_aliases_that_join_nothing_are_counted(warehouse_url: str, tmp_path: Path) -> None:
    path = tmp_path / "aliases.jsonl"
    said = [{"previous_id": "anonymous-1"}, {"previous_id": "anonymous-1"}, {"previous_id": "undefined"}, {}]
    path.write_text(
        "\n".join(
            json.dumps(
                {"user_id": "anna", "event_type": "alias", "occurred_at": f"2024-02-0{day}", "properties": properties}
            )
            for day, properties in enumerate(said, 1)
        )
    )
    (result,) = import_files(warehouse_url, [path])
    assert (result.stored, result.joining_nothing) == (4, 3)
    assert any("joined nothing" in note for note in result.notes)
    assert fetched(warehouse_url, "select old_user_id, new_user_id from raw.user_aliases") == [("anonymous-1", "anna")]
