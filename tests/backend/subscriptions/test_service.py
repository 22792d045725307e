"""What a change of a subscription sets, and what stands in the way of messages."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from backend.subscriptions.rules import ContactRules, Topic
from backend.subscriptions.schemas import SubscriptionChange
from backend.subscriptions.service import answer_of, columns_of, state_of
from warehouse.subscriptions import DoNotContact, Subscription

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = ContactRules(most_a_day=2, most_a_week=5, quiet_from=time(22), quiet_until=time(8), time_zone="Europe/Moscow")
PLAIN = Subscription("anna", 7, "ru", ["offers"], None, None, None, None, None, None, None, None, NOW, NOW)
PROHIBITION = DoNotContact("anna", "asked by phone", "key:1", NOW)


def columns(**said: object) -> dict[str, object]:
    return columns_of(SubscriptionChange.model_validate(said).model_dump(exclude_unset=True), NOW)


def test_only_what_was_said_changes() -> None:
    assert columns() == {}
    assert columns(topics=["news", "offers", "news"]) == {"topics": ["news", "offers"]}
    assert columns(most_a_day=0, time_zone=None) == {"most_a_day": 0, "time_zone": None}
    assert columns(chat_id=None, language=None) == {}


def test_quiet_hours_are_local_and_can_be_given_back_to_the_shop() -> None:
    hours = {"start": "23:00", "end": "07:30"}
    assert columns(quiet_hours=hours) == {"quiet_from": time(23), "quiet_until": time(7, 30)}
    assert columns(quiet_hours=None) == {"quiet_from": None, "quiet_until": None}
    with pytest.raises(ValidationError):
        columns(quiet_hours={"start": "23:00Z", "end": "07:30"})


def test_stopping_and_blocking_have_a_moment_that_can_be_undone() -> None:
    assert columns(is_stopped=True, is_blocked=False) == {"stopped_at": NOW, "blocked_at": None}


@pytest.mark.parametrize(
    ("found", "prohibition", "state"),
    [
        (None, None, "none"),
        (PLAIN, None, "active"),
        (None, PROHIBITION, "do_not_contact"),
        (PLAIN, PROHIBITION, "do_not_contact"),
        (replace(PLAIN, paused_until=NOW + timedelta(1)), None, "paused"),
        (replace(PLAIN, paused_until=NOW), None, "active"),
        (replace(PLAIN, stopped_at=NOW, paused_until=NOW + timedelta(1)), None, "stopped"),
        (replace(PLAIN, stopped_at=NOW, blocked_at=NOW), None, "blocked"),
    ],
)
def test_what_stands_in_the_way_of_messages(
    found: Subscription | None, prohibition: DoNotContact | None, state: str
) -> None:
    assert state_of(found, prohibition, NOW) == state


def test_the_shops_rules_stand_where_the_user_has_none() -> None:
    own = replace(PLAIN, time_zone="Asia/Tokyo", most_a_day=0, quiet_from=time(0), quiet_until=time(0))
    answer = answer_of("anna", own, None, RULES, NOW)
    assert (answer.time_zone, answer.most_a_day, answer.most_a_week) == ("Asia/Tokyo", 0, 5)
    assert (answer.quiet_hours.start, answer.quiet_hours.end) == (time(0), time(0))
    shops = answer_of("anna", PLAIN, None, RULES, NOW)
    assert (shops.time_zone, shops.most_a_day, shops.quiet_hours.start) == ("Europe/Moscow", 2, time(22))
    assert shops.topics == [Topic.OFFERS]
    assert answer_of("nobody", None, None, RULES, NOW).topics == []


def test_the_time_zone_is_one_that_exists() -> None:
    assert ZoneInfo(ContactRules(time_zone="Europe/Moscow").time_zone)
    with pytest.raises(ValidationError):
        ContactRules(time_zone="Moscow")
