"""Whom a dry run says that a trigger would have reached."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from backend.triggers.history import Firing, outcome_of

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
FIRINGS = st.lists(
    st.builds(
        lambda user, minutes: Firing(user, BEGIN + timedelta(minutes=minutes), "plain"),
        st.sampled_from("abcd"),
        st.integers(0, 20_000),
    ),
    max_size=60,
)


def at(user: str, hours: float) -> Firing:
    return Firing(user, BEGIN + timedelta(hours=hours), "plain")


def test_a_cooldown_counts_from_the_last_message_and_not_from_the_last_firing() -> None:
    outcome = outcome_of([at("a", 0), at("a", 20), at("a", 30), at("b", 1)], timedelta(days=1), 10, ZoneInfo("UTC"))
    assert [(each.user_id, each.at) for each in outcome.reached] == [
        ("a", BEGIN),
        ("b", BEGIN + timedelta(hours=1)),
        ("a", BEGIN + timedelta(hours=30)),
    ]
    assert (outcome.held_by_cooldown, outcome.held_by_cap) == (1, 0)


def test_a_day_is_the_shops() -> None:
    firings = [at("a", 20), at("b", 22)]
    assert outcome_of(firings, timedelta(0), 1, ZoneInfo("UTC")).held_by_cap == 1
    assert outcome_of(firings, timedelta(0), 1, ZoneInfo("Europe/Moscow")).held_by_cap == 0


@given(FIRINGS, st.integers(0, 5), st.integers(1, 5))
def test_nobody_is_reached_twice_within_the_cooldown_and_no_day_has_too_many(
    firings: list[Firing], days: int, most: int
) -> None:
    outcome = outcome_of(firings, timedelta(days), most, ZoneInfo("Asia/Tokyo"))
    assert len(outcome.reached) + outcome.held_by_cooldown + outcome.held_by_cap == len(firings)
    by_day = Counter(each.at.astimezone(ZoneInfo("Asia/Tokyo")).date() for each in outcome.reached)
    assert all(number <= most for number in by_day.values())
    for user in "abcd":
        moments = [each.at for each in outcome.reached if each.user_id == user]
        assert all(later - earlier >= timedelta(days) for earlier, later in pairwise(moments))
