"""The demo's data, read as events."""

from datetime import UTC, datetime
from pathlib import Path

from ingestion.cdnow import cdnow_file, read_cdnow


def test_padded_columns_become_purchases(tmp_path: Path) -> None:
    file = tmp_path / "master.txt"
    file.write_text(
        " customer_id  date number_of_cds  dollar_value\n 00001 19970101  1   11.77\n 00002 19970112 12   77.00\n"
    )
    events = read_cdnow(file)
    assert events["user_id"].to_list() == ["00001", "00002"]
    assert events["occurred_at"].to_list() == [datetime(1997, 1, 1, tzinfo=UTC), datetime(1997, 1, 12, tzinfo=UTC)]
    assert events["quantity"].to_list() == [1, 12]
    assert events["amount"].to_list() == [11.77, 77.0]


def test_the_packaged_file_is_the_published_cohort() -> None:
    events = read_cdnow(cdnow_file())
    assert events.height == 69_659
    assert events["user_id"].n_unique() == 23_570
    assert round(float(events["amount"].sum()), 2) == 2_500_315.63
