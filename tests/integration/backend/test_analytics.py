"""Reports over HTTP: in any time zone they say what counting every event by its local day says."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from tests.integration.backend.conftest import Api
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import AS_OF_DATES, FIRST_DAY, insert, random_events
from warehouse.database import command, rows, value

AS_OF = date.fromisoformat(AS_OF_DATES[-1])
KNOWN_UNTIL = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
RANGE = {"first_day": "2024-02-28", "last_day": "2024-03-20"}
FIRST, LAST = date(2024, 2, 28), date(2024, 3, 20)
# Without summer time; with clocks that change on 10 March; three quarters of an hour; a day ahead of the other end.
ZONES = ("UTC", "Europe/Moscow", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")


@dataclass(frozen=True)
class Event:
    """An event as it was stored, under the id of the person."""

    user: str
    category: str
    is_activity: bool
    occurred_at: datetime
    order: str
    amount: float


@pytest.fixture(scope="module", autouse=True)
def shop(api: Api, parsed: Parsed) -> None:
    """A shop of thirty users of whom two are one person, segmented on two days; the last run was for AS_OF."""
    with api.warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 5, 30)])
        insert(connection, random_events(seed=8, count=4000))
        connection.execute(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " values ('user 28', 'user 29', '2024-02-01', 'a test')"
        )
        connection.execute(
            "insert into ml.scores (model, user_id, as_of, horizon_days, score, segment, segment_id, basis,"
            " model_version)"
            " select 'segmentation', 'user ' || n, day, 0, 1, 'segment ' || id, id, 'model', 1"
            " from generate_series(0, 29) as n, unnest(array['2024-03-13', '2024-03-20']::date[]) as day,"
            " lateral (select (n + extract(day from day)::integer / 20 * (n / 20)) % 3 as id) as o"
        )
    parsed.for_the_shop("seed")
    parsed.for_the_shop("run")


@pytest.fixture(scope="module")
def events(api: Api, shop: None) -> list[Event]:
    """What was known as of AS_OF."""
    query = (
        "select case user_id when 'user 28' then 'user 29' else user_id end, category, is_activity, occurred_at,"
        " case when category = 'purchase' then user_id || coalesce(order_id, event_id::text) end,"
        " coalesce(amount, 0)::double precision from staging.stg_events"
        " where occurred_at < %(known)s and received_at < %(known)s"
    )
    return api.warehouse.run(rows(Event, query, known=KNOWN_UNTIL))


def by_period(events: list[Event], period_of: Callable[[date], date], zone: str) -> dict[date, list[Event]]:
    """Events by the first day of their period, each by its own local day."""
    found: dict[date, list[Event]] = defaultdict(list)
    for event in events:
        found[period_of(event.occurred_at.astimezone(ZoneInfo(zone)).date())].append(event)
    return found


def users(events: list[Event], condition: Callable[[Event], bool]) -> set[str]:
    return {event.user for event in events if condition(event)}


def first_events(events: list[Event]) -> dict[str, Event]:
    return {event.user: event for event in sorted(events, key=lambda event: event.occurred_at, reverse=True)}


def month_begin(day: date) -> date:
    return day.replace(day=1)


def week_begin(day: date) -> date:
    return day - timedelta(days=day.weekday())


def sunday_before(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("period", "week_starts_on", "period_of"),
    [
        ("day", "monday", lambda day: day),
        ("week", "monday", week_begin),
        ("week", "sunday", sunday_before),
        ("month", "monday", month_begin),
    ],
)
def test_revenue_is_counted_by_local_time(
    caller: httpx.Client,
    events: list[Event],
    zone: str,
    period: str,
    week_starts_on: str,
    period_of: Callable[[date], date],
) -> None:
    query = {"time_zone": zone, "period": period, "week_starts_on": week_starts_on, **RANGE}
    response = caller.get("/analytics/revenue", params=query)
    assert response.status_code == 200, response.text
    report = response.json()
    counted = by_period(events, period_of, zone)
    first_of = {user: event.occurred_at for user, event in first_events(events).items()}
    assert report["as_of"] == AS_OF.isoformat()
    firsts = [date.fromisoformat(each["first_day"]) for each in report["periods"]]
    assert firsts == sorted({period_of(FIRST + timedelta(days=n)) for n in range((LAST - FIRST).days + 1)})
    for first, said in zip(firsts, report["periods"], strict=True):
        inside = counted[first]
        purchases = [event for event in inside if event.category == "purchase"]
        assert said["active_users"] == len(users(inside, lambda event: event.is_activity))
        assert said["buyers"] == len({event.user for event in purchases})
        assert said["orders"] == orders_of(purchases, zone, is_by_utc_day=zone == "UTC")
        assert said["purchase_amount"] == pytest.approx(sum(event.amount for event in purchases))
        assert said["refund_amount"] == pytest.approx(sum(abs(e.amount) for e in inside if e.category == "refund"))
        assert said["new_users"] == len({event.user for event in inside if first_of[event.user] == event.occurred_at})
        end = datetime.combine(date.fromisoformat(said["last_day"]) + timedelta(days=1), datetime.min.time())
        assert said["is_running"] == (end.replace(tzinfo=ZoneInfo(zone)) > KNOWN_UNTIL)


def orders_of(purchases: list[Event], zone: str, *, is_by_utc_day: bool) -> int:
    """An order that goes on on another day counts on both; in the daily roll-up that is a UTC day."""
    if is_by_utc_day:
        return len({(event.user, event.order, event.occurred_at.date()) for event in purchases})
    return len({(event.user, event.order) for event in purchases})


@pytest.mark.parametrize("zone", ZONES)
def test_the_funnel_counts_different_users(caller: httpx.Client, events: list[Event], zone: str) -> None:
    report = caller.get("/analytics/funnel", params={"time_zone": zone, "period": "week", **RANGE}).json()
    counted = by_period(events, week_begin, zone)
    steps = {"viewers": "view", "cart_users": "cart", "checkout_users": "checkout", "buyers": "purchase"}
    inside = [counted[date.fromisoformat(each["first_day"])] for each in report["periods"]]
    whole = [event for some in inside for event in some]
    for said, held in [*zip(report["periods"], inside, strict=True), (report["total"], whole)]:
        for name, category in steps.items():
            assert said[name] == len(users(held, lambda event, category=category: event.category == category))
        assert said["active_users"] == len(users(held, lambda event: event.is_activity))
    total = report["total"]
    assert total["carts_per_viewer"] == pytest.approx(total["cart_users"] / total["viewers"])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("week_starts_on", "begin"), [("monday", week_begin), ("sunday", sunday_before)])
def test_cohorts_follow_the_start_of_the_week(
    caller: httpx.Client, events: list[Event], zone: str, week_starts_on: str, begin: Callable[[date], date]
) -> None:
    query = {"time_zone": zone, "week_starts_on": week_starts_on, "first_day": "2023-12-28", "last_day": "2024-03-20"}
    report = caller.get("/analytics/retention", params=query).json()
    counted = by_period(events, begin, zone)
    firsts = first_events(events)
    for cohort in report["cohorts"]:
        first = date.fromisoformat(cohort["first_day"])
        members = {
            user
            for user, event in firsts.items()
            if begin(event.occurred_at.astimezone(ZoneInfo(zone)).date()) == first
        }
        assert cohort["users"] == len(members)
        for week in cohort["weeks"]:
            then = users(counted[first + timedelta(weeks=week["week"])], lambda event: event.is_activity)
            assert week["active_users"] == len(members & then)
    assert sum(cohort["users"] for cohort in report["cohorts"]) == len(firsts) == 29
    assert report["cohorts"][0]["weeks"][-1]["is_running"]


def test_segments_and_lists_count_the_same_people(caller: httpx.Client) -> None:
    report = caller.get("/analytics/segments").json()
    for segment in report["segments"]:
        listed = caller.get("/users", params={"segment": segment["segment"], "limit": 200}).json()["users"]
        assert segment["users"] == len(listed)
    assert sum(segment["share"] for segment in report["segments"]) == pytest.approx(1)
    assert {move["to_as_of"] for move in report["moves"]} == {AS_OF.isoformat()}
    assert sum(move["users"] for move in report["moves"]) == 30


def test_rfm_cells_hold_every_buyer(api: Api, caller: httpx.Client) -> None:
    cells = caller.get("/analytics/rfm").json()["cells"]
    buyers = api.warehouse.run(rows(int, "select count(*) from analytics.customer_rfm"))
    assert [sum(cell["users"] for cell in cells)] == buyers


def test_the_dashboard_agrees_with_its_reports(caller: httpx.Client) -> None:
    query = {"time_zone": "Europe/Moscow"}
    dashboard = caller.get("/analytics/dashboard", params=query).json()
    assert len(dashboard["days"]) == 30
    days = {"first_day": dashboard["days"][0]["first_day"], "last_day": dashboard["days"][-1]["last_day"]}
    assert caller.get("/analytics/revenue", params={**query, **days}).json()["periods"] == dashboard["days"]
    assert dashboard["days"][-1]["is_running"]
    revenue = next(kpi for kpi in dashboard["kpis"] if kpi["name"] == "revenue")
    assert revenue["value"] == pytest.approx(sum(day["revenue"] for day in dashboard["days"]))
    funnel = caller.get("/analytics/funnel", params={**query, **days}).json()["total"]
    found = {kpi["name"]: kpi["value"] for kpi in dashboard["kpis"]}
    assert found["active_users"] == funnel["active_users"]
    assert found["conversion"] == pytest.approx(funnel["buyers_per_active_user"])
    assert {model["model"]: model["is_up"] for model in dashboard["models"]} == {
        "segmentation": False,
        "purchase": False,
        "churn": False,
    }
    assert sum(each["users"] for each in dashboard["risks"]) == 29


def test_a_dashboard_of_the_first_day_that_can_be_asked_for_begins_before_it(caller: httpx.Client) -> None:
    answer = caller.get("/analytics/dashboard", params={"last_day": "1970-01-01"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["days"][-1]["first_day"] == "1970-01-01"


def test_models_read_the_scorecard_that_dbt_makes(api: Api, caller: httpx.Client) -> None:
    api.warehouse.run(
        command(
            "insert into scorecards.model_scorecard (model, kind, is_live, model_version, horizon_days, as_of_week,"
            " users, positives, observed_rate, predicted_rate, observed_amount, predicted_amount, auc, brier,"
            " calibration_error, lift_at_10)"
            " select 'churn', 'score', true, 2, 30, day, 100, 10, 0.1, 0.12, 900, 750.5, null, 0.08, 0.02, 1.5"
            " from unnest(array['2024-02-05', '2024-02-12']::date[]) as day"
        )
    )
    report = caller.get("/analytics/models").raise_for_status().json()
    (churn,) = (each for each in report["models"] if each["model"] == "churn")
    assert [week["as_of_week"] for week in churn["scorecard"]] == ["2024-02-12", "2024-02-05"]
    assert churn["scorecard"][0]["calibration_error"] == 0.02
    assert churn["scorecard"][0]["auc"] is None
    assert (churn["scorecard"][0]["predicted_amount"], churn["scorecard"][0]["observed_amount"]) == (750.5, 900)


def test_archived_months_are_named(api: Api, caller: httpx.Client) -> None:
    api.warehouse.run(
        command(
            "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day)"
            " values (repeat('0', 64), '2024-02-01', '/nowhere', 0, '0/0', '2024-02-01')"
        )
    )
    report = caller.get("/analytics/revenue", params=RANGE).json()
    later = caller.get("/analytics/revenue", params={**RANGE, "first_day": "2024-03-02"}).json()
    api.warehouse.run(command("delete from raw.archives"))
    assert (report["archived_months"], later["archived_months"]) == (["2024-02"], [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"week_starts_on": "noday"}, "week_starts_on"),
        ({"period": "hour"}, "period"),
        ({"first_day": "2024-03-02", "last_day": "2024-03-01"}, "first_day"),
        ({"first_day": "1999-03-02", "last_day": "2024-03-01"}, "first_day"),
        ({"first_day": "0001-01-01"}, "first_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"last_day": "0"}, "last_day"),
        ({"last_day": "1709856000"}, "last_day"),
        ({"from": "2024-01-01"}, "from"),
    ],
)
def test_what_cannot_be_asked_is_named(caller: httpx.Client, query: dict[str, Any], field: str) -> None:
    response = caller.get("/analytics/revenue", params=query)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_usual_is_the_same_weekday_as_it_was_known(api: Api, caller: httpx.Client, zone: str) -> None:
    query = (
        "select occurred_at, greatest(occurred_at, received_at),"
        " (case category when 'purchase' then amount when 'refund' then -abs(amount) else 0 end)::double precision"
        " from staging.stg_events where occurred_at < %(known)s and received_at < %(known)s"
    )
    local = ZoneInfo(zone)
    money = [
        (occurred.astimezone(local).date(), known.astimezone(local).date(), amount or 0.0)
        for occurred, known, amount in api.warehouse.run(rows(lambda *row: row, query, known=KNOWN_UNTIL))
    ]
    first_seen = api.warehouse.run(value(lambda day: day, "select min(first_seen_day) from analytics.user_list"))
    report = caller.get("/analytics/dashboard", params={"time_zone": zone}).json()
    said = {date.fromisoformat(each["day"]): each for each in report["usual"]}
    for shown in (date.fromisoformat(each["first_day"]) for each in report["days"]):
        past = [day for weeks in range(1, 9) if (day := shown - timedelta(weeks=weeks)) >= first_seen]
        if len(past) < 4:
            assert shown not in said
            continue
        revenue = [sum(amount for day, known, amount in money if day == each and known < shown) for each in past]
        low, middle, high = np.quantile(revenue, [0.1, 0.5, 0.9])
        assert said[shown]["weeks"] == len(past)
        assert said[shown]["low"] == pytest.approx(low, abs=0.01)
        assert said[shown]["middle"] == pytest.approx(middle, abs=0.01)
        assert said[shown]["high"] == pytest.approx(high, abs=0.01)
    assert said


def test_marks_are_campaigns_and_deployments_of_the_days_shown(
    api: Api, caller: httpx.Client, make_key: Callable[..., str]
) -> None:
    moment = KNOWN_UNTIL - timedelta(days=3, hours=2)
    deploy = (
        "insert into ml.deployments (model, model_version, digest, artifact_uri, bento_tag, deployed_by, deployed_at)"
        " values ('churn', 2, 'd', 'home:/x', 'churn:2', 'me', %(moment)s), ('churn', 1, 'd', 'home:/x', 'churn:1',"
        " 'me', '2020-01-01')"
    )
    begin = (
        "insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share, made_by,"
        " state, started_at) values ('Spring', 'campaign', 'offers', false, '{}', '[]', 0, 'me', 'done', %(moment)s)"
    )
    api.warehouse.run(command(deploy, moment=moment))
    api.own.run(command(begin, moment=moment + timedelta(hours=1)))
    day = (AS_OF - timedelta(days=4)).isoformat()
    marks = caller.get("/analytics/dashboard").json()["marks"]
    assert [(mark["day"], mark["kind"], mark["subject"]) for mark in marks] == [
        (day, "deployment", "churn"),
        (day, "campaign", "Spring"),
    ]
    assert marks[0]["link"] == "2"
    with api.caller(make_key("analytics:read")) as reader:
        assert [mark["kind"] for mark in reader.get("/analytics/dashboard").json()["marks"]] == ["deployment"]
