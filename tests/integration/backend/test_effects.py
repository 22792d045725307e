"""The effect of a campaign over HTTP and on the command line: selected, held out, sent, bought, compared."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from backend.access.permissions import Role
from backend.effects.recording import record_effects
from standalone.stack import Platform
from tests.integration.backend.audience import draft, forget_campaigns, make_users, subscribe
from tests.integration.backend.conftest import Api
from tests.integration.conftest import command
from warehouse.databases import WAREHOUSE

USERS = 2000
SENT = datetime.now(UTC) - timedelta(days=6)


@pytest.fixture(scope="module")
def campaign(api: Api, empty_platform: Platform, make_key: Callable[..., str]) -> UUID:
    """Sent six days ago to half of 2,000 users. Two days later a half of these bought something, and a quarter of the
    control group; 30 % of all had bought the week before."""
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        forget_campaigns(connection)
        subscribe(connection, USERS)
        with api.warehouse.transaction() as pipeline:
            make_users(pipeline, USERS)
        with api.caller(make_key()) as caller:
            given = draft(control_share=0.5, name="spring")
            campaign_id = UUID(caller.post("/campaigns", json=given).json()["campaign_id"])
        connection.execute("update app.campaigns set state = 'done', started_at = %s", [SENT])
        connection.execute(
            "insert into app.recipients (campaign_id, user_id, arm, state, selected_at, sent_at)"
            " select %(id)s, 'u' || n, case when n %% 2 = 0 then 'plain' else 'control' end,"
            " case when n %% 2 = 0 then 'sent' else 'control' end, %(sent)s, case when n %% 2 = 0 then %(sent)s end"
            " from generate_series(1, %(users)s) as n",
            {"id": campaign_id, "sent": SENT, "users": USERS},
        )
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [SENT - timedelta(days=40), datetime.now(UTC)])
        connection.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, amount, source)"
            " select gen_random_uuid(), user_id, 'purchase', at, at, 10, 'telegram'"
            " from generate_series(1, %s) as n, lateral (select 'u' || n as user_id) as one,"
            " lateral (select %s::timestamptz as sent) as message, lateral ("
            " select sent - interval '7 days' as at where app.bucket_of('before', user_id) < 3000 union all"
            " select sent + interval '2 days' where app.bucket_of('after', user_id) < 2500 * (2 - n %% 2)"
            ") as found",
            [USERS, SENT],
        )
        connection.execute("insert into raw.base_currency (currency) values ('EUR') on conflict do nothing")
    return campaign_id


def test_the_effect_is_told_in_plain_words(api: Api, campaign: UUID, signed_in: Callable[[Role], httpx.Client]) -> None:
    viewer = signed_in(Role.VIEWER)
    answer = viewer.get(f"/campaigns/{campaign}/effect")
    assert answer.status_code == 200, answer.text
    effect = answer.json()
    assert (effect["name"], effect["messages_sent"], effect["is_complete"]) == ("spring", USERS // 2, False)
    assert not effect["sample_ratio"]["is_mismatched"]
    (variant,) = effect["variants"]
    orders = next(each for each in variant["outcomes"] if each["outcome"] == "orders")
    days = orders["days"]
    # Six days ago when this module was loaded; midnight may have passed since.
    since = datetime.fromisoformat(effect["measured_at"]).date() - SENT.date()
    assert since.days in (6, 7)
    assert [day["day"] for day in days] == [str(SENT.date() + timedelta(days=n)) for n in range(since.days + 1)]
    assert days[0]["is_early"]
    assert (days[-1]["treated_mean"], days[-1]["control_mean"]) == pytest.approx((0.5, 0.25), abs=0.05)
    assert 150 < days[-1]["total_low"] < 250 < days[-1]["total_high"] < 350
    assert " more orders, between " in orders["summary"]
    assert [each["unit"] for each in variant["outcomes"]] == ["users", "orders", "EUR"]
    assert [warning[:11] for warning in effect["warnings"]] == ["The effect "]


def test_the_scorecard_has_what_was_last_measured(
    api: Api, campaign: UUID, caller: httpx.Client, empty_platform: Platform
) -> None:
    assert caller.get("/analytics/campaigns").json() == {"effects": []}
    assert record_effects(api.warehouse) == record_effects(api.warehouse) == 1
    effect = caller.get(f"/campaigns/{campaign}/effect").json()["variants"][0]["outcomes"]
    shown = caller.get("/analytics/campaigns").json()["effects"]
    assert [(each["name"], each["variant"], each["outcome"]) for each in shown] == [
        ("spring", "plain", outcome) for outcome in ("buyers", "orders", "revenue")
    ]
    assert [each["summary"] for each in shown] == [outcome["summary"] for outcome in effect]
    printed = command(empty_platform, "campaigns", "scorecard")
    assert shown[1]["summary"] in printed
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("update app.campaign_effects set is_complete = true")
    assert record_effects(api.warehouse) == 0


def test_a_trigger_is_complete_once_it_has_ended(
    campaign: UUID, caller: httpx.Client, empty_platform: Platform
) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        found = []
        for kind, ended_at in (("trigger", None), ("trigger", SENT), ("campaign", None)):
            connection.execute("update app.campaigns set kind = %s, ended_at = %s", [kind, ended_at])
            found.append(caller.get(f"/campaigns/{campaign}/effect", params={"window_days": 1}).json()["is_complete"])
    assert found == [False, True, True]


def test_the_window_decides_what_counts(campaign: UUID, caller: httpx.Client) -> None:
    effect = caller.get(f"/campaigns/{campaign}/effect", params={"window_days": 1}).json()
    assert effect["is_complete"]
    assert {day["treated_mean"] for outcome in effect["variants"][0]["outcomes"] for day in outcome["days"]} == {0}
    assert caller.get(f"/campaigns/{campaign}/effect", params={"window_days": 91}).status_code == 422


def test_without_anything_to_compare_the_answer_says_why(campaign: UUID, caller: httpx.Client) -> None:
    said = {}
    for share in (0, 0.5):
        made = caller.post("/campaigns", json=draft(control_share=share)).json()["campaign_id"]
        effect = caller.get(f"/campaigns/{made}/effect").json()
        assert effect["variants"] == []
        (said[share],) = effect["warnings"]
    assert said == {0: "Without a control group nothing shows the effect.", 0.5: "No message has left yet."}
    assert caller.get(f"/campaigns/{uuid4()}/effect").status_code == 404


def test_the_command_line_says_the_same(campaign: UUID, caller: httpx.Client, empty_platform: Platform) -> None:
    printed = command(empty_platform, "campaigns", "effect", str(campaign), "--by-day")
    over_http = caller.get(f"/campaigns/{campaign}/effect").json()
    for outcome in over_http["variants"][0]["outcomes"]:
        assert outcome["summary"] in printed
    assert str(SENT.date()) in printed
    as_json = json.loads(command(empty_platform, "campaigns", "effect", str(campaign), "--json"))
    assert as_json | {"measured_at": ""} == over_http | {"measured_at": ""}


def test_a_variant_that_does_harm_is_stopped(api: Api, campaign: UUID, empty_platform: Platform) -> None:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("update app.campaigns set kind = 'campaign', ended_at = null, state = 'running'")
        connection.execute("delete from app.campaign_effects")
        connection.execute("update app.recipients set state = 'queued' where user_id in ('u2', 'u4')")
        record_effects(api.warehouse)
        # It helps, so nobody is left out.
        queued = "select user_id, state, reason from app.recipients where user_id in ('u1', 'u2', 'u4') order by 1"
        assert [state for _, state, _ in connection.execute(queued)] == ["control", "queued", "queued"]
        # Now it is the variant that bought less.
        connection.execute("update app.recipients set arm = case arm when 'plain' then 'control' else 'plain' end")
        connection.execute("update app.recipients set state = 'queued' where user_id = 'u1'")
        record_effects(api.warehouse)
        assert connection.execute(queued).fetchall() == [
            ("u1", "cancelled", "guardrail: fewer buyers"),
            ("u2", "queued", None),
            ("u4", "queued", None),
        ]
        connection.execute("update app.campaigns set kind = 'trigger'")
        record_effects(api.warehouse)
        states = connection.execute("select distinct state from app.campaigns where started_at is not null")
        assert states.fetchall() == [("paused",)]
