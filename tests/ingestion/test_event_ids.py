"""Identities depend on the row and its place among equal rows of its file, and on nothing else."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid5

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import read_contract
from data_contracts.rules import validate
from ingestion.event_ids import EVENTS, Places, allowing_any_text, identify, keyed, own_ids, row_ids

NAMES = st.lists(st.sampled_from(["a", "b", "c", "d\x00e", ""]), max_size=60)


def in_batches(names: list[str], sizes: list[int]) -> list[str]:
    places, ids, start = Places(), [], 0
    for size in [*sizes, len(names)]:
        ids += row_ids(EVENTS, pl.Series(names[start : start + size], dtype=pl.String), places).to_list()
        start += size
    return ids


def test_ids_are_version_5_uuids_of_row_and_place() -> None:
    ids = in_batches(["row", "other", "row"], [])
    assert ids == [uuid5(EVENTS, "row").hex, uuid5(EVENTS, "other").hex, uuid5(EVENTS, "row\x00#1").hex]


@settings(max_examples=50)
@given(NAMES, st.lists(st.integers(0, 7), max_size=12))
def test_batches_do_not_matter(names: list[str], sizes: list[int]) -> None:
    assert in_batches(names, sizes) == in_batches(names, [])


@settings(max_examples=50)
@given(NAMES, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_every_row_has_its_own(names: list[str], random: object) -> None:
    shuffled = sorted(names, key=lambda _: random.random())  # type: ignore[attr-defined]
    ids = in_batches(names, [])
    assert len(set(ids)) == len(names)
    assert sorted(in_batches(shuffled, [3, 5])) == sorted(ids)


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 9), max_size=30), max_size=8))
def test_places_count_equal_keys(batches: list[list[int]]) -> None:
    places, seen = Places(), Counter[int]()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(seen[key])
            seen[key] += 1
        assert places.take(np.array(batch, np.uint64)).tolist() == expected


def events(**columns: list[object]) -> pl.DataFrame:
    height = len(next(iter(columns.values())))
    texts = ("event_id", "user_id", "event_type", "order_id", "item_id", "currency", "source", "properties")
    empty = {name: pl.Series([None] * height, dtype=pl.String) for name in texts}
    times = {
        name: pl.Series([None] * height, dtype=pl.Datetime("us", "UTC")) for name in ("occurred_at", "received_at")
    }
    numbers = {name: pl.Series([None] * height, dtype=pl.Float64) for name in ("amount", "quantity")}
    return pl.DataFrame(empty | times | numbers).with_columns(**{k: pl.Series(v) for k, v in columns.items()})


def test_a_sender_s_own_id_wins() -> None:
    own = UUID(int=7).hex
    ids = identify(events(event_id=[None, own, None], user_id=["a", "a", "a"]), Places()).to_list()
    assert ids[1] == own
    # The row with an id of its own is not counted among the equal ones.
    assert [ids[0], ids[2]] == identify(events(user_id=["a", "a"]), Places()).to_list()


def test_a_value_in_another_column_is_another_row() -> None:
    first = identify(events(order_id=["x"]), Places())
    second = identify(events(item_id=["x"]), Places())
    assert first.to_list() != second.to_list()


def test_any_text_may_be_an_id_and_senders_do_not_share_theirs() -> None:
    uuid = "0F" * 16
    given = read_ids([uuid, "1", " 1 ", "1.0", None, ""])
    ours, theirs = own_ids(given, "shop"), own_ids(given, "till")
    assert ours[0] == theirs[0] == uuid.lower()
    assert ours[1] == ours[2] != ours[3]
    assert ours[1] != theirs[1]
    assert ours.to_list()[4:] == [None, None]
    assert own_ids(read_ids([1, 2]), "shop")[0] == ours[1]


def read_ids(ids: list[object]) -> pl.Series:
    """Ids of a file as the contract reads them for the import."""
    needed = {"user_id": "u", "event_type": "view", "occurred_at": "2025-07-09", "source": "web"}
    rows = pl.DataFrame({"event_id": ids}).with_columns(**{name: pl.lit(value) for name, value in needed.items()})
    contract = allowing_any_text(read_contract().optional("event_id", "received_at"))
    return validate(contract, rows, now=datetime(2026, 6, 1, tzinfo=UTC)).good.get_column("event_id")


def test_a_key_is_the_identity() -> None:
    events = pl.DataFrame(
        {
            "event_id": [None] * 3,
            "order_id": ["o", "o", None],
            "item_id": ["i", "j", None],
            "amount": [1.0, 2.0, 3.0],
        },
        schema_overrides={"event_id": pl.String},
    )
    made = keyed(events, ("order_id", "item_id"), "shop")["event_id"].to_list()
    assert made[0] != made[1]
    assert made[2] is None
    again = events.with_columns(amount=pl.lit(9.0))
    assert keyed(again, ("order_id", "item_id"), "shop")["event_id"].to_list() == made
