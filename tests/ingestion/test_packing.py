"""What is handed to the database, before it is."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ingestion.packing import pack_events
from warehouse.arriving_events import EVENT_COLUMNS

NOON = datetime(2025, 7, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "ids",
    [
        ["f" * 32, "0" * 32, "a" * 32],
        # Ids that begin alike, as those of one millisecond do.
        ["a" * 31 + "2", "a" * 31 + "1", "0" * 32],
    ],
)
def test_events_are_in_the_order_of_their_ids(ids: list[str]) -> None:
    others = [name for name in EVENT_COLUMNS if name not in ("event_id", "occurred_at")]
    events = pl.DataFrame({"event_id": ids, "occurred_at": [NOON] * 3, **dict.fromkeys(others, [None] * 3)})
    packed = pack_events(events, events.get_column("event_id"))
    assert packed.rows.get_column("event_id").to_list() == sorted(ids)
    assert packed.rows.columns == events.columns
    assert packed.own_ids == "{" + ",".join(ids) + "}"
