"""Training frames as they are read from marts: their types, their order, and no more rows than allowed."""

import logging
from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest

from ingestion.importing import import_frames
from simulator import simulate
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.marts import Marts

USERS, DAYS, HORIZON_DAYS = 60, 80, 10


def test_a_training_frame_is_typed_ordered_and_bounded(
    dbt: Callable[..., object], warehouse_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    import_frames(warehouse_url, simulate(USERS, DAYS, 3), "a made-up shop")
    warehouse = Database(warehouse_url)
    newest = event_range(warehouse).last
    cutoffs = [newest - timedelta(days=days) for days in (45, 15, 30)]
    still_open = newest - timedelta(days=1)
    chosen = ("--select", "+user_features", "+user_labels", "--exclude-resource-type", "test", "unit_test")
    asked = [day.isoformat() for day in (*cutoffs, still_open)]
    dbt("build", *chosen, as_of_dates=asked, horizon_days=HORIZON_DAYS)

    frame = Marts(warehouse).training_frame([*cutoffs, cutoffs[0], still_open], HORIZON_DAYS)

    assert dict(zip(*frame.select("as_of", "user_id").unique()["as_of"].value_counts(), strict=True)) == {
        day: _labelled(warehouse, day) for day in cutoffs
    }
    assert frame.select("as_of", "user_id").equals(frame.select("as_of", "user_id").sort("as_of", "user_id"))
    features = warehouse.frame("select * from marts.user_features limit 0").schema
    assert frame.schema == features | {
        "has_activity": pl.Boolean,
        "has_purchased": pl.Boolean,
        "purchase_amount": pl.Float64,
        "is_churned": pl.Boolean,
    }
    assert set(frame.drop("user_id", "as_of").dtypes) == {pl.Int32, pl.Float64, pl.Boolean}
    assert (frame.schema["user_id"], frame.schema["as_of"]) == (pl.String, pl.Date)
    # Values as they are in the marts, undefined ones undefined.
    one = frame.filter(as_of=cutoffs[1])
    assert one.select(features.names()).equals(
        Marts(warehouse).snapshot(cutoffs[1]).join(one, on="user_id", how="semi", maintain_order="left")
    )
    assert one["purchase_gap_mean_days"].null_count() > 0
    assert not caplog.records

    allowed = frame.height // 2
    with caplog.at_level(logging.WARNING):
        part = Marts(warehouse, training_rows=allowed).training_frame(cutoffs, HORIZON_DAYS)
    assert allowed - 2 * len(cutoffs) <= part.height <= allowed
    # Whole users: whoever is there at one cutoff is there at all.
    assert part.equals(frame.join(part, on="user_id", how="semi", maintain_order="left"))
    assert f"has {part.height:,} of {frame.height:,} rows" in caplog.text
    exact = Marts(warehouse, training_rows=frame.height).training_frame(cutoffs, HORIZON_DAYS)
    assert exact.equals(frame)


def _labelled(warehouse: Database, day: date) -> int:
    count = f"select count(*) from marts.user_labels where as_of = date '{day}'"  # noqa: S608
    return int(warehouse.frame(count).item())
