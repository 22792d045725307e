"""Experiments whose arms are whole policies: who is chosen in each arm, when, how likely that was, and the effect."""

from collections import Counter
from typing import Any

import httpx
import pytest

from backend.campaigns.schemas import EXPLORATION_SHARE
from ml.experiments.assignment import bucket_of
from standalone.stack import Platform
from tests.integration.backend.audience import forget_campaigns, make_users, subscribe
from tests.integration.backend.conftest import Api
from tests.integration.backend.test_campaigns import begin, made, step
from warehouse.database import execute, rows
from warehouse.databases import WAREHOUSE
from warehouse.policies import add_policy

USERS = 4_000
TERMS = {"terms": {"window_days": 7, "cost_per_contact": 1.0, "budget_share": 0.2}}
OFTEN = {"conditions": [{"kind": "number", "name": "churn_probability", "least": 0.5}]}
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def shop(api: Api, empty_platform: Platform) -> None:
    """The higher the number of a user, the more a message brings; to the first half it brings less than it costs."""
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        forget_campaigns(connection)
        subscribe(connection, USERS)
    with api.warehouse.transaction() as connection:
        make_users(connection, USERS)
        policy_id = execute(
            connection, add_policy("anna", ["c"], 9, "s-trees", TERMS, {}, "It is better.", is_promoted=True)
        )
        connection.execute(
            "insert into ml.user_effects select 'u' || n, %s, current_date, 'message', 0.1, n - %s"
            " from generate_series(1, %s) as n",
            [policy_id, USERS // 2, USERS],
        )


def started(api: Api, caller: httpx.Client, **given: Any) -> tuple[str, list[Json]]:
    campaign_id = made(caller, **given)
    step(caller, campaign_id, "approve")
    step(caller, campaign_id, "start")
    begin(api)
    names = ("user_id", "arm", "state", "propensity", "left_alone_propensity", "hours")
    stored = rows(
        lambda *row: dict(zip(names, row, strict=True)),
        "select user_id, arm, state, propensity, left_alone_propensity, extract(hour from due_at at time zone 'UTC')"
        " from app.recipients where campaign_id = %(id)s order by user_id",
        id=campaign_id,
    )
    return campaign_id, api.own.run(stored)


def number(row: Json) -> int:
    return int(row["user_id"][1:])


def variant(name: str, **policy: Any) -> Json:
    return {"name": name, "texts": {"en": f"Hello from {name}"}, **policy}


def test_each_arm_acts_by_its_own_policy(api: Api, caller: httpx.Client) -> None:
    campaign_id, stored = started(
        api,
        caller,
        control_share=0.2,
        variants=[
            variant("learned", whom={"by": "effect", "share": 0.2}),
            variant("chance", whom={"by": "chance", "share": 0.2}),
            variant("risky", whom={"by": "churn_probability", "share": 0.4, "rules": OFTEN}, when={"at_hour": 15}),
            variant("all"),
        ],
    )
    salt = api.own.run(rows(str, "select salt from app.campaigns where campaign_id = %(id)s", id=campaign_id))[0]
    names = ["control", "learned", "chance", "risky", "all"]
    assert all(row["arm"] == names[bucket_of(salt, row["user_id"]) // 2000] for row in stored)
    arms = {name: [row for row in stored if row["arm"] == name] for name in names}
    reached = {name: [row for row in arms[name] if row["state"] == "queued"] for name in names}
    assert {row["state"] for row in stored} == {"queued", "control", "left_alone"}
    assert reached["control"] == []
    assert len(reached["all"]) == len(arms["all"])
    assert len(reached["chance"]) == int(0.2 * len(arms["chance"]))
    assert len(reached["learned"]) == int(0.2 * len(arms["learned"]))
    # A tenth of these was drawn by chance, and half of all users have no worth.
    assert 0 < sum(number(row) <= USERS // 2 for row in reached["learned"]) < 0.15 * len(reached["learned"])
    assert sum(number(row) > 0.75 * USERS for row in reached["learned"]) > 0.8 * len(reached["learned"])
    may = [row for row in arms["risky"] if number(row) % 50 >= 25]
    assert len(reached["risky"]) == int(0.4 * len(may))
    assert all(number(row) % 50 >= 25 for row in reached["risky"])
    assert {row["hours"] for row in reached["risky"]} == {15}

    with api.own.transaction() as connection:
        connection.execute("update app.recipients set state = 'sent', sent_at = now() where state = 'queued'")
    effect = caller.get(f"/campaigns/{campaign_id}/effect", params={"beside": "chance"}).json()
    assert effect["beside"] == "chance"
    assert [each["variant"] for each in effect["variants"]] == ["control", "learned", "risky", "all"]
    assert not effect["sample_ratio"]["is_mismatched"]
    counted = {arm["arm"]: (arm["assigned_users"], arm["messages_sent"]) for arm in effect["sample_ratio"]["arms"]}
    assert counted == {name: (len(arms[name]), len(reached[name])) for name in names}
    # By intention to treat: whom a policy left alone counts in its arm.
    assert effect["variants"][1]["outcomes"][0]["days"][-1]["treated_users"] == len(arms["learned"])
    assert caller.get(f"/campaigns/{campaign_id}/effect").json()["beside"] == "control"
    assert caller.get(f"/campaigns/{campaign_id}/effect", params={"beside": "nobody"}).status_code == 422


def test_probabilities_are_those_with_which_users_are_written_to(api: Api, caller: httpx.Client) -> None:
    """Over several draws, users are left alone as often as was noted: the best, the middle and those without worth."""
    expected, left_alone, drawn = Counter[int](), Counter[int](), Counter[int]()
    for _ in range(4):
        _, stored = started(
            api,
            caller,
            control_share=0.1,
            variants=[
                variant("learned", whom={"by": "effect", "share": 0.2}, share=2),
                variant("risky", whom={"by": "churn_probability", "share": 0.3, "rules": OFTEN}),
            ],
        )
        for row in stored:
            group = 4 * (number(row) - 1) // USERS * 2 + (number(row) % 50 >= 25)
            drawn[group] += 1
            expected[group] += row["left_alone_propensity"]
            left_alone[group] += row["state"] != "queued"
            is_same = row["state"] == "queued" or row["propensity"] == row["left_alone_propensity"]
            assert is_same and 0 < row["propensity"] < 1
    for group, users in drawn.items():
        chance = expected[group] / users
        assert abs(left_alone[group] - expected[group]) < 4 * (users * chance * (1 - chance)) ** 0.5, group


def test_a_campaign_that_chooses_by_effect_keeps_a_share_for_chance(api: Api, caller: httpx.Client) -> None:
    most = 800
    _, stored = started(api, caller, most_by_effect=most, control_share=0.1)
    chosen = [row for row in stored if row["state"] in ("queued", "control")]
    assert len(chosen) == most
    assert len(stored) == USERS
    others = [row for row in stored if row["state"] == "left_alone"]
    assert {row["arm"] for row in others} == {None}
    by_chance = EXPLORATION_SHARE * most / USERS
    without_worth = [row for row in stored if number(row) <= USERS // 2]
    assert {round(1 - row["left_alone_propensity"], 3) for row in without_worth} == {round(0.9 * by_chance, 3)}
    best = [row for row in stored if number(row) > USERS - most // 2]
    assert {round(1 - row["left_alone_propensity"], 2) for row in best} == {round(0.9 * (0.9 + by_chance), 2)}
    assert 0 < sum(row["state"] == "left_alone" for row in best) < 0.2 * len(best)
    _, stored = started(api, caller, most_by_effect=most, exploration_share=0)
    assert sorted(number(row) for row in stored if row["state"] == "queued") == [*range(USERS - most + 1, USERS + 1)]
    assert {row["propensity"] for row in stored} == {1.0}


def test_users_are_chosen_before_arms_or_in_them(api: Api, caller: httpx.Client) -> None:
    given = {"name": "both", "topic": "offers", "audience": {}, "control_share": 0}
    whom = {"by": "chance", "share": 0.5}
    refused = caller.post("/campaigns", json={**given, "most_by_effect": 9, "variants": [variant("a", whom=whom)]})
    assert refused.status_code == 422
    trigger = {"name": "cart", "topic": "offers", "rule": {"kind": "first_order"}, "control_share": 0}
    assert caller.post("/triggers", json={**trigger, "variants": [variant("a", whom=whom)]}).status_code == 422
    when = {"after_hours": 1}
    assert caller.post("/triggers", json={**trigger, "variants": [variant("a", when=when)]}).status_code == 201
