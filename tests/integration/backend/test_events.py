"""Events over HTTP: each has an answer, is stored once, and is committed before the answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.backend.conftest import Api
from warehouse.database import rows

JSON = {"content-type": "application/json"}


def event(**changes: Any) -> dict[str, Any]:
    """A good event with an id of its own."""
    return {
        "event_id": str(uuid4()),
        "user_id": "anna",
        "event_type": "view",
        "occurred_at": "2026-03-01T18:30:00Z",
        "source": "telegram",
        **changes,
    }


def stored(api: Api, *ids: str) -> set[str]:
    """Those of some events that the warehouse has."""
    query = "select event_id::text from raw.events where event_id = any(%(ids)s::uuid[])"
    return set(api.warehouse.run(rows(str, query, ids=list(ids))))


def statuses(response: httpx.Response) -> list[str]:
    """What became of each event."""
    assert response.status_code == 200, response.text
    return [each["status"] for each in response.json()["results"]]


def test_each_event_of_a_batch_has_its_own_answer(api: Api, caller: httpx.Client) -> None:
    good = event(event_type="purchase", amount=24.5, currency="EUR", order_id="A-17")
    bad = event(occurred_at="2026-13-01T00:00:00Z")
    misspelt = event(ammount=3)
    response = caller.post("/events", json=[good, bad, misspelt, good])
    assert statuses(response) == ["stored", "refused", "refused", "known"]
    results = response.json()["results"]
    assert results[1]["errors"] == [{"field": "occurred_at", "message": "is not a time"}]
    assert results[2]["errors"][0]["field"] == "ammount"
    assert stored(api, good["event_id"], bad["event_id"], misspelt["event_id"]) == {good["event_id"]}
    quarantined = api.warehouse.run(rows(str, "select row ->> 'event_id' from raw.events_quarantine"))
    assert {bad["event_id"], misspelt["event_id"]} <= set(quarantined)


def test_an_id_belongs_to_one_event(caller: httpx.Client) -> None:
    first = event()
    assert statuses(caller.post("/events", json=first)) == ["stored"]
    assert statuses(caller.post("/events", json=first)) == ["known"]
    other = caller.post("/events", json={**first, "user_id": "boris"})
    assert statuses(other) == ["conflicting"]
    assert other.json()["results"][0]["errors"][0]["field"] == "user_id"


def test_an_idempotency_key_stands_in_for_ids(api: Api, caller: httpx.Client) -> None:
    batch = [{name: value for name, value in event().items() if name != "event_id"} for _ in range(3)]
    key = {"idempotency-key": uuid4().hex}
    first = caller.post("/events", json=batch, headers=key)
    again = caller.post("/events", json=batch, headers=key)
    assert statuses(first) == ["stored"] * 3
    assert statuses(again) == ["known"] * 3
    ids = [each["event_id"] for each in first.json()["results"]]
    assert stored(api, *ids) == set(ids)
    assert statuses(caller.post("/events", json=batch, headers={"idempotency-key": uuid4().hex})) == ["stored"] * 3


def test_lines_of_json(caller: httpx.Client) -> None:
    import json

    lines = "\n".join(json.dumps(event()) for _ in range(5)) + "\n"
    response = caller.post("/events", content=lines, headers={"content-type": "application/x-ndjson"})
    assert statuses(response) == ["stored"] * 5


def test_events_that_arrive_together_are_each_stored_once(api: Api, caller: httpx.Client) -> None:
    events = [event() for _ in range(100)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda each: statuses(caller.post("/events", json=each)), [*events, *events]))
    flat = [status for answer in answers for status in answer]
    assert sorted(flat) == ["known"] * 100 + ["stored"] * 100
    assert len(stored(api, *(each["event_id"] for each in events))) == 100


def test_what_has_no_rate_waits(api: Api, caller: httpx.Client) -> None:
    assert statuses(caller.post("/events", json=event(event_type="purchase", amount=5, currency="EUR")))
    waiting = event(event_type="purchase", amount=900, currency="JPY")
    response = caller.post("/events", json=waiting)
    assert statuses(response) == ["waiting"]
    assert "JPY" in response.json()["results"][0]["errors"][0]["message"]
    assert stored(api, waiting["event_id"]) == set()


def test_received_at_is_the_servers_word(caller: httpx.Client) -> None:
    response = caller.post("/events", json=event(received_at="2020-01-01T00:00:00Z"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "events[0].received_at"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[NaN]", "application/json", 400),
        (b'["\\ud800"]', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"event_id": 1}\n{', "application/x-ndjson", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"[" + b"{}," * 10_000 + b"{}]", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"<event/>", "application/xml", 415),
        (b"{}", "", 415),
        (b" " * (5 * 1024 * 1024), "application/json", 413),
    ],
)
def test_what_cannot_be_read_is_refused(caller: httpx.Client, content: bytes, media_type: str, status: int) -> None:
    response = caller.post("/events", content=content, headers={"content-type": media_type})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["errors"], problem
    assert problem["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user_id": "\x00"}, "user_id"),
        ({"user_id": "x" * 10_000}, "user_id"),
        ({"user_id": 7.5}, "user_id"),
        ({"item_id": {}}, "item_id"),
        ({"item_id": ["teapot"]}, "item_id"),
        ({"order_id": True}, "order_id"),
        ({"event_type": 0}, "event_type"),
        ({"event_id": ""}, "event_id"),
        ({"a\x00b": 0}, "a\\0b"),
        ({"occurred_at": "0000-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at"),
        ({"amount": "a lot"}, "amount"),
        ({"event_id": "'; drop table raw.events; --"}, "event_id"),
        ({"properties": "<script>"}, "properties"),
    ],
)
def test_a_wrong_field_is_named(caller: httpx.Client, changes: dict[str, Any], field: str) -> None:
    response = caller.post("/events", json=event(**changes))
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == f"events[0].{field}"


def test_without_a_valid_key_nothing_is_stored(api: Api) -> None:
    sent = event()
    for key in (None, "ca_made-up"):
        with api.caller(key) as nobody:
            response = nobody.post("/events", json=sent)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
    assert stored(api, sent["event_id"]) == set()
