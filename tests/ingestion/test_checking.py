"""Arriving events held against the contract: an event is judged alike by itself and on columns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_contracts.contract import read_contract
from data_contracts.plain import has_plain_form
from ingestion import checking
from ingestion.checking import check_events, check_on_columns

CONTRACT = read_contract()
NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "event_id": "0B5DBF4E-5d0e-4d3c-9b0f-2f0f3a1f7c11",
    "user_id": "tg-1",
    "event_type": "purchase",
    "occurred_at": "2026-06-01T11:59:59.5+03:00",
    "order_id": 17,
    "item_id": "чай",
    "amount": "12.50",
    "currency": "eur",
    "quantity": 1,
    "source": "telegram",
    "properties": {"b": 1, "a": [1.5, None, {"c": "ü"}]},
}

WORDS = st.sampled_from(
    [
        "", " ", "a", " a", "a\u00a0", "a\x1f", "a\x00", "\x85b", "NULL", "None", "view", "Add To Cart", "purchase",
        "EUR", "eur", "€", "euro", "руб.", "E\n", "web", "import", "x" * 200, "x" * 201, "é" * 512, "é" * 513,
        "\ud800", "😀", "true", "5", "1e5",
        "-0", "0.1", "1_000", "٣", "inf", "nan", "1e400", "{}", '{"a": 1}', "\\u0000", "K" * 32,
    ]
)  # fmt: skip
NUMBERS = (
    st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from([0, -1, -0.0, 2**53, 2**53 - 1, -(2**53), 2**63, 10**12, 10**12 + 1, 1e12, 1e-320, 10**400])
)
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=3)
)
ODD = JSON | st.binary(max_size=2) | st.tuples(SCALARS) | st.just({1, 2}) | st.dictionaries(st.integers(), SCALARS)


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


PARTS = st.builds(
    "{}{}{}{}{}".format,
    st.dates().map(str)
    | st.sampled_from(["2026-06-02", "1990-01-01", "1989-12-31", "2026-02-30", "0000-01-01", "1-1-1"]),
    st.sampled_from(["T", " ", "t", ""]),
    st.times().map(str)
    | st.sampled_from(["12:00:00", "11:59:60", "24:00:00", "12:00:00.1", "23:59:59.1234567", "12:00"]),
    st.sampled_from(["Z", "+00:00", "-00:00", "+14:00", "-12:30", "+23:59", "+24:00", "+0300", "+03", " UTC", "", "z"]),
    st.sampled_from(["", "", "", " ", "\n"]),
)
MOMENTS = (
    PARTS
    | st.timedeltas(timedelta(-2), timedelta(2)).map(lambda delta: (NOW + delta).isoformat())
    | st.sampled_from([NOW.timestamp(), int(NOW.timestamp() * 1000), "20260601", "1 June 2026"])
    | ODD
)
IDS = (
    st.uuids().map(str)
    | st.uuids().map(lambda each: each.hex.upper())
    | st.sampled_from(["{" + "0" * 32 + "}", "0" * 33])
)
LIKE_GOOD = {name: st.just(value) for name, value in GOOD.items()}
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event_id": LIKE_GOOD["event_id"] | IDS | ODD,
        "user_id": LIKE_GOOD["user_id"] | ODD,
        "event_type": LIKE_GOOD["event_type"] | ODD,
        "occurred_at": LIKE_GOOD["occurred_at"] | MOMENTS,
        "order_id": ODD,
        "item_id": LIKE_GOOD["item_id"] | ODD,
        "amount": LIKE_GOOD["amount"] | NUMBERS | ODD,
        "currency": LIKE_GOOD["currency"] | ODD,
        "quantity": st.integers(-2, 2) | ODD,
        "source": LIKE_GOOD["source"] | ODD,
        "properties": LIKE_GOOD["properties"]
        | st.dictionaries(WORDS, JSON, max_size=3)
        | st.integers(0, 40).map(deep)
        | ODD,
    },
)
CHANGED = EVENTS.map(lambda changes: {**GOOD, **changes})
WHOLE = (
    CHANGED
    | EVENTS
    | st.tuples(CHANGED, st.dictionaries(WORDS | st.just("received_at"), ODD, max_size=1)).map(
        lambda both: both[0] | both[1]
    )
    | ODD
)


@settings(max_examples=400, deadline=None)
@given(WHOLE, st.sampled_from([None, "web", "elsewhere"]), st.booleans())
@example(GOOD, None, True)
@example({**GOOD, "amount": -1, "event_type": "Purchase"}, None, True)
@example({**GOOD, "quantity": -0.5}, None, False)
@example({**GOOD, "source": b""}, "web", False)
@example({**GOOD, "source": 0}, "web", False)
def test_an_event_by_itself_is_judged_as_on_columns(event: Any, source: str | None, is_strict: bool) -> None:
    expected = check_on_columns([event], source, CONTRACT, NOW, is_strict=is_strict)
    found = check_events([event], source, CONTRACT, NOW, is_strict=is_strict)
    assert found.problems == expected.problems
    assert found.good == expected.good
    # Byte for byte what the warehouse is sent.
    assert orjson.dumps(found.good.get(0)) == orjson.dumps(expected.good.get(0))


@settings(max_examples=60, deadline=None)
@given(st.lists(WHOLE, max_size=4))
def test_the_company_of_an_event_in_its_batch_changes_nothing(events: list[Any]) -> None:
    batch = [GOOD, *events, GOOD]
    found = check_events(batch, None, CONTRACT, NOW)
    alone = check_events([GOOD], None, CONTRACT, NOW).good[0]
    assert (found.good[0], found.good[len(batch) - 1]) == (alone, alone)
    assert sorted([*found.good, *found.problems]) == list(range(len(batch)))
    assert list(found.good) == sorted(found.good)


def test_usual_events_do_not_need_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "check_on_columns", None)
    assert has_plain_form(CONTRACT)
    events = [GOOD, {**GOOD, "amount": -3, "properties": None}, {**GOOD, "user_id": 1024, "amount": 7, "item_id": ""}]
    found = check_events(events, None, CONTRACT, NOW, is_strict=True)
    assert [row["event_type"] for row in found.good.values()] == ["purchase", "refund", "purchase"]
    assert [row["amount"] for row in found.good.values()] == [12.5, -3.0, 7.0]
    assert found.good[0]["occurred_at"] == datetime(2026, 6, 1, 8, 59, 59, 500_000, tzinfo=UTC)


def test_a_rule_that_plain_python_cannot_test_is_left_to_columns() -> None:
    (first, *others) = CONTRACT.row_rules
    contract = replace(CONTRACT, row_rules=(replace(first, limit="extract(hour from occurred_at) = 11"), *others))
    assert not has_plain_form(contract)
    found = check_events([GOOD], None, contract, NOW)
    assert [(each.field, each.reason) for each in found.problems[0]] == [("occurred_at", first.sentence)]
