"""Users over HTTP: lists in any order with pages that lose and repeat nobody, and one user under any id."""

from typing import Any, LiteralString

import httpx
import pytest

from tests.integration.backend.conftest import Api
from tests.integration.backend.listed_users import AS_OF, listed_shop, pages
from warehouse.database import command, value

__all__ = ["listed_shop"]

pytestmark = pytest.mark.usefixtures("listed_shop")

SORTS = ["user_id", "expected_value", "purchase_probability", "churn_probability", "last_active_day"]


@pytest.mark.parametrize("sort", [*SORTS, "purchase_amount_total"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_everyone_once_in_order(caller: httpx.Client, sort: str, order: str) -> None:
    listed = [user for page in pages(caller, "/users", "users", sort=sort, order=order, limit=7) for user in page]
    assert len({user["user_id"] for user in listed}) == len(listed) == 29
    keys = [(user[sort] is not None, user[sort] or 0, user["user_id"]) for user in listed]
    assert keys == sorted(keys, reverse=order == "desc")


def test_users_are_found_by_properties_of_their_events(api: Api, caller: httpx.Client) -> None:
    event: LiteralString = (
        "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source, properties)"
        " select gen_random_uuid(), user_id, 'view', at, at, 'web', properties::jsonb from (values"
        " ('user 3', '2024-03-01'::timestamptz, '{\"plan\": \"gold\", \"seats\": 5}'),"
        " ('user 4', '2024-03-01', '{\"plan\": \"a:b\"}'),"
        " ('user 28', '2024-03-01', '{\"plan\": \"gold\"}'),"
        " ('user 5', %(as_of)s, '{\"plan\": \"gold\"}')) as given (user_id, at, properties)"
    )
    api.warehouse.run(command(event, as_of=AS_OF))

    def found(*properties: str) -> list[str]:
        page = caller.get("/users", params={"property": [*properties]})
        assert page.status_code == 200, page.text
        return [user["user_id"] for user in page.json()["users"]]

    assert found("plan:gold") == ["user 29", "user 3"]
    assert found("plan:gold", "seats:5") == ["user 3"]
    assert found("plan:a:b") == ["user 4"]
    assert found("plan:gold' or true --") == []
    for wrong in ("plan", ":gold", "plan:\x00"):
        assert caller.get("/users", params={"property": wrong}).status_code == 422
    assert caller.get("/users", params={"property": ["a:b"] * 4}).status_code == 422


def test_a_list_says_what_the_last_run_saw(caller: httpx.Client) -> None:
    listed = caller.get("/users", params={"search": "user 7"}).json()
    assert listed["as_of"] == AS_OF
    (user,) = listed["users"]
    assert user["segment"] == "segment 1"
    assert user["purchase_probability"] == 0.07
    assert user["expected_value"] is None
    assert user["churn_risk"] is None
    assert user["first_seen_day"] <= user["last_active_day"] < AS_OF


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"segment": "segment 0"}, {f"user {n}" for n in range(0, 28, 3)}),
        ({"min_purchase_probability": 0.2, "max_purchase_probability": 0.22}, {"user 20", "user 21", "user 22"}),
        ({"min_expected_value": 13, "segment": "segment 2"}, {"user 26", "user 29"}),
        ({"search": "user 2", "segment": "segment 1"}, {"user 22", "user 25"}),
        ({"search": "USER"}, set()),
        ({"search": "%"}, set()),
        ({"risk": "high"}, set()),
        ({"active_since": AS_OF}, set()),
        ({"source": "telegram"}, set()),
        ({"segment_before": "segment 9", "segment": "segment 1"}, {"user 4"}),
        ({"segment_before": "segment 9", "segment_before_on": "2024-01-05"}, set()),
        ({"list_id": "0b5dbf4e-5d0e-4d3c-9b0f-2f0f3a1f7c11"}, set()),
    ],
)
def test_filters_hold_together(caller: httpx.Client, query: dict[str, Any], wanted: set[str]) -> None:
    listed = caller.get("/users", params=query)
    assert {user["user_id"] for user in listed.json()["users"]} == wanted, listed.text


def test_active_and_silent_users_are_everyone(caller: httpx.Client) -> None:
    active = caller.get("/users", params={"active_since": "2024-03-18"}).json()["users"]
    silent = caller.get("/users", params={"silent_since": "2024-03-18"}).json()["users"]
    assert active and silent
    assert len(active) + len(silent) == 29


def test_a_person_answers_under_either_id(caller: httpx.Client) -> None:
    answers = [caller.get(f"/users/{name}").json() for name in ("user 28", "user 29")]
    for answer in answers:
        assert answer["user_id"] == "user 29"
        assert answer["other_ids"] == ["user 28"]
        assert answer["summary"]["purchase_probability"] == 0.29
    assert [answer["features"] for answer in answers] == [answers[0]["features"]] * 2
    kept = [each["event_id"] for page in pages(caller, "/users/user 28/events", "events", limit=50) for each in page]
    assert kept == [
        each["event_id"] for page in pages(caller, "/users/user 29/events", "events", limit=9) for each in page
    ]


def test_a_user_is_worth_what_the_purchase_model_last_said(caller: httpx.Client) -> None:
    assert caller.get("/users/user 28").json()["lifetime_value"] == {"days_90": 29.0, "days_365": 58.0}
    assert caller.get("/users/user 6").json()["lifetime_value"] is None


def test_features_come_in_words(api: Api, caller: httpx.Client) -> None:
    families = {each["family"]: each["features"] for each in caller.get("/users/user 3").json()["features"]}
    recency = {each["name"]: each for each in families["recency"]}
    days = recency["days_since_last_activity"]
    assert (days["label"], days["unit"]) == ("time since the last activity", "days")
    stored = "select days_since_last_activity from marts.user_features where user_id = 'user 3' and as_of = %(as_of)s"
    assert days["value"] == api.warehouse.run(value(float, stored, as_of=AS_OF))


def test_a_service_that_is_away_is_said_to_be(caller: httpx.Client) -> None:
    predictions = caller.get("/users/user 3").json()["predictions"]
    assert {each["model"] for each in predictions} == {"segmentation", "purchase", "churn"}
    assert all(each["prediction"] is None and each["unavailable"] for each in predictions)


def test_a_timeline_holds_every_event_newest_first(api: Api, caller: httpx.Client) -> None:
    events = [each for page in pages(caller, "/users/user 29/events", "events", limit=10) for each in page]
    assert len({each["event_id"] for each in events}) == len(events)
    stored = api.warehouse.run(value(int, "select count(*) from raw.events where user_id in ('user 28', 'user 29')"))
    assert len(events) == stored
    moments = [(each["occurred_at"], each["event_id"]) for each in events]
    assert moments == sorted(moments, reverse=True)
    assert {each["user_id"] for each in events} == {"user 28", "user 29"}


def test_history_is_newest_first_and_knows_outcomes(api: Api, caller: httpx.Client) -> None:
    api.warehouse.run(
        command(
            "insert into ml.outcomes (user_id, as_of, horizon_days, has_activity, has_purchased, purchase_amount,"
            " is_churned) values ('user 29', '2024-02-01', 30, true, true, 5, false)"
        )
    )
    answers = [each for page in pages(caller, "/users/user 28/predictions", "answers", limit=2) for each in page]
    assert len(answers) == len({each["model_version"] for each in answers}) == 9
    assert [each["made_at"] for each in answers] == sorted((each["made_at"] for each in answers), reverse=True)
    assert {each["has_purchased"] for each in answers} == {True, None}
    assert caller.get("/users/user 28/predictions", params={"model": "churn"}).json()["answers"] == []


def test_a_user_whom_no_run_has_seen_is_answered(caller: httpx.Client) -> None:
    event = {
        "event_id": "0b5dbf4e-5d0e-4d3c-9b0f-2f0f3a1f7c11",
        "user_id": "brand new",
        "event_type": "view",
        "occurred_at": "2024-05-01T18:30:00Z",
        "source": "telegram",
    }
    assert caller.get("/users/brand new").status_code == 404
    caller.post("/events", json=event).raise_for_status()
    answer = caller.get("/users/brand new").json()
    assert (answer["user_id"], answer["as_of"], answer["features"]) == ("brand new", None, [])
    assert [each["event_type"] for each in caller.get("/users/brand new/events").json()["events"]] == ["view"]


@pytest.mark.parametrize("path", ["/users/nobody", "/users/nobody/events", "/users/nobody/predictions"])
def test_an_id_that_nobody_has(caller: httpx.Client, path: str) -> None:
    response = caller.get(path)
    assert response.status_code == 404
    assert response.json()["errors"][0]["field"] == "user_id"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "name"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 100_000}, "limit"),
        ({"min_expected_value": "NaN"}, "min_expected_value"),
        ({"min_churn_probability": 2}, "min_churn_probability"),
        ({"search": "\x00"}, "search"),
        ({"search": "x" * 10_000}, "search"),
        ({"active_since": "0000-01-01"}, "active_since"),
        ({"colour": "red"}, "colour"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "bm8"}, "cursor"),
        ({"cursor": "eyJzb3J0IjoidXNlcl9pZCIsImtleSI6bnVsbCwidXNlcl9pZCI6Ilx1MDAwMCJ9"}, "cursor"),
    ],
)
def test_what_cannot_be_asked_is_named(caller: httpx.Client, query: dict[str, Any], field: str) -> None:
    response = caller.get("/users", params=query)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == field


def test_a_cursor_belongs_to_its_order(caller: httpx.Client) -> None:
    cursor = caller.get("/users", params={"limit": 1, "sort": "expected_value"}).json()["next_cursor"]
    assert caller.get("/users", params={"sort": "last_active_day", "cursor": cursor}).status_code == 422


def test_sql_in_an_id_is_an_id(caller: httpx.Client) -> None:
    assert caller.get("/users/'; drop table raw.events; --").status_code == 404
    assert caller.get("/users", params={"segment": "' or true --"}).json()["users"] == []
