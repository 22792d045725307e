"""Upkeep: fewer files with the same rows, no snapshot that is too old, and no file that nothing refers to."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import dagster as dg
import pytest

from core.errors import OperationError
from ingestion.lake_accepting import accept
from lake.catalogue import Lake
from lake.events import changed_from, events_table
from lake.tables import tables
from lake.upkeep import keep_up
from orchestration.lake_upkeep import lake_upkeep
from orchestration.resources import WarehouseResource
from tests.integration.ingestion.test_accepting import EVENT
from tests.integration.lake.held import files, held


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
