"""What amounts are worth in base currency, without a database."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.exchange import Converted, Exchange, by_currency, convert, with_base
from ingestion.quarantine import as_row, waiting
from warehouse.arriving_events import EVENT_COLUMNS
from warehouse.exchange_rates import RATES_SCHEMA

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
JPY = ("JPY", date(2025, 3, 7), 0.00625, date(2025, 3, 13))
Money = tuple[float | None, str | None]


def events(*amounts: Money, at: datetime = NOON) -> pl.DataFrame:
    schema = {"amount": pl.Float64, "currency": pl.String}
    frame = pl.DataFrame(amounts, schema=schema, orient="row")
    return frame.with_columns(pl.lit(at).dt.convert_time_zone("UTC").alias("occurred_at"))


def exchange(*rates: tuple[object, ...], base: str | None = "EUR") -> Exchange:
    frame = pl.DataFrame(rates, schema=RATES_SCHEMA, orient="row")
    return Exchange(base, frame, frozenset(frame["currency"].unique()))


def worth(found: Converted) -> list[float | None]:
    return found.events["base_amount"].to_list()


def test_nothing_is_added_where_all_is_in_base_currency() -> None:
    given_events = events((10.0, "EUR"), (5.0, None), (None, "JPY"), (0.0, "USD"))
    found = convert(given_events, exchange())
    assert found.events is given_events
    assert found.waiting.is_empty()


def test_an_amount_is_worth_the_last_rate_before_or_on_its_day() -> None:
    rates = (
        JPY,
        ("JPY", date(2025, 3, 11), 0.5, date(2025, 3, 11)),
        ("USD", date(2025, 3, 10), 0.9, date(2025, 3, 16)),
    )
    found = convert(events((1000.0, "JPY"), (10.0, "EUR"), (-10.0, "USD"), (3.0, None)), exchange(*rates))
    assert worth(found) == [6.25, None, -9.0, None]
    assert found.events["amount"].to_list() == [1000.0, 10.0, -10.0, 3.0]


@pytest.mark.parametrize(("days", "is_known"), [(-4, False), (-3, True), (3, True), (4, False)])
def test_a_rate_holds_from_its_day_to_its_last(days: int, is_known: bool) -> None:
    found = convert(events((1000.0, "JPY"), at=NOON + timedelta(days=days)), exchange(JPY))
    assert found.events.height == is_known
    day = (NOON + timedelta(days=days)).date()
    reasons = [] if is_known else [f"amount is in JPY, which has no rate for {day}"]
    assert found.waiting["reason"].to_list() == reasons


def test_a_newer_rate_that_is_too_old_does_not_fall_back_to_an_older_one() -> None:
    old = ("JPY", date(2025, 1, 1), 0.007, date(2026, 1, 1))
    found = convert(events((1000.0, "JPY"), at=NOON + timedelta(days=9)), exchange(old, JPY))
    assert found.waiting.height == 1


def test_points_are_worth_nothing_until_somebody_says_what() -> None:
    found = convert(events((250.0, "XTR"), (1.0, "EUR")), exchange())
    assert (worth(found), found.points) == ([0.0, None], {"XTR": 1})
    rate = ("XTR", date(2025, 3, 10), 0.013, date(2025, 3, 10))
    assert worth(convert(events((250.0, "XTR")), exchange(rate))) == [3.25]
    assert convert(events((250.0, "XTR"), at=NOON + timedelta(days=1)), exchange(rate)).waiting.height == 1


def test_what_is_worth_too_much_waits() -> None:
    rate = ("KWD", date(2025, 3, 10), 3.0, date(2025, 3, 10))
    found = convert(events((1e12, "KWD"), (1e11, "KWD")), exchange(rate))
    assert worth(found) == [3e11]
    assert found.waiting["reason"].to_list() == ["amount is worth more than 1,000,000,000,000 EUR"]


def test_the_base_currency_is_the_commonest_whatever_the_order() -> None:
    rows: list[Money] = [(1.0, "JPY"), (2.0, "EUR"), (2.0, "EUR"), (0.0, "USD"), (None, "USD"), (5.0, None)]
    many: list[Money] = [(9.0, "XTR")] * 5
    for ordered in (rows + many, many + rows[::-1]):
        assert with_base(exchange(base=None), events(*ordered)).base == "EUR"
    assert with_base(exchange(base=None), events(*many, (1.0, None))).base is None
    assert with_base(exchange(base="USD"), events(*rows)).base == "USD"


MONEY = st.tuples(
    st.none() | st.floats(-1e12, 1e12),
    st.none() | st.sampled_from(["EUR", "JPY", "USD", "XTR", "AAA"]),
)


@given(st.lists(MONEY, min_size=1, max_size=20), st.booleans())
def test_every_event_is_stored_or_waits_and_none_counts_without_a_rate(rows: list[Money], has_rates: bool) -> None:
    money = exchange(*((JPY,) if has_rates else ()))
    found = convert(events(*rows), money)
    assert found.events.height + found.waiting.height == len(rows)
    stored = found.events
    if "base_amount" not in stored.columns:
        stored = stored.with_columns(pl.lit(None, pl.Float64).alias("base_amount"))
    for amount, currency, _, base in stored.iter_rows():
        is_base = not amount or currency in (None, "EUR")
        assert (base is None) == is_base
        if currency == "JPY" and not is_base:
            assert has_rates
            assert base == pytest.approx(amount * 0.00625, abs=1e-6)


def test_a_row_that_waits_is_the_event_as_it_will_be_stored() -> None:
    event: dict[str, object] = dict.fromkeys(EVENT_COLUMNS)
    event |= {"event_id": "0" * 32, "user_id": "a", "amount": 5.5, "currency": "JPY", "occurred_at": NOON}
    event |= {"properties": '{"b":"é"}'}
    (row,) = waiting(pl.DataFrame([{**event, "reason": "amount is in JPY"}]), [7]).to_dicts()
    assert (row["row_number"], row["reason"], row["waits_for"]) == (7, "amount is in JPY", "JPY")
    assert row["row"] == as_row(event)
    assert json.loads(row["row"]) == {
        "event_id": "0" * 32,
        "user_id": "a",
        "amount": 5.5,
        "currency": "JPY",
        "occurred_at": "2025-03-10T12:00:00+00:00",
        "properties": {"b": "é"},
    }


def test_many_currencies_are_told_in_few_words() -> None:
    assert by_currency({"JPY": 59, "USD": 1071}) == "1,071 in USD, 59 in JPY"
    many = {f"Q{letter}A": place for place, letter in enumerate("ABCDEFG", start=1)}
    assert by_currency(many) == "7 in QGA, 6 in QFA, 5 in QEA, 4 in QDA, 3 in QCA, 3 in 2 other currencies"
