"""The true probabilities of simulated users, which no data about real users can give.

Belongs here: closed forms over the quantities that `population` draws. Does not belong here: scores, labels, or how
well they agree (`ml.evaluation`).
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl

from core.errors import UserError
from simulator.frames import user_names
from simulator.population import Floats, Population
from simulator.simulation import START
from simulator.week import CAMPAIGN_DAY, CAMPAIGN_HOUR, DAYS

# The average time at which a notification is opened: it is sent within the campaign's hour and waits for an hour.
_OPENED_HOUR = CAMPAIGN_HOUR + 1.5

# The probability that each user is notified on a day of the simulation.
Notified = Callable[[int], Floats | float]


def truth(
    population: Population,
    as_of: date,
    horizon_days: int,
    *,
    start: date = START,
    presence: Floats | None = None,
) -> pl.DataFrame:
    """The truth about every user who joined before `as_of`, one row for each. It is synthetic, like the users.

    Columns: `user_id`, `as_of`, `horizon_days`, `is_present` (has not left), `is_control`,

    - `purchase_probability`: at least one purchase in [as_of, as_of + horizon),
    - `churn_probability`: no activity in that window (the label exists for users active in the horizon before it),
    - `notification_purchase_effect`, `notification_activity_effect`: what a notification on the day `as_of`, at the
      hour of campaigns, adds to the probabilities of a purchase and of activity, if no other one is sent.

    The oracle behind it knows the user's habits, whether the user has left already, the drift to come and how campaigns
    are drawn. It does not know when the user will leave, nor any other random draw that is still to come. For an oracle
    that does not know who has left, pass `presence`, such as the result of `presence_given_history`. A session counts
    on the day it begins, although its last minutes may be after midnight. Raises UserError for a day before anybody can
    have joined.
    """
    day = (as_of - start).days
    if day < 1 or horizon_days < 1:
        raise UserError(f"There is no truth as of {as_of} for {horizon_days} days: the simulation begins on {start}")
    is_present = population.churned_day >= day
    there = is_present.astype(np.float64) if presence is None else presence
    since = np.full(population.size, float(day))

    def happens(share: Floats | float, notified: Notified) -> Floats:
        silent_there, silent_gone = _silence(population, since, day + horizon_days, start.weekday(), share, notified)
        return np.asarray(there * (1 - silent_there - silent_gone), np.float64)

    def effect(share: Floats | float) -> Floats:
        notified = happens(share, lambda each: float(each == day))
        return np.asarray(notified - happens(share, lambda _: 0.0), np.float64)

    def campaigns(each: int) -> Floats:
        is_campaign = each % DAYS == CAMPAIGN_DAY
        drawn = is_campaign * population.behaviour.notification_probability
        if population.behaviour.redraws_control:
            return np.full(population.size, drawn * (1 - population.behaviour.control_share))
        return np.where(population.is_control, 0.0, drawn)

    purchase = population.purchase_probability
    return pl.DataFrame(
        {
            "user_id": user_names(population.size),
            "as_of": pl.repeat(as_of, population.size, eager=True),
            "horizon_days": pl.repeat(horizon_days, population.size, dtype=pl.Int32, eager=True),
            "is_present": is_present,
            "is_control": population.is_control,
            "purchase_probability": happens(purchase, campaigns),
            "churn_probability": 1 - happens(1.0, campaigns),
            "notification_purchase_effect": effect(purchase),
            "notification_activity_effect": effect(1.0),
        }
    ).filter(population.joined_day < day)


def truth_by_horizon(population: Population, days: int, horizon_days: int) -> Iterator[pl.DataFrame]:
    """The truth as of the day after a simulation of `days` days, and as of every day whole horizons before it.

    Yields frames of `truth` in the order of their days. Raises UserError for a horizon of less than a day.
    """
    if horizon_days < 1:
        raise UserError(f"--horizon is {horizon_days}; it must be 1 or more")
    first = (days - 1) % horizon_days + 1
    asked = [START + timedelta(days=day) for day in range(first, days + 1, horizon_days)]
    return (truth(population, as_of, horizon_days) for as_of in asked)


def presence_given_history(
    population: Population, history: pl.DataFrame, as_of: date, *, start: date = START
) -> Floats:
    """The probability that each user is still there, given the habits and the events, but not who has left.

    `history` has events as `simulate` yields them; only those before `as_of` are read. What counts is the user's last
    session, and the notifications since then that were not opened. By Bayes' rule, the result is P(silent and there)
    divided by P(silent).
    """
    day = (as_of - start).days
    moment = (pl.col("occurred_at") - pl.lit(start).cast(pl.Datetime("us", "UTC"))).dt.total_microseconds() / 86_400e6
    events = history.select("user_id", "event_type", day=moment).filter(pl.col("day") < day)
    users = pl.DataFrame({"user_id": user_names(population.size)}).with_row_index("user")
    last = events.filter(event_type="session_start").group_by("user_id").agg(pl.col("day").max())
    since = users.join(last, on="user_id", how="left", maintain_order="left")["day"].fill_null(day).to_numpy()
    sent = events.filter(event_type="notification_sent").join(users, on="user_id")
    is_notified = np.zeros((population.size, day), bool)
    is_notified[sent["user"].to_numpy(), sent["day"].cast(pl.Int64).to_numpy()] = True
    there, gone = _silence(
        population, since, day, start.weekday(), 1.0, lambda each: is_notified[:, each].astype(float)
    )
    return np.asarray(there / (there + gone), np.float64)


def _silence(
    population: Population, since: Floats, until: int, first_weekday: int, share: Floats | float, notified: Notified
) -> tuple[Floats, Floats]:
    """The probabilities that nothing happens from `since` to the day `until` and the user is then there, or has left.

    Applies to users who are there at `since`. A session counts with the probability `share`. While a user is there,
    counting sessions and leaving are two competing Poisson processes. An opened notification is one more session.
    """
    there, gone = np.ones(population.size), np.zeros(population.size)
    for day in range(int(since.min()), until):
        rate = share * population.rate_of_sessions(slice(None), day, (first_weekday + day) % DAYS)
        hazard = population.rate_of_leaving(day)
        opening = day + _OPENED_HOUR / 24
        for begin, end in ((day, opening), (opening, day + 1)):
            stays = np.exp(-(rate + hazard) * np.clip(end - np.maximum(begin, since), 0.0, None))
            gone += there * (1 - stays) * hazard / (rate + hazard)
            there *= stays
            if end is opening:
                there *= 1 - (since < opening) * notified(day) * population.open_probability * share
    return there, gone
