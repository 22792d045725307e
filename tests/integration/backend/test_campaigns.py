"""Campaigns over HTTP, up to their first message: who is selected, held out, left out, and which step follows which."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend.access.permissions import Role
from backend.sending.tending import begin_due, stop_overdue
from backend.subscriptions.rules import ContactRules
from ml.experiments.assignment import bucket_of
from standalone.stack import Platform
from tests.integration.backend.audience import draft, forget_campaigns, make_users, subscribe
from tests.integration.backend.conftest import Api
from warehouse.database import command, execute, rows, value
from warehouse.databases import WAREHOUSE
from warehouse.policies import add_policy

Json = dict[str, Any]
USERS = 300
REPORT: Json = {
    "is_out_of_time": True,
    "contacted_share": 0.2,
    "telling_features": [],
    "rankings": [{"learner": "s-trees", "qini": 0.1, "qini_judged": 0.1, "qini_low": 0.0, "qini_high": 0.2}],
    "bins": [{"users": 9, "predicted": 0.1, "observed": 0.1, "standard_error": 0.1}],
    "values": [
        {
            "policy": "learned",
            "doubly_robust": {"value": 1.0, "low": 0.5, "high": 1.5},
            "self_normalised": None,
            "advantage": None,
        }
    ],
}


@pytest.fixture(autouse=True)
def shop(api: Api, empty_platform: Platform) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        forget_campaigns(connection)
        subscribe(connection, USERS - 50)
    with api.warehouse.transaction() as connection:
        make_users(connection, USERS)


def made(caller: httpx.Client, **given: Any) -> str:
    answer = caller.post("/campaigns", json=draft(**given))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["campaign_id"])


def step(caller: httpx.Client, campaign_id: str, name: str, status: int = 200) -> Json:
    answer = caller.post(f"/campaigns/{campaign_id}/{name}")
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


def begin(api: Api) -> None:
    """What a sender does between messages, without any message."""

    async def once() -> None:
        connection = await psycopg.AsyncConnection.connect(api.own.url, autocommit=True)
        async with connection:
            await stop_overdue(connection)
            while await begin_due(connection, ContactRules().bound()):
                pass

    asyncio.run(once())


def started(api: Api, caller: httpx.Client, **given: Any) -> tuple[str, Json]:
    campaign_id = made(caller, **given)
    step(caller, campaign_id, "approve")
    step(caller, campaign_id, "start")
    begin(api)
    status = caller.get(f"/campaigns/{campaign_id}").json()
    assert status["state"] == "running"
    assert sum(status["numbers"].values()) == 2 * status["numbers"]["selected"]
    return campaign_id, status["numbers"]


def everyone(caller: httpx.Client, campaign_id: str, **query: Any) -> Iterator[Json]:
    """All recipients, page by page."""
    cursor: Json = {}
    while True:
        answer = caller.get(f"/campaigns/{campaign_id}/recipients", params={"limit": 37, **query, **cursor})
        assert answer.status_code == 200, answer.text
        yield from answer.json()["recipients"]
        if answer.json()["next_cursor"] is None:
            return
        cursor = {"cursor": answer.json()["next_cursor"]}


def test_numbers_add_up_and_each_has_its_people(api: Api, caller: httpx.Client) -> None:
    api.own.run(command("update app.subscriptions set topics = '{news}' where user_id in ('u1', 'u2', 'u3')"))
    api.own.run(command("update app.subscriptions set blocked_at = now() where user_id in ('u4', 'u5')"))
    api.own.run(command("insert into app.do_not_contact values ('u6', 'asked by phone', 'anna')"))
    variants = [
        {"name": "short", "share": 1, "texts": {"en": "Hi!"}},
        {"name": "long", "share": 3, "texts": {"en": "Good morning!"}},
    ]
    campaign_id, numbers = started(api, caller, variants=variants, control_share=0.2)
    assert numbers["selected"] == USERS
    assert numbers["unreachable"] == 52
    assert numbers["opted_out"] == 4
    assert 20 < numbers["control"] < 80
    listed = list(everyone(caller, campaign_id))
    assert [each["user_id"] for each in listed] == sorted({each["user_id"] for each in listed})
    assert Counter(each["state"] for each in listed) == Counter(
        {k: v for k, v in numbers.items() if v and k != "selected"}
    )
    for state in ("control", "opted_out", "unreachable", "queued"):
        behind = list(everyone(caller, campaign_id, state=state))
        assert behind == [each for each in listed if each["state"] == state]
    arms = Counter(each["arm"] for each in listed)
    assert arms["control"] == numbers["control"]
    assert arms[None] == 56
    assert 1.5 < arms["long"] / arms["short"] < 6
    reasons = {each["user_id"]: each["reason"] for each in listed}
    assert (reasons["u1"], reasons["u4"], reasons["u6"]) == ("topic", "blocked", "do_not_contact")
    assert reasons["u299"] == "no_chat"


def test_an_arm_depends_on_the_salt_and_the_user_alone(api: Api, caller: httpx.Client) -> None:
    campaign_id, _ = started(api, caller, control_share=0.25)
    salt = api.own.run(value(str, "select salt from app.campaigns where campaign_id = %(id)s", id=campaign_id))
    for each in everyone(caller, campaign_id, state="control"):
        assert bucket_of(salt, each["user_id"]) < 2500
    for each in everyone(caller, campaign_id, state="queued"):
        assert bucket_of(salt, each["user_id"]) >= 2500


def test_the_probability_of_each_arm_is_stored_when_it_is_drawn(api: Api, caller: httpx.Client) -> None:
    variants = [
        {"name": "short", "share": 1, "texts": {"en": "Hi!"}},
        {"name": "long", "share": 3, "texts": {"en": "Good morning!"}},
    ]
    campaign_id, _ = started(api, caller, variants=variants, control_share=0.2)
    drawn = api.own.run(
        rows(
            lambda *row: row,
            "select distinct arm, propensity from app.recipients where campaign_id = %(id)s order by arm nulls last",
            id=campaign_id,
        )
    )
    assert drawn == [("control", 0.2), ("long", 0.6), ("short", 0.2), (None, None)]


def test_users_are_those_of_the_policy_in_use_and_drawn_by_chance_without_one(api: Api, caller: httpx.Client) -> None:
    def selected(most: int = 60) -> tuple[set[str], tuple[bool, int | None]]:
        campaign_id = made(caller, most_by_effect=most, exploration_share=0)
        preview = caller.post(f"/campaigns/{campaign_id}/preview").json()
        step(caller, campaign_id, "approve")
        step(caller, campaign_id, "start")
        begin(api)
        return {each["user_id"] for each in everyone(caller, campaign_id) if each["state"] == "queued"}, (
            preview["is_by_chance"],
            preview["policy_id"],
        )

    first, why = selected()
    second, _ = selected()
    assert len(first) == len(second) == 60
    assert 2 < len(first & second) < 30
    assert why == (True, None)
    terms = {"terms": {"window_days": 7, "cost_per_contact": 1.0, "budget_share": 0.2}}
    with api.warehouse.transaction() as connection:
        policy_id = execute(
            connection, add_policy("anna", ["c"], 9, "s-trees", terms, REPORT, "It is better.", is_promoted=True)
        )
        connection.execute(
            "insert into ml.user_effects select 'u' || n, %s, current_date, 'message', 0.1, n - 100"
            " from generate_series(1, 300) as n",
            [policy_id],
        )
    third, why = selected()
    assert third == {f"u{number}" for number in range(191, 251)}
    assert why == (False, policy_id)
    assert selected(300)[0] == {f"u{number}" for number in range(101, 251)}
    assert caller.get("/policies").json()["in_use"]["policy_id"] == policy_id
    report = caller.get(f"/policies/{policy_id}").json()
    assert (report["campaigns"], report["decisions"], report["values"][0]["policy"]) == (1, 9, "learned")
    assert caller.get(f"/policies/{policy_id + 1}").status_code == 404
    assert caller.post("/policies/end").json()["in_use"] is None
    assert caller.post("/policies/end").status_code == 409
    assert len(selected(300)[0]) == 250


def test_the_global_control_group_hears_nothing_and_is_locked_meanwhile(api: Api, caller: httpx.Client) -> None:
    assert caller.put("/experiments/global-control", json={"share": 0.1}).status_code == 200
    campaign_id, numbers = started(api, caller)
    assert 5 < numbers["control"] < 60
    assert {each["arm"] for each in everyone(caller, campaign_id, state="control")} == {"global_control"}
    refused = caller.put("/experiments/global-control", json={"share": 0.05})
    assert refused.status_code == 409
    assert campaign_id in refused.text


def test_somebody_with_several_ids_is_selected_once(api: Api, caller: httpx.Client) -> None:
    with api.warehouse.transaction() as connection:
        for old, new in (("u1", "u2"), ("u2", "u3"), ("u299", "u4")):
            connection.execute(
                "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
                " values (%s, %s, now(), 'a test')",
                [old, new],
            )
    try:
        api.own.run(command("insert into app.do_not_contact values ('u1', 'asked', 'anna')"))
        campaign_id, numbers = started(api, caller)
        assert numbers["selected"] == USERS - 3
        states = {each["user_id"]: each["state"] for each in everyone(caller, campaign_id)}
        assert not {"u1", "u2", "u299"} & set(states)
        assert states["u3"] == "opted_out"
        assert states["u4"] == "queued"
    finally:
        api.warehouse.run(command("delete from raw.user_aliases"))


def test_test_accounts_are_not_selected(api: Api, caller: httpx.Client) -> None:
    api.warehouse.run(
        command(
            "insert into ml.excluded_users (user_id, since, reason, excluded_by) values ('u7', '2020-01-01', 't', 't')"
        )
    )
    campaign_id, numbers = started(api, caller)
    assert numbers["selected"] == USERS - 1
    assert "u7" not in {each["user_id"] for each in everyone(caller, campaign_id)}


@pytest.mark.parametrize(
    ("audience", "users"),
    [
        ({}, 300),
        ({"filter": {"segment": "segment 1"}}, 100),
        ({"filter": {"risk": "high", "min_expected_value": 100}}, 67),
        ({"filter": {"search": "u29"}}, 11),
        ({"targets": {"max_users": 20}}, 20),
        ({"targets": {"max_users": 300, "cost_per_contact": 2, "budget": 90}}, 45),
        ({"targets": {"max_users": 300, "cost_per_contact": 291}}, 10),
        ({"filter": {"risk": "high"}, "targets": {"by": "churn_probability", "max_users": 5}}, 5),
    ],
)
def test_an_audience_is_filters_a_list_or_a_budget(api: Api, caller: httpx.Client, audience: Json, users: int) -> None:
    assert caller.post("/audiences/count", json=audience).json() == {"users": users}
    _, numbers = started(api, caller, audience=audience)
    assert numbers["selected"] == users


def test_a_list_may_name_users_whom_no_run_has_seen(api: Api, caller: httpx.Client) -> None:
    listed = caller.post("/user-lists", json={"name": "fair", "user_ids": ["u1", "u2", "u2", "new"]})
    assert listed.status_code == 201, listed.text
    list_id = listed.json()["list_id"]
    assert listed.json()["users"] == 3
    more = caller.post(f"/user-lists/{list_id}/members", json={"user_ids": ["u3", "u1"]}).json()
    assert more["users"] == 4
    assert list_id in {each["list_id"] for each in caller.get("/user-lists").json()}
    assert caller.post("/audiences/count", json={"list_id": list_id}).json() == {"users": 4}
    both = {"list_id": list_id, "filter": {"segment": "segment 1"}}
    assert caller.post("/audiences/count", json=both).json() == {"users": 1}
    _, numbers = started(api, caller, audience={"list_id": list_id})
    assert (numbers["selected"], numbers["unreachable"]) == (4, 1)
    assert caller.delete(f"/user-lists/{list_id}").status_code == 204
    assert caller.post("/campaigns", json=draft(audience={"list_id": list_id})).status_code == 422


def test_a_preview_says_what_would_happen_and_why(api: Api, caller: httpx.Client) -> None:
    api.own.run(command("update app.subscriptions set language = 'ru' where user_id = 'u1'"))
    listed = caller.post("/user-lists", json={"name": "two", "user_ids": ["u1", "u2", "u299"]}).json()
    campaign_id = made(caller, audience={"list_id": listed["list_id"]})
    preview = caller.post(f"/campaigns/{campaign_id}/preview").json()
    assert (preview["selected"], preview["to_send"]) == (3, 2)
    assert {(each["state"], each["reason"], each["users"]) for each in preview["shares"]} == {
        ("queued", None, 2),
        ("unreachable", "no_chat", 1),
    }
    assert {each["user_id"]: each["text"] for each in preview["samples"]} == {"u1": "Привет!", "u2": "Hello!"}
    assert caller.get(f"/campaigns/{campaign_id}").json()["numbers"]["selected"] == 0


def test_steps_follow_each_other_and_approval_is_of_what_was_seen(api: Api, caller: httpx.Client) -> None:
    campaign_id = made(caller)
    step(caller, campaign_id, "start", 409)
    assert step(caller, campaign_id, "approve")["approved_by"].startswith("key:")
    changed = caller.put(f"/campaigns/{campaign_id}", json=draft(name="another"))
    assert (changed.json()["state"], changed.json()["approved_by"]) == ("draft", None)
    step(caller, campaign_id, "approve")
    assert step(caller, campaign_id, "start")["state"] == "scheduled"
    step(caller, campaign_id, "start", 409)
    begin(api)
    assert caller.put(f"/campaigns/{campaign_id}", json=draft()).status_code == 409
    assert step(caller, campaign_id, "pause")["state"] == "paused"
    step(caller, campaign_id, "pause", 409)
    assert step(caller, campaign_id, "resume")["numbers"]["queued"] == 250
    cancelled = step(caller, campaign_id, "cancel")
    assert (cancelled["state"], cancelled["numbers"]["cancelled"], cancelled["numbers"]["queued"]) == (
        "cancelled",
        250,
        0,
    )
    step(caller, campaign_id, "cancel", 409)
    cloned = step(caller, campaign_id, "clone", 201)
    assert (cloned["state"], cloned["name"], cloned["numbers"]["selected"]) == ("draft", "another", 0)
    assert caller.get(f"/campaigns/{uuid4()}").status_code == 404
    assert [each["campaign_id"] for each in caller.get("/campaigns").json()["campaigns"]] == [
        cloned["campaign_id"],
        campaign_id,
    ]


def test_a_schedule_that_is_found_hours_later_asks(api: Api, caller: httpx.Client) -> None:
    campaign_id = made(caller, starts_at="2999-01-01T00:00:00Z")
    step(caller, campaign_id, "approve")
    step(caller, campaign_id, "start")
    begin(api)
    assert caller.get(f"/campaigns/{campaign_id}").json()["state"] == "scheduled"
    api.own.run(command("update app.campaigns set starts_at = now() - interval '2 hours'"))
    begin(api)
    found = caller.get(f"/campaigns/{campaign_id}").json()
    assert (found["state"], found["numbers"]["selected"]) == ("overdue", 0)
    step(caller, campaign_id, "start")
    begin(api)
    assert caller.get(f"/campaigns/{campaign_id}").json()["numbers"]["queued"] == 250


def test_a_running_campaign_that_was_restored_asks_too(api: Api, caller: httpx.Client) -> None:
    campaign_id, _ = started(api, caller)
    api.own.run(command("update app.campaigns set worked_at = now() - interval '2 hours'"))
    begin(api)
    assert caller.get(f"/campaigns/{campaign_id}").json()["state"] == "overdue"
    assert step(caller, campaign_id, "start")["state"] == "running"
    begin(api)
    assert caller.get(f"/campaigns/{campaign_id}").json()["state"] == "running"


def test_two_senders_select_a_campaign_once(api: Api, caller: httpx.Client) -> None:
    campaign_id = made(caller)
    step(caller, campaign_id, "approve")
    step(caller, campaign_id, "start")

    async def both() -> list[bool]:
        connections = [await psycopg.AsyncConnection.connect(api.own.url, autocommit=True) for _ in range(4)]
        found = await asyncio.gather(*(begin_due(each, ContactRules().bound()) for each in connections))
        for each in connections:
            await each.close()
        return found

    assert sorted(asyncio.run(both())) == [False, False, False, True]
    assert caller.get(f"/campaigns/{campaign_id}").json()["numbers"]["selected"] == USERS


def test_quiet_hours_are_held_until_their_end_in_the_users_own_time_zone(api: Api, caller: httpx.Client) -> None:
    api.own.run(
        command(
            "update app.subscriptions set time_zone = 'Pacific/Auckland',"
            " quiet_from = (now() at time zone 'Pacific/Auckland' - interval '1 hour')::time,"
            " quiet_until = (now() at time zone 'Pacific/Auckland' + interval '2 hours')::time where user_id = 'u1'"
        )
    )
    _, _ = started(api, caller)
    waits = dict(
        api.own.run(
            rows(
                lambda user_id, minutes: (user_id, float(minutes)),
                "select user_id, extract(epoch from due_at - now()) / 60 from app.recipients where state = 'queued'",
            )
        )
    )
    assert waits.pop("u1") == pytest.approx(120, abs=1)
    assert max(waits.values()) <= 0


def test_a_transactional_message_is_held_back_from_nobody_but_those_it_must_not_reach(
    api: Api, caller: httpx.Client
) -> None:
    assert caller.put("/experiments/global-control", json={"share": 0.1}).status_code == 200
    api.own.run(command("update app.subscriptions set topics = '{}', stopped_at = now(), paused_until = 'infinity'"))
    api.own.run(command("insert into app.do_not_contact values ('u6', 'asked by phone', 'anna')"))
    assert caller.post("/campaigns", json=draft(is_transactional=True, control_share=0.1)).status_code == 422
    _, numbers = started(api, caller, is_transactional=True)
    assert (numbers["queued"], numbers["opted_out"], numbers["control"]) == (249, 1, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"variants": []},
        {"variants": [{"name": "control", "texts": {"en": "x"}}]},
        {"variants": [{"name": "a", "texts": {"en": "x"}}, {"name": "a", "texts": {"en": "x"}}]},
        {"variants": [{"name": "a", "texts": {}}]},
        {"variants": [{"name": "a", "texts": {"en": "x" * 5000}}]},
        {"variants": [{"name": "a", "texts": {"en": "x"}, "button": {"text": "x", "url": "javascript:alert(1)"}}]},
        {"control_share": 1},
        {"control_share": 0.0001},
        {"topic": "everything"},
        {"audience": {"filter": {"unknown": 1}}},
        {"audience": {"list_id": str(uuid4())}},
        {"starts_at": "2999-01-01T00:00:00"},
        {"state": "running"},
    ],
)
def test_what_cannot_be_sent_is_refused(caller: httpx.Client, given: Json) -> None:
    assert caller.post("/campaigns", json=draft(**given)).status_code == 422


def test_who_edits_does_not_approve(
    api: Api, caller: httpx.Client, signed_in: Callable[[Role], httpx.Client], make_key: Callable[..., str]
) -> None:
    with signed_in(Role.MARKETER) as marketer, signed_in(Role.ANALYST) as analyst:
        campaign_id = made(marketer)
        refused = marketer.post(f"/campaigns/{campaign_id}/approve")
        assert refused.status_code == 403
        assert "campaigns:approve" in refused.text
        step(analyst, campaign_id, "approve")
        step(marketer, campaign_id, "start")
    with api.caller(make_key("campaigns:manage", "campaigns:read")) as editor:
        for name in ("approve", "start", "pause", "cancel"):
            step(editor, campaign_id, name, 403)
    actions = api.own.run(
        rows(str, "select action from app.audit where subject = %(s)s order by sequence", s=f"campaign:{campaign_id}")
    )
    assert actions == ["campaign:create", "campaign:approve", "campaign:start"]


def test_looking_at_people_is_recorded(api: Api, caller: httpx.Client) -> None:
    campaign_id, _ = started(api, caller)
    before = api.own.run(value(int, "select count(*) from app.audit where action like 'campaign:%%'"))
    caller.get(f"/campaigns/{campaign_id}/recipients").raise_for_status()
    caller.post(f"/campaigns/{campaign_id}/preview").raise_for_status()
    caller.get(f"/campaigns/{campaign_id}").raise_for_status()
    after = api.own.run(value(int, "select count(*) from app.audit where action like 'campaign:%%'"))
    assert after == before + 2
