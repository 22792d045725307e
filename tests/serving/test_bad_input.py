"""What no route of any service takes: each is refused with words that name the field and show nothing of the inside."""

import json
import re
from typing import Any

import httpx
import pytest

from serving.schemas import MAX_BODY_BYTES
from tests.serving.doubles import ServiceMaker

INSIDE = re.compile(r"Traceback|File \"|\.py\b|site-packages|/tmp/|/home/|\bselect\b|pydantic|psycopg", re.I)

ROWS: tuple[tuple[str, str], ...] = (
    ("segmentation", "/predict"),
    ("purchase", "/predict"),
    ("churn", "/predict"),
    ("churn", "/explain"),
)
LISTS: tuple[tuple[str, str], ...] = (("purchase", "/targets"), ("churn", "/early-warnings"))

BYTES = [
    (b"", 400, "body"),
    (b"{", 400, "body"),
    (b"{'user_ids': ['3']}", 400, "body"),
    (b'{"user_ids": ["3"]} x', 400, "body"),
    (b"\xff\xfe{}", 400, "body"),
    (b'\xef\xbb\xbf{"user_ids": ["3"]}', 400, "body"),
    (json.dumps({"user_ids": ["3"]}).encode("utf-16"), 400, "body"),
    (json.dumps({"user_ids": ["\u00e9"]}, ensure_ascii=False).encode("latin-1"), 400, "body"),
    (rb'{"user_ids": ["\ud800"]}', 400, "body"),
    (b"[" * 100_000, 400, "body"),
    (b'{"as_of": ' * 10_000, 400, "body"),
    (b"null", 422, "body"),
    (b"[]", 422, "body"),
    (b'"3"', 422, "body"),
    (b"3", 422, "body"),
    (b'{"hat": 1}', 422, "hat"),
    (b'{"as_of": "1998-02-30"}', 422, "as_of"),
    (b'{"as_of": "1998-06-01T00:00:00"}', 422, "as_of"),
    (b'{"as_of": 896659200}', 422, "as_of"),
    (b'{"as_of": true}', 422, "as_of"),
    (b'{"hat": "' + b"x" * MAX_BODY_BYTES + b'"}', 413, "body"),
]
OF_ROWS = [
    (b'{"user_ids": ' + json.dumps(["3"] * 10_000).encode() + b"}", 422, "user_ids"),
    (b'{"user_ids": [NaN]}', 422, "user_ids[0]"),
    (b'{"user_ids": ["3", null]}', 422, "user_ids[1]"),
    (b'{"user_ids": {"0": "3"}}', 422, "user_ids"),
    (b'{"user_ids": ["3"], "reasons": NaN}', 422, "reasons"),
    (b'{"user_ids": ["3"], "reasons": 1e400}', 422, "reasons"),
    (b'{"user_ids": ["3"], "reasons": "2"}', 422, "reasons"),
    (b'{"user_ids": ["3"], "reasons": 2.5}', 422, "reasons"),
    (b'{"user_ids": ["3"], "reasons": true}', 422, "reasons"),
    (b'{"user_ids": ["3"], "reasons": 11.0}', 422, "reasons"),
    (b'{"features": [{"orders_total": NaN}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": Infinity}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": -Infinity}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": 1e400}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": ' + b"9" * 500 + b"}]}", 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": "4"}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"orders_total": true}]}', 422, "features[0].orders_total"),
    (b'{"features": [{"shoe_size": 44}]}', 422, "features[0].shoe_size"),
    (b'{"features": [{"user_id": 3}]}', 422, "features[0].user_id"),
    (b'{"features": ["3"]}', 422, "features[0]"),
]
OF_LISTS = [
    (b'{"max_users": 10000}', 422, "max_users"),
    (b'{"max_users": 0}', 422, "max_users"),
    (b'{"max_users": 2.5}', 422, "max_users"),
    (b'{"max_users": "2"}', 422, "max_users"),
    (b'{"max_users": null}', 422, "max_users"),
    (b'{"cost_per_contact": NaN}', 422, "cost_per_contact"),
    (b'{"cost_per_contact": Infinity}', 422, "cost_per_contact"),
    (b'{"cost_per_contact": -0.01}', 422, "cost_per_contact"),
    (b'{"cost_per_contact": 1e300}', 422, "cost_per_contact"),
    (b'{"budget": -Infinity}', 422, "budget"),
    (b'{"budget": "10"}', 422, "budget"),
    (b'{"budget": 1e400}', 422, "budget"),
]


def assert_refused(response: httpx.Response, status: int, field: str, what: object) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert response.status_code == status, what
    assert response.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in problem["errors"]], what
    assert not INSIDE.search(response.text), response.text
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(("kind", "path"), ROWS + LISTS)
def test_bad_bodies_are_told_which_field(kind: str, path: str, make_service: ServiceMaker) -> None:
    service = make_service(kind)

    for content, status, field in BYTES + (OF_ROWS if (kind, path) in ROWS else OF_LISTS):
        response = service.client.post(path, content=content, headers={"content-type": "application/json"})
        assert_refused(response, status, field, content[:200])
    assert service.store.asked == []
    assert service.ledger.entries == []


@pytest.mark.parametrize(("kind", "path"), ROWS + LISTS)
def test_other_methods_and_media_types_are_told_what_is_possible(
    kind: str, path: str, make_service: ServiceMaker
) -> None:
    client = make_service(kind).client

    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        response = client.request(method, path)
        assert_refused(response, 405, "method", method)
        assert response.headers["allow"] == "POST"
    for media_type in ("text/plain", "application/xml", "multipart/form-data", "application/json; charset=utf-16", ""):
        response = client.post(path, content=b"{}", headers={"content-type": media_type})
        assert_refused(response, 415, "body", media_type)


def test_a_path_nobody_knows_is_named(make_service: ServiceMaker) -> None:
    client = make_service("churn").client

    assert_refused(client.post("/targets", json={}), 404, "path", "of another service")
    assert_refused(client.get("/explain/3"), 404, "path", "below a route")
    assert_refused(client.post("/model", json={}), 405, "method", "read only")


@pytest.mark.parametrize("reasons", [2, 2.0])
def test_a_whole_number_is_one_however_it_is_written(reasons: float, make_service: ServiceMaker) -> None:
    response = make_service("churn").client.post("/predict", json={"user_ids": ["3"], "reasons": reasons})

    assert len(response.json()["predictions"][0]["reasons"]) <= 2


def test_the_least_cost_and_the_most_budget_are_no_more_than_everybody(make_service: ServiceMaker) -> None:
    asked = {"budget": 1e12, "cost_per_contact": 5e-324, "max_users": 1}

    body = make_service("purchase").client.post("/targets", json=asked).json()

    assert len(body["users"]) == 1
