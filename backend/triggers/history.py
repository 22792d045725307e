"""Whom a trigger would have reached: its firings after cool-down and cap, in the order in which they came.

Belongs here: the dry run's own arithmetic. Does not belong here: when a rule fires (`rules`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Firing:
    """A moment at which a rule says so, about a user."""

    user_id: str
    at: datetime
    arm: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The firings that reach somebody, and how many others were held back by what."""

    reached: list[Firing]
    held_by_cooldown: int
    held_by_cap: int


def outcome_of(firings: Iterable[Firing], cooldown: timedelta, most_a_day: int, zone: ZoneInfo) -> Outcome:
    """Lets firings reach users as the trigger would: once within a cool-down, and so many on a local day."""
    reached: list[Firing] = []
    last: dict[str, datetime] = {}
    today: Counter[date] = Counter()
    held: defaultdict[str, int] = defaultdict(int)
    for firing in sorted(firings, key=lambda each: (each.at, each.user_id)):
        day = firing.at.astimezone(zone).date()
        if firing.user_id in last and firing.at < last[firing.user_id] + cooldown:
            held["cooldown"] += 1
        elif today[day] >= most_a_day:
            held["cap"] += 1
        else:
            reached.append(firing)
            last[firing.user_id] = firing.at
            today[day] += 1
    return Outcome(reached, held["cooldown"], held["cap"])
