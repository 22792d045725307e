"""What leads to users: cells of reports, rules, lists; and what the shop and a user have said to each other."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from backend.access.permissions import Role
from tests.integration.backend.conftest import Api
from tests.integration.backend.listed_users import AS_OF, found, listed_shop
from warehouse.database import command, rows

__all__ = ["listed_shop"]

pytestmark = pytest.mark.usefixtures("listed_shop")


@pytest.fixture(scope="module", autouse=True)
def gold(api: Api, listed_shop: None) -> None:
    """Two of the users have the plan gold."""
    api.warehouse.run(
        command(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source, properties)"
            " select gen_random_uuid(), user_id, 'view', '2024-03-01', '2024-03-01', 'web', '{\"plan\": \"gold\"}'"
            " from unnest(array['user 3', 'user 28']) as user_id"
        )
    )


def test_every_cell_of_rfm_leads_to_its_people(caller: httpx.Client) -> None:
    report = caller.get("/analytics/rfm").json()
    assert sum(cell["users"] for cell in report["grid"]) == sum(cell["users"] for cell in report["cells"]) > 0
    for cell in report["grid"]:
        scores = {name: cell[name] for name in ("recency_score", "value_score")}
        assert len(found(caller, **scores)) == cell["users"]
        assert found(caller, **scores) <= found(caller, rfm_cell=cell["cell"])


def test_a_cohort_and_a_step_of_the_funnel_lead_to_their_people(caller: httpx.Client) -> None:
    cohort = caller.get("/analytics/retention").json()["cohorts"][0]
    monday = date.fromisoformat(cohort["first_day"])
    newcomers = {"first_seen_from": f"{monday}", "first_seen_until": f"{monday + timedelta(days=6)}"}
    assert len(found(caller, **newcomers)) == cohort["users"]
    for week in cohort["weeks"]:
        first = monday + timedelta(weeks=week["week"])
        days = {"did": "been_active", "from_day": f"{first}", "until_day": f"{first + timedelta(days=6)}"}
        assert len(found(caller, **newcomers, **days)) == week["active_users"]

    funnel = caller.get("/analytics/funnel", params={"period": "week"}).json()
    days = {"from_day": funnel["periods"][0]["first_day"], "until_day": funnel["periods"][-1]["last_day"]}
    viewed, filled = found(caller, did="viewed", **days), found(caller, did="filled_cart", **days)
    assert len(viewed) == funnel["total"]["viewers"]
    assert len(filled) == funnel["total"]["cart_users"]
    assert found(caller, did="viewed", did_not="filled_cart", **days) == viewed - filled


def test_rules_of_an_audience_are_counted_as_they_are_listed(api: Api, caller: httpx.Client) -> None:
    on_list = caller.post("/user-lists", json={"name": "two", "user_ids": ["user 1", "user 28"]}).json()
    conditions: list[dict[str, Any]] = [
        {"kind": "number", "name": "purchase_probability", "least": 0.28},
        {"kind": "segment", "names": ["segment 2"]},
        {"kind": "list", "list_id": on_list["list_id"]},
        {"kind": "property", "name": "plan", "value": "gold"},
        {"kind": "number", "name": "active_days_total", "most": 3},
    ]
    few = "select user_id from marts.user_features where as_of = %(as_of)s and active_days_total <= 3"
    wanted = [
        {"user 29"},
        {f"user {n}" for n in range(2, 30, 3)},
        {"user 1", "user 29"},
        found(caller, property="plan:gold"),
        {str(user) for user in api.warehouse.run(rows(str, few, as_of=AS_OF))},
    ]

    def by(match: str, some: list[dict[str, Any]]) -> set[str]:
        rules = {"match": match, "conditions": some}
        listed = found(caller, rules=json.dumps(rules))
        counted = caller.post("/audiences/count", json={"rules": rules}).json()["users"]
        assert counted == len(listed)
        return listed

    for condition, users in zip(conditions, wanted, strict=True):
        assert by("all", [condition]) == users
    assert by("any", conditions) == set.union(*wanted)
    assert by("all", conditions[:3]) == set.intersection(*wanted[:3])
    nobody = {"kind": "list", "list_id": on_list["list_id"], "is_true": False}
    assert by("all", [nobody]) == found(caller) - wanted[2]
    for wrong in ({"kind": "number", "name": "nothing", "least": 1}, {"kind": "number", "name": "orders_90d"}, {}):
        rules = {"conditions": [wrong]}
        assert caller.post("/audiences/count", json={"rules": rules}).status_code == 422
        assert caller.get("/users", params={"rules": json.dumps(rules)}).status_code == 422
    assert caller.get("/users", params={"rules": "{"}).status_code == 400


def test_a_whole_filter_is_put_on_a_list_and_taken_back(caller: httpx.Client) -> None:
    made = caller.post("/user-lists", json={"name": "some", "user_ids": ["user 0", "user 28"]}).json()
    address = f"/user-lists/{made['list_id']}"
    more = caller.post(f"{address}/members", json={"audience": {"filter": {"segment": "segment 0"}}}).json()
    assert (more["added"], more["users"]) == (9, 11)
    assert found(caller, list_id=made["list_id"]) == found(caller, segment="segment 0") | {"user 29"}
    back = caller.delete(f"{address}/additions/{more['addition_id']}").json()
    assert back["users"] == 2
    assert caller.delete(f"{address}/members/user 29").json()["users"] == 1
    assert found(caller, list_id=made["list_id"]) == {"user 0"}
    for wrong in ({}, {"user_ids": ["a"], "audience": {}}):
        assert caller.post(f"{address}/members", json=wrong).status_code == 422


def test_contacts_of_a_person_are_there_under_either_id(api: Api, caller: httpx.Client) -> None:
    listed = caller.post("/user-lists", json={"name": "contacts", "user_ids": ["user 28"]}).json()
    campaign = caller.post(
        "/campaigns",
        json={
            "name": "Tea",
            "topic": "offers",
            "audience": {"list_id": listed["list_id"]},
            "variants": [{"name": "plain", "texts": {"en": "New teas"}}],
        },
    ).json()
    api.own.run(
        command(
            "insert into app.recipients (campaign_id, user_id, arm, state) values"
            " (%(campaign)s, 'user 28', 'plain', 'queued'), (%(campaign)s, 'user 29', 'control', 'control')",
            campaign=campaign["campaign_id"],
        )
    )
    answer = caller.get("/users/user 29/contacts").json()
    assert {(each["arm"], each["text"], each["is_experiment"]) for each in answer["contacts"]} == {
        ("plain", "New teas", True),
        ("control", None, True),
    }
    assert "contacts" in {each["name"] for each in answer["lists"]}
    assert (answer["feedback"], answer["topics"], answer["is_in_global_control"]) == ([], None, False)
    assert caller.get("/users/nobody/contacts").status_code == 404


def test_views_are_ones_own(caller: httpx.Client, signed_in: Callable[[Role], httpx.Client]) -> None:
    with signed_in(Role.MARKETER) as anna, signed_in(Role.ADMIN) as boris:
        view = anna.post("/views", json={"name": "Risky", "query": "risk=high"}).json()
        assert anna.post("/views", json={"name": "Risky", "query": "risk=low"}).json()["view_id"] == view["view_id"]
        assert [(each["name"], each["query"]) for each in anna.get("/views").json()] == [("Risky", "risk=low")]
        assert boris.get("/views").json() == []
        assert boris.delete(f"/views/{view['view_id']}").status_code == 404
        assert anna.delete(f"/views/{view['view_id']}").status_code == 204
        assert anna.get("/views").json() == []
    assert caller.get("/views").status_code == 403
