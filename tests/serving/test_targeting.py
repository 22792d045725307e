"""Whom to contact for a budget, over HTTP."""

import pytest

from serving.targeting import RESPONSE, TargetingRequest
from tests.serving.doubles import AS_OF, ServiceMaker


def test_targets_come_best_first_with_what_they_bring_and_cost(make_service: ServiceMaker) -> None:
    response = make_service("purchase").client.post("/targets", json={"cost_per_contact": 0.5})

    assert response.status_code == 200
    assert RESPONSE.validate_json(response.content, strict=True)
    body = response.json()
    assert (body["model"], body["model_version"], body["as_of"]) == ("purchase", 3, AS_OF.isoformat())
    assert [(user["user_id"], user["expected_value"]) for user in body["users"]] == [("7", 12.0), ("9", 8.0)]
    assert (body["expected_value"], body["cost"]) == (20.0, 1.0)


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (TargetingRequest(), 100),
        (TargetingRequest(max_users=5, cost_per_contact=2.0), 5),
        (TargetingRequest(max_users=5, cost_per_contact=2.0, budget=7.0), 3),
        (TargetingRequest(max_users=5, budget=7.0), 5),
        (TargetingRequest(cost_per_contact=2.0, budget=0.0), 0),
    ],
)
def test_the_tighter_of_number_and_budget_holds(asked: TargetingRequest, most: int) -> None:
    assert asked.most == most


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"max_users": 0}, 422, "max_users"),
        ({"max_users": 1001}, 422, "max_users"),
        ({"cost_per_contact": -1}, 422, "cost_per_contact"),
        ({"value_of_user": "much"}, 422, "value_of_user"),
        ({"discount": 1}, 422, "discount"),
        ({"as_of": "1990-01-01"}, 404, "as_of"),
    ],
)
def test_a_bad_request_is_told_which_field(
    make_service: ServiceMaker, body: dict[str, object], status: int, field: str
) -> None:
    response = make_service("churn").client.post("/early-warnings", json=body)

    assert response.status_code == status
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_each_service_has_its_own_list_only(make_service: ServiceMaker) -> None:
    assert make_service("churn").client.post("/targets", json={}).status_code == 404
    assert make_service("segmentation").client.post("/early-warnings", json={}).status_code == 404


def test_without_the_warehouse_lists_get_503(make_service: ServiceMaker) -> None:
    service = make_service("churn")
    service.store.is_away = True

    response = service.client.post("/early-warnings", json={})

    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
