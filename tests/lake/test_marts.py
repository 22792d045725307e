"""Which snapshots of the lake are still true when something became known."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from lake.marts import still_true

DAYS = ["2024-01-10", "2024-01-11", "2024-02-01"]


def test_a_snapshot_knows_what_was_received_before_its_day() -> None:
    record = {"definition": "d", "days": {"0": DAYS}}
    assert still_true(record, date(2024, 1, 10)) == {"definition": "d", "days": {"0": DAYS[:1]}}
    assert still_true(record, date(2024, 1, 9)) == {"definition": "d", "days": {"0": []}}
    assert still_true(record, date(2024, 2, 1)) == record


def test_labels_know_what_was_received_before_their_horizon_ended() -> None:
    record = {"definition": "d", "days": {"30": DAYS, "7": DAYS}}
    assert still_true(record, date(2024, 2, 9))["days"] == {"30": DAYS[:1], "7": DAYS}


def test_a_table_without_days_stays_as_it_is() -> None:
    record = {"definition": "d", "events": "1"}
    assert still_true(record, date(2024, 1, 1)) == {**record, "days": {}}


@given(st.dates(), st.dates(), st.lists(st.dates(max_value=date(9000, 1, 1)).map(date.isoformat)))
def test_what_became_known_later_leaves_more(one: date, other: date, days: list[str]) -> None:
    earlier, later = sorted((one, other))
    record = {"days": {"30": days}}
    assert set(still_true(record, earlier)["days"]["30"]) <= set(still_true(record, later)["days"]["30"])
