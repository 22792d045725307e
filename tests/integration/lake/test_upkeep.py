"""Upkeep: fewer files with the same rows, no snapshot that is too old, and no file that nothing refers to."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import dagster as dg
import psycopg
import pyarrow as pa
import pytest
from pyiceberg.transforms import MonthTransform
from pyiceberg.typedef import Record

from core.errors import OperationError
from core.home import prepare_home
from ingestion.lake_accepting import accept
from lake.catalogue import Lake
from lake.events import changed_from, events_table
from lake.files import data_files, written
from lake.tables import tables
from lake.upkeep import keep_up
from orchestration.lake_upkeep import lake_upkeep
from orchestration.resources import WarehouseResource
from privacy.erasure import erase_user
from tests.integration.ingestion.test_accepting import EVENT
from tests.integration.lake.held import files, held
from warehouse.database import Database


def fill(lake: Lake, batches: int) -> None:
    for number in range(batches):
        batch = [{**EVENT, "event_id": str(UUID(int=10 * number + place))} for place in range(10)]
        accept(lake, batch)


def current(lake: Lake) -> Any:
    with lake.reading() as transaction:
        return events_table(transaction).current_snapshot()


def test_small_files_become_few_and_nothing_else_changes(lake: Lake) -> None:
    fill(lake, 6)
    before, snapshot = held(lake), current(lake)
    kept = keep_up(lake, file_rows=30)
    assert (kept.compacted, kept.made, kept.expired, kept.removed) == (6, 2, 0, 0)
    assert held(lake).sort("event_id").equals(before.sort("event_id"))
    (figures,) = tables(lake)
    assert (figures.name, figures.rows, figures.files) == ("raw.events", 60, 2)
    # Who built from the snapshot before need not build anew.
    with lake.reading() as transaction:
        assert changed_from(events_table(transaction), snapshot.snapshot_id) is None
    assert keep_up(lake, file_rows=30).compacted == 0


def test_files_of_a_month_are_put_together_and_lose_a_user(lake: Lake, tmp_path: Path) -> None:
    """Spark keeps the days of users by the month of their receipt."""
    months = {648: [date(2024, 1, 1), date(2024, 1, 31)], 649: [date(2024, 2, 1)]}
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("intermediate")
        kind = pa.schema([("user_id", pa.string()), ("received_day", pa.date32())])
        table = transaction.catalogue.create_table("intermediate.int_user_daily", kind)
        with table.update_spec() as spec:
            spec.add_field("received_day", MonthTransform())
        for user in ("anna", "ben"):
            with table.transaction() as change, change.update_snapshot().fast_append() as snapshot:
                for month, days in months.items():
                    rows = pa.table({"user_id": [user] * len(days), "received_day": days}, schema=kind)
                    for file in written(table, rows, Record(month)):
                        snapshot.append_data_file(file)
    assert keep_up(lake).compacted == 4
    assert rows_of_months(lake) == {648: 4, 649: 2}
    erase_user(Database(lake.url), prepare_home(tmp_path), "anna", [], is_expected=True)
    assert rows_of_months(lake) == {648: 2, 649: 1}


def rows_of_months(lake: Lake) -> dict[int, int]:
    """How many rows the one file of each month has."""
    with lake.reading() as transaction:
        table = transaction.table(("intermediate", "int_user_daily"))
        assert table is not None
        found = [(each.file.partition[0], each.file.record_count) for each in data_files(table)]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_old_snapshots_expire_and_files_without_a_table_go(lake: Lake) -> None:
    fill(lake, 3)
    keep_up(lake)
    before = held(lake)
    stray = Path(unquote(urlsplit(lake.location).path)) / "marts" / "dropped" / "data" / "left.parquet"
    stray.parent.mkdir(parents=True)
    stray.touch()
    other = stray.parents[1] / "notes.txt"
    other.touch()
    assert keep_up(lake).removed == 0
    kept = keep_up(lake, kept=timedelta(), in_the_making=timedelta())
    assert kept.expired == 4
    assert not stray.exists()
    assert len([file for file in files(lake) if file.suffix == ".parquet"]) == 1
    assert other.exists()
    assert held(lake).equals(before)


def test_a_view_of_spark_keeps_its_file(lake: Lake) -> None:
    """pyiceberg does not list views. Without its file, a view can neither be read nor replaced."""
    fill(lake, 1)
    metadata = Path(unquote(urlsplit(lake.location).path)) / "staging" / "stg_events" / "metadata"
    metadata.mkdir(parents=True)
    older, newest = (metadata / f"0000{number}-a.gz.metadata.json" for number in range(2))
    older.touch()
    newest.touch()
    with psycopg.connect(lake.url) as connection:
        connection.execute(
            "insert into lake.iceberg_tables values ('lake', 'staging', 'stg_events', %s, %s, 'VIEW')",
            [newest.as_uri(), older.as_uri()],
        )
    keep_up(lake, kept=timedelta(), in_the_making=timedelta())
    assert newest.exists()
    assert not older.exists()


def test_dagster_does_it_where_there_is_a_lake(lake: Lake) -> None:
    for batches in (0, 2):
        fill(lake, batches)
        with dg.DagsterInstance.ephemeral() as instance:
            done = lake_upkeep.execute_in_process(
                resources={"warehouse": WarehouseResource(url=lake.url)}, instance=instance
            )
        assert done.success
    assert tables(lake)[0].files == 1


def test_a_lake_whose_files_are_gone_says_so(lake: Lake) -> None:
    fill(lake, 1)
    for file in files(lake):
        file.unlink()
    with pytest.raises(OperationError, match=r"raw\.events cannot be read where its catalogue says"):
        tables(lake)
