"""Experiments over HTTP: the global control group, what it shows, plans, and variants that were stopped."""

from collections.abc import Callable

import httpx

from backend.access.permissions import Role
from tests.integration.backend.conftest import Api
from tests.integration.backend.test_campaigns import made
from warehouse.database import command, execute_steps, rows
from warehouse.experiments import release_global_control, use_global_control

PATH = "/experiments/global-control"


def test_an_analyst_sets_the_group_and_a_campaign_locks_it(api: Api, signed_in: Callable[[Role], httpx.Client]) -> None:
    analyst, marketer = signed_in(Role.ANALYST), signed_in(Role.MARKETER)
    assert analyst.get(PATH).json() == {"share": None, "begun_at": None, "begun_by": None, "used_by": []}
    assert marketer.put(PATH, json={"share": 0.05}).status_code == 403
    for share in (0.005, 0.2):
        assert analyst.put(PATH, json={"share": share}).json()["errors"][0]["field"] == "share"
    made = analyst.put(PATH, json={"share": 0.05})
    assert made.status_code == 200
    assert marketer.get(PATH).json() == made.json()
    with api.own.transaction() as connection:
        execute_steps(connection, use_global_control("campaign:7"))
    refused = analyst.put(PATH, json={"share": None})
    assert refused.status_code == 409
    assert "campaign:7" in refused.json()["detail"]
    api.own.run(release_global_control("campaign:7"))
    assert analyst.put(PATH, json={"share": None}).json()["share"] is None
    recorded = "select after ->> 'share' from app.audit where action = 'experiment:control' order by sequence"
    assert api.own.run(rows(lambda share: share, recorded)) == ["0.05", None]


def test_a_plan_says_how_many_users_and_weeks_an_effect_takes(caller: httpx.Client) -> None:
    asked = {"base": 0.05, "effect": 0.01, "control_share": 0.5, "users_a_week": 2000}
    found = caller.get("/experiments/plan", params=asked).json()
    assert found["effect"] == 0.01
    assert found["weeks"] == -(-found["users"] // 2000) + 2
    back = caller.get("/experiments/plan", params={"base": 0.05, "users": found["users"], "control_share": 0.5}).json()
    assert abs(back["effect"] - 0.01) < 0.0001
    assert back["weeks"] is None
    for wrong in ({}, {"effect": 0.01, "users": 100}, {"effect": 0}, {"effect": -0.06}):
        assert caller.get("/experiments/plan", params={"base": 0.05, **wrong}).status_code == 422


def test_without_a_group_there_is_nothing_to_compare(caller: httpx.Client) -> None:
    assert caller.get("/experiments/holdout").json() == {"begun_on": None, "until": None, "effects": []}


def test_what_a_guardrail_stopped_is_listed(api: Api, caller: httpx.Client) -> None:
    campaign_id = made(caller, name="Too many messages")
    for user, reason in (("u1", "guardrail: fewer orders"), ("u2", "guardrail: fewer orders"), ("u3", None)):
        api.own.run(
            command(
                "insert into app.recipients (campaign_id, user_id, arm, state, reason)"
                " values (%(id)s, %(user)s, 'plain', 'cancelled', %(reason)s)",
                id=campaign_id,
                user=user,
                reason=reason,
            )
        )
    (stopped,) = caller.get("/experiments/stopped-variants").json()["stopped"]
    assert (stopped["campaign_id"], stopped["name"], stopped["variant"]) == (campaign_id, "Too many messages", "plain")
    assert (stopped["outcome"], stopped["messages"]) == ("orders", 2)
