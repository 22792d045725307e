"""A file's values in our words."""

from datetime import UTC, datetime

import polars as pl
import pytest

from data_contracts.contract import read_contract
from data_contracts.rules import validate
from ingestion.errors import MappingRefusedError
from ingestion.normalizing import find_reading, normalized, said_of_clocks
from ingestion.profile import Profile

CONTRACT = read_contract()
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def events(profile: Profile | None = None, **columns: list[object]) -> tuple[pl.DataFrame, list[str]]:
    """What becomes of columns beside those that every event needs: the good rows, and the reasons of the bad ones."""
    height = len(next(iter(columns.values())))
    needed = {
        "user_id": "u",
        "event_type": "purchase",
        "occurred_at": "2025-07-09",
        "source": "web",
        "event_id": "0" * 32,
    }
    rows = pl.DataFrame({**{name: [value] * height for name, value in needed.items()}, **columns})
    reading = find_reading(CONTRACT, rows, profile or Profile())
    contract = said_of_clocks(CONTRACT.optional("received_at", "event_id"), reading.conventions)
    validated = validate(contract, normalized(rows, CONTRACT, reading), now=NOW, conventions=reading.conventions)
    return validated.good, validated.bad["reason"].to_list()


def test_a_european_column_is_read_whole() -> None:
    good, bad = events(amount=["7,50", "2.345,60", "2.345", "4.000", "9"])
    assert good["amount"].to_list() == [7.5, 2345.6, 2345.0, 4000.0, 9.0]
    assert not bad


def test_a_row_of_another_convention_is_refused() -> None:
    rows = pl.DataFrame({"amount": ["7,50"]})
    reading = find_reading(CONTRACT, rows, Profile())
    late = pl.DataFrame({"user_id": ["u"], "amount": ["7.50"]})
    assert "amount is not a finite number" in validate(
        CONTRACT, late, now=NOW, conventions=reading.conventions
    ).bad.item(0, "reason")


def test_words_are_translated_whatever_their_capitals() -> None:
    profile = Profile(values={"event_type": {"Order Completed": "purchase"}})
    good, _ = events(profile, event_type=["order completed", " Purchase", "Add To Cart", "quiz", "Order Completed "])
    assert good["event_type"].to_list() == ["purchase", "purchase", "add_to_cart", "quiz", "purchase"]


def test_cents_become_amounts_by_currency() -> None:
    profile = Profile(is_minor=True)
    good, bad = events(profile, amount=["1990", "500", "1500", "x"], currency=["eur", "JPY", "KWD", "EUR"])
    assert good["amount"].to_list() == [19.9, 500.0, 1.5]
    assert bad == ["amount is not a finite number"]
    good, bad = events(profile, amount=[1990, 1990], currency=["EUR", None])
    assert (good["amount"].to_list(), bad) == ([19.9], ["amount is not a finite number"])
    with pytest.raises(MappingRefusedError, match="--minor-units needs the currency"):
        events(profile, amount=["1990"])


def test_cents_are_suspected() -> None:
    rows = pl.DataFrame({"amount": [1990, 2495] * 20, "currency": ["EUR"] * 40})
    (note,) = find_reading(CONTRACT, rows, Profile()).notes
    assert "--minor-units" in note
    for calm in (rows.with_columns(currency=pl.lit("JPY")), rows.with_columns(pl.col("amount") + 0.5), rows.head(3)):
        assert find_reading(CONTRACT, calm, Profile()).notes == ()


def test_a_shared_sign_needs_a_currency() -> None:
    with pytest.raises(MappingRefusedError, match=r"amount has values such as \$5"):
        events(amount=["$5", "$6"])
    good, _ = events(amount=["$5", "$1,234.50"], currency=["USD", "USD"])
    assert good["amount"].to_list() == [5.0, 1234.5]


def test_an_hour_that_the_clocks_left_out_is_refused_and_named() -> None:
    good, bad = events(Profile(time_zone="Europe/Berlin"), occurred_at=["2025-03-30 02:30:00", "2025-03-30 03:30:00"])
    assert good["occurred_at"].to_list() == [datetime(2025, 3, 30, 1, 30, tzinfo=UTC)]
    assert bad == ["occurred_at is not a time, or one that the clocks of Europe/Berlin left out"]


def test_ids_that_a_program_took_for_numbers() -> None:
    good, _ = events(user_id=["17.0", "18.0", " 17.0 "])
    assert good["user_id"].to_list() == ["17", "18", "17"]
    rows = pl.DataFrame({"user_id": ["17.0", "17"]})
    assert "17.0 end in .0" in find_reading(CONTRACT, rows, Profile()).notes[0]


def test_capitals_of_e_mail_addresses_by_option() -> None:
    users: list[object] = ["Ann@Shop.example", "ann@shop.example", "Ann"]
    assert events(user_id=users)[0]["user_id"].n_unique() == 3
    good, _ = events(Profile(is_lower_emails=True), user_id=users)
    assert good["user_id"].to_list() == ["ann@shop.example", "ann@shop.example", "Ann"]
