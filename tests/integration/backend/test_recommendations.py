"""Recommendations, orders and personal answers beside marts that dbt has built from random events."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from ml.recommendation.history import as_of_day
from ml.recommendation.recipe import SIGNALS, Recipe
from ml.recommendation.related import Method, item_tables
from tests.integration.backend.conftest import Api
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import FIRST_DAY, Event, insert, random_events
from warehouse.item_history import read_history
from warehouse.recommender import note_unused, write_tables

AS_OF = datetime(2024, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Random events, and three users who ordered a cup with a pot."""
    at = FIRST_DAY + timedelta(days=40)
    together = [
        (uuid4(), f"friend {number}", "purchase", at, at, f"tea {number}", item, 3, 1)
        for number in range(3)
        for item in ("cup", "pot")
    ]
    return random_events(seed=5) + together


@pytest.fixture(scope="module", autouse=True)
def shop(api: Api, parsed: Parsed, events: list[Event]) -> None:
    """A shop whose items were counted as of AS_OF."""
    with api.warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 6, 30)])
        insert(connection, events)
    parsed.for_the_shop("seed")
    parsed.for_the_shop("run")


def popular(events: list[Event]) -> dict[str, int]:
    """How many users bought each item more often than they gave it back, in the 90 days before AS_OF."""
    kept: dict[tuple[object, object], int] = defaultdict(int)
    for _, user, kind, occurred, received, _, item, *_ in events:
        is_known = occurred < AS_OF and received < AS_OF and occurred >= AS_OF - timedelta(days=90)  # type: ignore[operator]
        if is_known and item is not None and kind in ("purchase", "refund"):
            kept[user, item] += 1 if kind == "purchase" else -1
    buyers: dict[str, int] = defaultdict(int)
    for (_, item), times in kept.items():
        buyers[str(item)] += times > 0
    return {item: count for item, count in buyers.items() if count}


def known(events: list[Event], user: str) -> set[object]:
    """What a user has bought or given back."""
    return {event[6] for event in events if event[1] == user and event[2] in ("purchase", "refund")} - {None}


def recommended(caller: httpx.Client, user: str, limit: int = 20) -> list[dict[str, object]]:
    """What the API recommends."""
    answer = caller.get(f"/users/{user}/recommendations", params={"limit": limit})
    assert answer.status_code == 200, answer.text
    assert answer.json()["as_of"] == "2024-03-20"
    return list(answer.json()["recommendations"])


def test_a_stranger_gets_what_is_popular(caller: httpx.Client, events: list[Event]) -> None:
    found = recommended(caller, "nobody yet")
    assert {each["item_id"]: each["buyers"] for each in found} == popular(events)
    assert [each["basis"] for each in found] == ["popular"] * len(found)
    assert [each["buyers"] for each in found] == sorted(popular(events).values(), reverse=True)


def test_nobody_is_offered_what_they_have_or_gave_back(caller: httpx.Client, events: list[Event]) -> None:
    for number in range(30):
        found = recommended(caller, f"user {number}")
        assert {each["item_id"] for each in found} & known(events, f"user {number}") == set()


def test_what_was_bought_a_second_ago_counts_and_leads_to_what_goes_with_it(caller: httpx.Client) -> None:
    user = f"new {uuid4().hex[:6]}"
    assert "cup" in {each["item_id"] for each in recommended(caller, user)}
    event = {
        "event_id": str(uuid4()),
        "user_id": user,
        "event_type": "purchase",
        "occurred_at": datetime.now(UTC).isoformat(),
        "item_id": "cup",
        "order_id": "A-1",
        "amount": 3,
        "source": "web",
    }
    assert caller.post("/events", json=event).json()["stored"] == 1
    after = recommended(caller, user)
    assert "cup" not in {each["item_id"] for each in after}
    assert after[0] == {
        "item_id": "pot",
        "basis": "bought_together",
        "because_of": "cup",
        "buyers": 3,
        "is_repeat": False,
    }
    assert {each["basis"] for each in after[1:]} == {"popular"}
    (order,) = caller.get(f"/users/{user}/orders").json()["orders"]
    assert (order["order_id"], order["lines"][0]["item_id"]) == ("A-1", "cup")


def test_orders_come_in_pages_without_gaps(caller: httpx.Client, events: list[Event]) -> None:
    expected = {str(event[5] or event[0]) for event in events if event[1] == "user 3" and event[2] == "purchase"}
    seen: list[tuple[str, str | None]] = []
    cursor: str | None = None
    while True:
        query = {"limit": 7} | ({} if cursor is None else {"cursor": cursor})
        page = caller.get("/users/user 3/orders", params=query).json()
        seen += [(order["ordered_at"], order["order_id"]) for order in page["orders"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(expected)
    assert [at for at, _ in seen] == sorted((at for at, _ in seen), reverse=True)
    assert {number for _, number in seen} - {None} <= expected


def test_a_template_is_tried_with_real_users(caller: httpx.Client) -> None:
    words = {language: {"text": "{{ orders_total }} orders", "reason": "because"} for language in ("en", "ru")}
    wanted = {"content": {"situation": "regular", "words": words}, "user_ids": ["user 3", "nobody yet"]}
    tried = caller.post("/templates/preview", json=wanted).json()["previews"]
    assert [(each["user_id"], each["situation"], each["is_chosen"]) for each in tried] == [
        ("user 3", "regular", True),
        ("nobody yet", "first_visit", False),
    ]
    assert tried[1]["text"] == "0 orders"
    some = caller.post("/templates/preview", json={"content": wanted["content"]}).json()["previews"]
    assert 1 <= len(some) <= 10
    assert {each["situation"] for each in some} == {"regular"}


def test_a_personal_answer_uses_what_goes_with_what_the_user_has(caller: httpx.Client) -> None:
    event = {
        "event_id": str(uuid4()),
        "user_id": f"new {uuid4().hex[:6]}",
        "event_type": "command",
        "occurred_at": datetime.now(UTC).isoformat(),
        "addressee": {"language": "ru", "first_name": "<Аня>"},
    }
    first = caller.post("/telegram/event", json=event).json()
    assert (first["situation"], first["template"], first["template_version"]) == ("first_visit", "first_visit", 0)
    assert first["text"].startswith("Добро пожаловать, &lt;Аня&gt;!")
    # The same event sent again is still the first visit.
    assert caller.post("/telegram/event", json=event).json()["situation"] == "first_visit"
    again = caller.post("/telegram/event", json={**event, "event_id": str(uuid4())}).json()
    (best,) = recommended(caller, str(event["user_id"]), limit=1)
    assert again["situation"] == "newcomer"
    assert f"<b>{best['item_id']}</b>" in again["text"]


def test_a_learned_recommender_answers_where_one_may_be_used_and_says_so(api: Api, caller: httpx.Client) -> None:
    """Last, because the other tests are about what is answered without one."""
    before = caller.get("/users/user 1/recommendations").json()["recommender"]
    assert before == {"is_learned": False, "model_version": None, "verdict": None}
    api.warehouse.run(note_unused("not shown to be better than doing without", None))
    refused = caller.get("/users/user 1/recommendations").json()
    assert refused["recommender"]["verdict"] == "not shown to be better than doing without"
    assert not any(each["is_repeat"] for each in refused["recommendations"])

    recipe = Recipe(AS_OF.date(), 20, Method.CO_OCCURRENCE, dict.fromkeys(SIGNALS, 1.0))
    known = as_of_day(read_history(api.warehouse, AS_OF.date(), 1_000_000), AS_OF.date())
    write_tables(
        api.warehouse, item_tables(known, AS_OF.date(), recipe.method), 7, recipe.to_dict(), "promoted: better"
    )
    answer = caller.get("/users/friend 0/recommendations", params={"limit": 20}).json()
    assert answer["recommender"] == {"is_learned": True, "model_version": 7, "verdict": "promoted: better"}
    first = answer["recommendations"][0]
    assert (first["is_repeat"], first["item_id"] in ("cup", "pot")) == (True, True)
    assert (first["basis"], first["because_of"]) in {("bought_together", "cup"), ("bought_together", "pot")}
    # Given back a second ago: no more.
    event = {
        "event_id": str(uuid4()),
        "user_id": "friend 0",
        "event_type": "refund",
        "occurred_at": datetime.now(UTC).isoformat(),
        "item_id": first["item_id"],
        "amount": 3,
        "source": "web",
    }
    assert caller.post("/events", json=event).json()["stored"] == 1
    after = {each["item_id"] for each in recommended(caller, "friend 0")}
    assert first["item_id"] not in after
    assert after
    strangers = caller.get("/users/nobody yet/recommendations").json()["recommendations"]
    assert {(each["basis"], each["is_repeat"]) for each in strangers} == {("popular", False)}
