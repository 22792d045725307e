"""What becomes of events that come one by one, without a database: the statements that a batch leads to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import accepting
from ingestion.accepting import Outcome, Problem, Status
from warehouse.database import Result, Statement

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOOD: dict[str, object] = {
    "event_id": "00000000-0000-0000-0000-000000000001",
    "user_id": "tg-1",
    "event_type": "purchase",
    "occurred_at": "2026-06-01T11:59:59Z",
    "amount": 12.5,
    "currency": "EUR",
    "source": "telegram",
}


class FakePostgres:
    """Answers as a warehouse where nothing is stored, nobody was erased, amounts are in EUR and no rate is known."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []

    def accept(self, events: list[Any], source: str | None = None) -> list[Outcome]:
        """What `accept` answers."""
        steps = accepting.steps(events, source, accepting.events_contract())
        answer: object = None
        while True:
            try:
                answer = self._answer(steps.send(answer))
            except StopIteration as end:
                return list(end.value)

    def _answer(self, statement: Statement[Any]) -> object:
        query = statement.query if isinstance(statement.query, str) else statement.query.as_string()
        if "clock_timestamp" in query:
            return NOW, "EUR"
        if "begin_receipt" in query:
            return statement.convert(Result([([], [])], 1))
        if "insert into raw.events (" in query:
            self.stored = orjson.loads(str(statement.parameters["rows"]))
            return statement.convert(Result([(list(range(len(self.stored))), [], [])], 1))
        if "insert into raw.events_quarantine" in query:
            self.refused = orjson.loads(str(statement.parameters["rows"]))
        return statement.convert(Result([], 0))


def outcome(**changes: object) -> Outcome:
    (found,) = FakePostgres().accept([{**GOOD, **changes}])
    return found


def test_the_receiver_says_when_it_received_an_event() -> None:
    postgres = FakePostgres()
    assert postgres.accept([{**GOOD, "lang": "ru", "properties": {"chat": 7}}]) == [Outcome(Status.STORED)]
    (event,) = postgres.stored
    assert datetime.fromisoformat(event["received_at"]) == NOW
    assert datetime.fromisoformat(event["occurred_at"]) == NOW - timedelta(seconds=1)
    assert (event["amount"], event["order_id"]) == (12.5, None)
    assert orjson.loads(event["properties"]) == {"chat": 7, "lang": "ru"}


def test_an_event_that_names_its_receipt_is_refused_and_kept() -> None:
    postgres = FakePostgres()
    sent = {**GOOD, "received_at": "2020-01-01"}
    (found,) = postgres.accept([sent])
    assert found == Outcome(Status.REFUSED, (Problem("received_at", "is what the receiver says; leave it out"),))
    assert postgres.stored == []
    ((number, reason, row),) = [(each["row_number"], each["reason"], each["row"]) for each in postgres.refused]
    assert (number, reason) == (1, "received_at is what the receiver says; leave it out")
    assert orjson.loads(row) == sent


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"user_id": ""}, [("user_id", "is missing")]),
        ({"event_id": None}, [("event_id", "is missing")]),
        ({"event_id": "1"}, [("event_id", "is not a UUID")]),
        (
            {"amount": "many", "currency": "euro"},
            [("amount", "is not a finite number"), ("currency", "does not match ^[A-Z]{3}$")],
        ),
        (
            {"occurred_at": "2026-06-03"},
            [
                ("occurred_at", "is more than a day after received_at"),
                ("occurred_at", "is more than a day in the future"),
            ],
        ),
        ({"source": None}, [("source", "is missing")]),
        ({"properties": [1]}, [("properties", "is not a JSON object, or holds a NUL character")]),
        ({"user_id": "a\x00b"}, [("user_id", "is not text")]),
    ],
)
def test_each_field_that_breaks_the_contract_is_named(
    changes: dict[str, object], problems: list[tuple[str, str]]
) -> None:
    assert outcome(**changes) == Outcome(Status.REFUSED, tuple(Problem(*each) for each in problems))


@pytest.mark.parametrize("event", [3, None, "text", [], {"x": float("nan")}, {"x": "\ud800"}, {1: {2}}])
def test_what_is_no_json_object_is_refused_and_stops_no_other(event: object) -> None:
    postgres = FakePostgres()
    first, second = postgres.accept([event, GOOD])
    assert first.status is Status.REFUSED
    assert [problem.field for problem in first.problems] == [""]
    assert second == Outcome(Status.STORED)
    assert len(postgres.refused) == 1


def test_a_source_is_filled_in_where_an_event_names_none() -> None:
    postgres = FakePostgres()
    events = [{**GOOD, "source": source} for source in (None, "", "web")]
    assert {found.status for found in postgres.accept(events, "mobile")} == {Status.STORED}
    assert [event["source"] for event in postgres.stored] == ["mobile", "mobile", "web"]


def test_words_are_ours_as_in_a_file() -> None:
    postgres = FakePostgres()
    postgres.accept([{**GOOD, "event_type": "Add To Cart", "currency": "eur"}, {**GOOD, "event_type": "wink"}])
    assert [(event["event_type"], event["currency"]) for event in postgres.stored] == [
        ("add_to_cart", "EUR"),
        ("wink", "EUR"),
    ]


def test_nothing_is_asked_for_an_empty_batch() -> None:
    assert FakePostgres().accept([]) == []


def test_events_are_left_as_they_were_given() -> None:
    event = {**GOOD, "properties": {"a": [1]}, "lang": "ru"}
    before = orjson.dumps(event)
    FakePostgres().accept([event])
    assert orjson.dumps(event) == before


VALUES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text()
JSON = st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2030, 1, 1)).map(str) | st.integers(0, 2 * 10**9) | JSON
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(GOOD, JSON),
        "event_id": st.uuids().map(str) | JSON,
        "user_id": st.sampled_from(["a", "b"]) | JSON,
        "event_type": st.sampled_from(["view", "Add To Cart"]) | JSON,
        "source": st.just("web") | JSON,
        "occurred_at": MOMENTS,
        "received_at": MOMENTS,
        "properties": JSON,
        "more": JSON,
    },
)


@given(st.lists(EVENTS | JSON, max_size=5))
def test_whatever_is_sent_an_event_is_stored_as_received_now_or_refused_with_a_reason(events: list[Any]) -> None:
    postgres = FakePostgres()
    outcomes = postgres.accept(events)
    assert len(outcomes) == len(events)
    stored = [place for place, each in enumerate(outcomes) if each.status is Status.STORED]
    refused = [place for place, each in enumerate(outcomes) if each.status is Status.REFUSED]
    assert sorted(stored + refused) == list(range(len(events)))
    assert [each["row_number"] - 1 for each in postgres.refused] == refused
    assert all(outcomes[place].problems for place in refused)
    assert len(postgres.stored) == len(stored)
    for event, row in zip((events[place] for place in stored), postgres.stored, strict=True):
        assert event.get("received_at") in (None, "")
        assert datetime.fromisoformat(row["received_at"]) == NOW
        assert datetime.fromisoformat(row["occurred_at"]) <= NOW + timedelta(days=1)


def test_an_amount_without_a_rate_waits_unstamped() -> None:
    postgres = FakePostgres()
    dollars = {**GOOD, "event_id": "00000000-0000-0000-0000-000000000002", "currency": "usd"}
    stars = {**GOOD, "event_id": "00000000-0000-0000-0000-000000000003", "currency": "XTR"}
    found = postgres.accept([dollars, GOOD, stars])
    why = Problem("amount", "is in USD, which has no rate for 2026-06-01")
    assert found == [Outcome(Status.WAITING, (why,)), Outcome(Status.STORED), Outcome(Status.STORED)]
    assert [row["base_amount"] for row in postgres.stored] == [None, 0.0]
    (row,) = postgres.refused
    assert (row["row_number"], row["reason"], row["waits_for"]) == (1, f"amount {why.reason}", "USD")
    waits = orjson.loads(row["row"])
    assert waits["currency"] == "USD"
    assert "received_at" not in waits
