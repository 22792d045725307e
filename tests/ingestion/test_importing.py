"""From chunks to what is stored, without a database."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import read_contract
from ingestion.batches import Batch, packed, prepare
from ingestion.chunks import Chunk
from ingestion.errors import OnlyBadRowsError
from ingestion.event_writer import Stored
from ingestion.exchange import Exchange
from ingestion.normalizing import Reading
from ingestion.packing import pack_events
from ingestion.results import ImportResult, added, commonest, demand_good_rows, lines_sentence, noted

CONTRACT = read_contract()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["a", "b", ""]),
            "event_type": st.just("purchase"),
            "occurred_at": st.sampled_from(["2025-01-01", "2025-01-01T10:00:00", "never"]),
            "amount": st.sampled_from(["1", "1.0", "", "x"]),
        }
    ),
    min_size=1,
    max_size=12,
)


def batches(rows: list[dict[str, str]], size: int = 1000, now: datetime = NOW) -> list[Batch]:
    frame = pl.DataFrame(rows)
    chunks = [
        Chunk(pl.int_range(start + 1, start + piece.height + 1, eager=True), piece, None)
        for start in range(0, len(rows), size)
        if (piece := frame[start : start + size]).height
    ]
    return list(prepare(chunks, CONTRACT, Reading(), source="import", now=now))


def identities(made: list[Batch]) -> list[str]:
    return sorted(
        [each for batch in made for each in batch.events["event_id"].to_list()]
        + [each for batch in made for each in batch.quarantine["quarantine_id"].to_list()]
    )


@settings(max_examples=12)
@given(ROWS, st.integers(1, 10), st.randoms(use_true_random=False))
def test_identities_survive_reordering_and_other_batches(rows: list[dict[str, str]], size: int, random: object) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    expected = identities(batches(rows))
    assert len(set(expected)) == len(rows)
    assert identities(batches(shuffled, size)) == expected


@settings(max_examples=12)
@given(ROWS, st.integers(1, 10))
def test_every_row_is_an_event_or_in_quarantine(rows: list[dict[str, str]], size: int) -> None:
    is_good = [row["user_id"] != "" and row["occurred_at"] != "never" and row["amount"] != "x" for row in rows]
    made = batches(rows, size)
    assert sum(batch.events.height for batch in made) == sum(is_good)
    quarantined = [row for batch in made for row in batch.quarantine.iter_rows(named=True)]
    assert [row["row_number"] for row in quarantined] == [n for n, good in enumerate(is_good, 1) if not good]
    assert all(json.loads(row["row"]) == rows[row["row_number"] - 1] for row in quarantined)


def test_what_the_file_does_not_say_is_filled_in() -> None:
    (batch,) = batches([{"user_id": "a", "event_type": "view", "occurred_at": "2025-01-02T03:04:05"}])
    event = batch.events.row(0, named=True)
    assert event["received_at"] == event["occurred_at"] == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert event["source"] == "import"


def test_what_is_filled_in_is_no_part_of_the_identity() -> None:
    row = {"user_id": "a", "event_type": "view", "occurred_at": "2025-01-02"}
    chunk = Chunk(pl.Series([1]), pl.DataFrame([row]), None)
    (first,) = prepare([chunk], CONTRACT, Reading(), source="import", now=NOW)
    (second,) = prepare([chunk], CONTRACT, Reading(), source="web", now=NOW)
    assert first.events["event_id"].to_list() == second.events["event_id"].to_list()


def test_packed_events_are_what_copy_reads() -> None:
    (batch,) = batches([{"user_id": 'q"u', "event_type": "view", "occurred_at": "2025-01-02", "amount": "1.50"}])
    packed = pack_events(batch.events)
    assert packed.months == (datetime(2025, 1, 1, tzinfo=UTC),)
    assert packed.text.decode().split(",", 1)[1] == (
        '"q""u",view,2025-01-02T00:00:00.000000,2025-01-02T00:00:00.000000,,,1.5,,,import,\n'
    )


def test_events_are_stored_in_the_order_of_their_ids_and_equal_ids_in_that_of_the_file() -> None:
    day = {"event_type": "view", "occurred_at": "2025-01-02"}
    users = {"c": "3", "a": "1", "b": "2", "d": "1"}
    (batch,) = batches([{**day, "user_id": user, "event_id": number * 32} for user, number in users.items()])
    packed = pack_events(batch.events)
    stored = [line.split(",")[:2] for line in packed.text.decode().splitlines()]
    assert stored == [["1" * 32, "a"], ["1" * 32, "d"], ["2" * 32, "b"], ["3" * 32, "c"]]
    # What is refused of them is found by its place.
    assert packed.rows["row_number"].to_list() == [2, 4, 3, 1]


def test_a_file_of_only_bad_rows_is_an_error_in_the_end() -> None:
    demand_good_rows([ImportResult(Path("a.csv"), read=2, stored=1, quarantined=1)])
    with pytest.raises(OnlyBadRowsError, match=r"Not one of the 2 rows of b.csv"):
        demand_good_rows([ImportResult(Path("b.csv"), read=2, quarantined=2)])


def test_a_negative_purchase_is_a_refund_with_the_identity_it_always_had() -> None:
    day = {"user_id": "a", "event_type": "purchase", "occurred_at": "2025-01-02"}
    rows = [
        {**day, "amount": amount, "quantity": quantity} for amount, quantity in (("5", "1"), ("-5", "1"), ("5", "-1"))
    ]
    (batch,) = batches(rows)
    assert batch.events["event_type"].to_list() == ["purchase", "refund", "refund"]
    assert batch.events["amount"].to_list() == [5.0, -5.0, 5.0]


def test_columns_of_a_connector_are_no_part_of_what_happened() -> None:
    row = {"user_id": "a", "event_type": "view", "occurred_at": "2025-01-02"}
    synced = [{**row, "_fivetran_synced": day, "exported_at": day} for day in ("2025-02-01", "2025-03-01")]
    ids = {batches([each])[0].events.item(0, "event_id") for each in (row, *synced)}
    assert len(ids) == 1


def test_reasons_and_other_types_are_counted_and_said() -> None:
    day = {"user_id": "a", "occurred_at": "2025-01-02"}
    rows = [{**day, "event_type": each} for each in ("view", "order_paid", "order_paid", "quiz", "")]
    (batch,) = packed(batches(rows), Exchange())
    result = noted(added(ImportResult(Path("a.csv")), Stored(4, 0, 1, 0, 0, 0), batch), "UTC")
    assert (result.read, dict(result.reasons)) == (5, {"event_type is missing": 1})
    assert json.loads(result.examples["event_type is missing"])["user_id"] == "a"
    assert commonest(result) == "1: event_type is missing"
    assert result.notes[0] == "counted as `other`: order_paid (2), quiz (1)"
    assert "--map 'event_type:order_paid=purchase'" in result.notes[1]


@pytest.mark.parametrize(("users", "is_said"), [(range(120), True), ([*range(119), 0], False), (range(50), False)])
def test_users_who_never_come_again_are_pointed_out(users: Sequence[int], is_said: bool) -> None:
    """Across batches, and only where a file is long enough for it to mean something."""
    rows = [{"user_id": f"u{user}", "event_type": "view", "occurred_at": "2025-01-02"} for user in users]
    result = ImportResult(Path("a.csv"))
    for batch in packed(batches(rows, size=50), Exchange()):
        result = added(result, Stored(batch.events.height, 0, 0, 0, 0, 0), batch)
    assert any("no user has two events" in note for note in noted(result, "UTC").notes) == is_said


def test_lines_add_up() -> None:
    assert lines_sentence(ImportResult(Path("a.csv"), read=9, lines=12, skipped=2)) == (
        "12 lines are 9 rows, 1 lines that go on with a row, and 2 that are the head or empty"
    )


def test_rows_that_wait_are_events_and_are_told_with_points() -> None:
    day = {"user_id": "a", "occurred_at": "2025-01-02", "event_type": "purchase", "amount": "250"}
    rows = [{**day, "currency": currency} for currency in ("JPY", "EUR", "EUR", "XTR", "JPY", "SEK")]
    (batch,) = packed(batches(rows), Exchange())
    assert (batch.base, batch.waiting, batch.points) == ("EUR", {"JPY": 2, "SEK": 1}, {"XTR": 1})
    assert batch.events.columns[-1] == "base_amount"
    assert sorted(batch.events.rows["base_amount"].to_list(), key=str) == [0.0, None, None]
    result = noted(added(ImportResult(Path("a.csv")), Stored(3, 0, 3, 0, 0, 0), batch), "UTC")
    assert "3 rows (2 in JPY, 1 in SEK) wait in quarantine: amounts are added up in EUR" in result.notes[0]
    assert "1 in XTR" in result.notes[1]
    assert not result.reasons
    demand_good_rows([ImportResult(Path("a.csv"), read=3, quarantined=3, waiting={"JPY": 3})])
