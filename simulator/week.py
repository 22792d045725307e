"""A week of some users: when their sessions start, and which notifications they receive.

Belongs here: the processes in time. Does not belong here: what happens inside a session (`sessions`).
"""

from dataclasses import dataclass

import numpy as np

from simulator.population import Floats, Integers, Population

DAYS = 7
MICROSECONDS_PER_DAY = 86_400_000_000
_MICROSECONDS_PER_HOUR = 3_600_000_000
# Campaigns are sent in the morning of the third day of each simulated week.
CAMPAIGN_DAY = 2
CAMPAIGN_HOUR = 10
_SPREAD_HOURS = 3.0


@dataclass(frozen=True, slots=True)
class Week:
    """Sessions and notifications of a week. Users are indices; times are microseconds since the simulation's start."""

    session_user: Integers
    session_start: Integers
    sent_user: Integers
    sent_at: Integers
    # Users of the control group who were selected, too, but are not notified.
    withheld_user: Integers
    withheld_at: Integers
    opened_user: Integers
    opened_at: Integers


def draw_week(
    population: Population, users: slice, week: int, days: int, first_weekday: int, random: np.random.Generator
) -> Week:
    """Draws week number `week` (from 0) of a simulation of `days` days for a block of users."""
    first = week * DAYS
    length = min(DAYS, days - first)
    members = np.arange(population.size)[users]
    joined, churned = population.joined_day[users], population.churned_day[users]
    midnights = first + np.arange(length)
    # The fraction of each day on which a user is there, after joining and before leaving.
    begins = np.maximum(joined[:, None], midnights)
    ends = np.minimum(churned[:, None], midnights + 1)
    present = np.clip(ends - begins, 0.0, 1.0)
    rates = [population.rate_of_sessions(users, int(day), int(first_weekday + day) % DAYS) for day in midnights]
    sessions = random.poisson(np.stack(rates, axis=1) * present)
    row, day = np.nonzero(sessions)
    repeats = sessions[row, day]
    row, day = np.repeat(row, repeats), np.repeat(day, repeats)
    # On the days of joining and leaving, sessions are uniform over the part of the day on which the user is there.
    habitual = midnights[day] + _hours(population.peak_hour[users][row], random) / 24
    partial = begins[row, day] + random.random(len(row)) * present[row, day]
    starts = np.where(present[row, day] < 1, partial, habitual)
    joining = np.flatnonzero((joined >= first) & (joined < first + length))
    campaign = _notify(population, users, first, length, random)
    return Week(
        session_user=members[np.concatenate([row, joining, campaign.opened])],
        session_start=np.concatenate(
            # A user who opens a notification is in the shop within seconds.
            [_microseconds(starts), _microseconds(joined[joining]), campaign.opened_at + 5_000_000]
        ),
        sent_user=members[campaign.sent],
        sent_at=campaign.sent_at,
        withheld_user=members[campaign.withheld],
        withheld_at=campaign.withheld_at,
        opened_user=members[campaign.opened],
        opened_at=campaign.opened_at,
    )


@dataclass(frozen=True, slots=True)
class _Campaign:
    """Positions within the block of users, and times."""

    sent: Integers
    sent_at: Integers
    withheld: Integers
    withheld_at: Integers
    opened: Integers
    opened_at: Integers


def _notify(population: Population, users: slice, first: int, length: int, random: np.random.Generator) -> _Campaign:
    joined, churned = population.joined_day[users], population.churned_day[users]
    chance = random.random(len(joined)) < population.behaviour.notification_probability
    hour = CAMPAIGN_HOUR + random.random(len(joined))
    opens = random.random(len(joined)) < population.open_probability[users]
    waits = random.exponential(1.0, len(joined))
    at = first + CAMPAIGN_DAY + hour / 24
    is_drawn = chance & (joined < at) & (length > CAMPAIGN_DAY)
    is_control = population.is_control[users]
    if population.behaviour.redraws_control:
        is_control = random.random(len(joined)) < population.behaviour.control_share
    opened_at = at + waits / 24
    is_opened = is_drawn & ~is_control & opens & (opened_at < churned) & (opened_at < first + length)
    sent, withheld = np.flatnonzero(is_drawn & ~is_control), np.flatnonzero(is_drawn & is_control)
    opened = np.flatnonzero(is_opened)
    return _Campaign(
        sent=sent,
        sent_at=_microseconds(at[sent]),
        withheld=withheld,
        withheld_at=_microseconds(at[withheld]),
        opened=opened,
        opened_at=_microseconds(opened_at[opened]),
    )


def _hours(peak: Floats, random: np.random.Generator) -> Floats:
    """Hours of the day, drawn around each user's peak and wrapped at midnight."""
    return (peak + _SPREAD_HOURS * random.standard_normal(len(peak))) % 24


def _microseconds(day: Floats) -> Integers:
    return (day * MICROSECONDS_PER_DAY).astype(np.int64)
