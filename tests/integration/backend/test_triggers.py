"""Triggers: when each rule fires, by what was known then, and whom it reaches."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend.sending.tending import ask_triggers, begin_due
from backend.subscriptions.rules import ContactRules
from standalone.stack import Platform
from tests.integration.backend.audience import forget_campaigns, subscribe
from tests.integration.backend.conftest import Api
from warehouse.database import command, rows
from warehouse.databases import WAREHOUSE

Json = dict[str, Any]
LEFT_CART = {"kind": "left_cart", "after_minutes": 60}
FIRST_ORDER = {"kind": "first_order"}
NO_REPLY = {"kind": "no_reply", "after_days": 3}
CHURN_RISK = {"kind": "churn_risk", "above": 0.6}

# User, type, minutes ago it happened, and minutes ago it was received, if that was later.
Event = tuple[str, str, float] | tuple[str, str, float, float]


@pytest.fixture(autouse=True)
def shop(empty_platform: Platform) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        forget_campaigns(connection)
        connection.execute("delete from raw.events")
        connection.execute("delete from raw.user_aliases")
        connection.execute("truncate ml.ledger")
        subscribe(connection, 20)


def happened(api: Api, events: Sequence[Event]) -> None:
    now = datetime.now(UTC)
    with api.warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [(now - timedelta(70)).date(), now.date()])
        for user_id, kind, minutes, *received in events:
            occurred_at = now - timedelta(minutes=minutes)
            received_at = now - timedelta(minutes=received[0]) if received else occurred_at
            connection.execute(
                "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
                " values (%s, %s, %s, %s, %s, 'telegram')",
                [uuid4(), user_id, kind, occurred_at, received_at],
            )


def made(caller: httpx.Client, rule: Json, **given: Any) -> str:
    trigger = {
        "name": "a trigger",
        "topic": "offers",
        "rule": rule,
        "variants": [{"name": "plain", "texts": {"en": "Hello!"}}],
        "control_share": 0,
        **given,
    }
    answer = caller.post("/triggers", json=trigger)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["trigger_id"])


def started(api: Api, caller: httpx.Client, rule: Json, *, minutes_ago: float, **given: Any) -> str:
    """A trigger that was turned on a while ago, and was not asked since."""
    trigger_id = made(caller, rule, **given)
    for step in ("approve", "start"):
        caller.post(f"/triggers/{trigger_id}/{step}").raise_for_status()
    ask(api)
    watched(api, minutes_ago)
    return trigger_id


def watched(api: Api, minutes_ago: float) -> None:
    api.own.run(
        command(
            "update app.campaigns set started_at = now() - %(ago)s::interval,"
            " watched_until = now() - %(ago)s::interval",
            ago=f"{minutes_ago} minutes",
        )
    )


def ask(api: Api) -> None:
    async def once() -> None:
        connection = await psycopg.AsyncConnection.connect(api.own.url, autocommit=True)
        async with connection:
            while await begin_due(connection, ContactRules().bound()):
                pass
            await ask_triggers(connection, ContactRules().bound())

    asyncio.run(once())


def reached(api: Api) -> list[tuple[str, str]]:
    return api.own.run(
        rows(lambda *row: row, 'select user_id, state from app.recipients order by user_id collate "C", occasion')
    )


def dry(caller: httpx.Client, rule: Json, **given: Any) -> Json:
    answer = caller.post(f"/triggers/{made(caller, rule, **given)}/dry-run")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


CARTS: list[Event] = [
    ("u1", "add_to_cart", 90),
    ("u2", "add_to_cart", 90),
    ("u2", "purchase", 70),
    ("u3", "add_to_cart", 90),
    ("u3", "add_to_cart", 40),
    ("u4", "add_to_cart", 40),
    ("u5", "add_to_cart", 90),
    ("u5", "checkout", 35),
    # Bought in time, and known too late: the message had left.
    ("u6", "add_to_cart", 90),
    ("u6", "purchase", 70, 10),
]


def test_a_cart_is_left_when_nothing_follows_for_an_hour(api: Api, caller: httpx.Client) -> None:
    happened(api, CARTS)
    started(api, caller, LEFT_CART, minutes_ago=45)
    ask(api)
    assert reached(api) == [("u1", "queued"), ("u6", "queued")]


def test_a_dry_run_sees_what_the_rule_would_have_seen(api: Api, caller: httpx.Client) -> None:
    happened(api, CARTS)
    run = dry(caller, LEFT_CART)
    would = {each["user_id"] for each in run["examples"]}
    watch = started(api, caller, LEFT_CART, minutes_ago=60 * 24)
    ask(api)
    assert would == {user_id for user_id, _ in reached(api)}
    assert (run["firings"], run["reached"], run["users"]) == (len(would), len(would), len(would))
    assert caller.get(f"/triggers/{watch}").json()["numbers"]["queued"] == len(would)


def test_what_is_received_later_changes_no_dry_run_of_before(api: Api, caller: httpx.Client) -> None:
    happened(api, [("u1", "add_to_cart", 60 * 24 * 3)])
    before = dry(caller, LEFT_CART)
    happened(api, [("u1", "purchase", 60 * 24 * 3 - 30, 1), ("u2", "add_to_cart", 60 * 24 * 3, 60 * 24 * 3 - 45)])
    after = dry(caller, LEFT_CART)
    assert [each["user_id"] for each in before["examples"]] == ["u1"]
    assert sorted(each["user_id"] for each in after["examples"]) == ["u1", "u2"]


def test_a_first_order_is_the_persons_first(api: Api, caller: httpx.Client) -> None:
    happened(
        api,
        [
            ("u1", "purchase", 30),
            ("u2", "purchase", 60 * 24 * 60),
            ("u2", "purchase", 30),
            ("u3", "purchase", 30),
            ("u3", "purchase", 10),
            ("u4", "view", 30),
            ("u5", "purchase", 60 * 24 * 60),
            ("u6", "purchase", 30),
        ],
    )
    api.warehouse.run(
        command(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " values ('u5', 'u6', now(), 'a test')"
        )
    )
    started(api, caller, FIRST_ORDER, minutes_ago=45, cooldown_days=0)
    ask(api)
    assert reached(api) == [("u1", "queued"), ("u3", "queued")]


def test_no_reply_is_no_activity_and_what_is_done_to_a_user_is_none(api: Api, caller: httpx.Client) -> None:
    day = 60 * 24
    happened(
        api,
        [
            ("u1", "notification_sent", 3 * day + 10),
            ("u2", "notification_sent", 3 * day + 10),
            ("u2", "message", 2 * day),
            ("u3", "notification_sent", 3 * day + 10),
            ("u3", "notification_withheld", 2 * day),
            ("u4", "notification_sent", 2 * day),
        ],
    )
    started(api, caller, NO_REPLY, minutes_ago=45)
    ask(api)
    assert reached(api) == [("u1", "queued"), ("u3", "queued")]


def test_a_risk_crosses_a_line_once_and_hindsight_is_no_news(api: Api, caller: httpx.Client) -> None:
    day = datetime.now(UTC).date()
    said = [
        ("u1", 1, 0.2), ("u1", 0, 0.7),
        ("u2", 1, 0.7), ("u2", 0, 0.8),
        ("u3", 0, 0.9),
        ("u4", 1, 0.7), ("u4", 0, 0.2),
    ]  # fmt: skip
    with api.warehouse.transaction() as connection:
        for user_id, days_ago, score in said:
            connection.execute(
                "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, as_of,"
                " horizon_days, score, basis, made_at) values"
                " (gen_random_uuid(), 'score', 'churn', 1, 'f', %s, %s, 30, %s, 'model',"
                " now() - interval '1 minute' - %s * interval '1 day')",
                [user_id, day - timedelta(days_ago), score, days_ago],
            )
    started(api, caller, CHURN_RISK, minutes_ago=45)
    ask(api)
    assert reached(api) == [("u1", "queued")]
    api.warehouse.run(command("update ml.ledger set as_of = as_of - 10"))
    assert dry(caller, CHURN_RISK)["firings"] == 0


def test_a_trigger_has_a_cooldown_a_cap_and_a_control_group(api: Api, caller: httpx.Client) -> None:
    happened(api, [(f"u{n}", "add_to_cart", 60 + n) for n in range(1, 21)])
    started(api, caller, LEFT_CART, minutes_ago=45, most_a_day=15, control_share=0.5)
    ask(api)
    first = reached(api)
    assert len(first) == 15
    assert {state for _, state in first} == {"queued", "control"}
    # The rest of the day brings nobody, and the next day only those whom nobody has reached.
    watched(api, 45)
    ask(api)
    assert reached(api) == first
    api.own.run(command("update app.recipients set selected_at = selected_at - interval '2 days'"))
    watched(api, 45)
    ask(api)
    assert len(reached(api)) == len(set(reached(api))) == 20


def test_consent_holds_for_triggers_too(api: Api, caller: httpx.Client) -> None:
    api.own.run(command("update app.subscriptions set topics = '{}' where user_id = 'u1'"))
    happened(api, [(user, "add_to_cart", 65) for user in ("u1", "u2", "u99")])
    trigger_id = started(api, caller, LEFT_CART, minutes_ago=45)
    ask(api)
    assert reached(api) == [("u1", "opted_out"), ("u2", "queued"), ("u99", "unreachable")]
    listed = caller.get(f"/triggers/{trigger_id}/recipients").json()["recipients"]
    assert all(each["occasion"] for each in listed)
    numbers = caller.get(f"/triggers/{trigger_id}").json()["numbers"]
    assert numbers["selected"] == sum(numbers.values()) - numbers["selected"] == 3


def test_a_trigger_does_not_make_up_for_what_it_missed(api: Api, caller: httpx.Client) -> None:
    happened(api, [("u1", "add_to_cart", 80)])
    trigger_id = started(api, caller, LEFT_CART, minutes_ago=180)
    caller.post(f"/triggers/{trigger_id}/pause").raise_for_status()
    ask(api)
    assert reached(api) == []
    caller.post(f"/triggers/{trigger_id}/resume").raise_for_status()
    ask(api)
    assert reached(api) == []


def test_the_steps_of_a_trigger_are_those_of_a_campaign(caller: httpx.Client) -> None:
    trigger_id = made(caller, LEFT_CART)
    assert caller.post(f"/triggers/{trigger_id}/start").status_code == 409
    assert caller.get(f"/campaigns/{trigger_id}").status_code == 404
    assert caller.post(f"/triggers/{trigger_id}/approve").json()["state"] == "approved"
    shown = caller.get(f"/triggers/{trigger_id}").json()
    assert (shown["rule"], shown["cooldown_days"], shown["most_a_day"]) == (LEFT_CART, 7, 1000)
    assert [each["trigger_id"] for each in caller.get("/triggers").json()["triggers"]] == [trigger_id]
    assert caller.get("/campaigns").json()["campaigns"] == []
    assert caller.post(f"/triggers/{trigger_id}/cancel").json()["state"] == "cancelled"
    for rule in ({"kind": "left_cart", "after_minutes": 1}, {"kind": "churn_risk"}, {"kind": "else"}):
        assert caller.post("/triggers", json={**shown, "rule": rule}).status_code == 422
