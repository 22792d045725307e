"""The truth about simulated users: over many futures, events happen as often as it states."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from core.errors import UserError
from simulator import (
    Behaviour,
    Drift,
    DriftKind,
    Population,
    draw_population,
    presence_given_history,
    simulate,
    truth,
    truth_by_horizon,
)
from simulator.sessions import PURCHASE, draw_sessions
from simulator.simulation import START
from simulator.week import DAYS, MICROSECONDS_PER_DAY, draw_week

# The middle of a week, and a drift a few days later.
DAY, HORIZON, DRIFT_DAY, LENGTH = 16, 17, 21, 60
COPIES = 2_500
LIVELY = Behaviour(notification_probability=0.8, open_probability=0.5, lifetime_days=40.0)


def day(number: int) -> date:
    return START + timedelta(days=number)


def taken(population: Population, users: Iterable[int]) -> Population:
    """A population of these users. A user who is listed twice is in it twice."""
    chosen = np.fromiter(users, np.int64)
    arrays = {
        field.name: getattr(population, field.name)[chosen]
        for field in fields(population)
        if field.name not in ("behaviour", "drift")
    }
    return replace(population, **arrays)


def futures(population: Population, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Who buys and who is active within the horizon, drawn once for every user. All are there at its start."""
    random = np.random.default_rng(seed)
    lifetime = random.exponential(1.0, population.size) / population.churn_hazard
    is_doubled = population.drift is not None and population.drift.kind is DriftKind.CHURN
    lived = np.minimum(lifetime, DRIFT_DAY - DAY)
    population = replace(population, churned_day=DAY + lived + (lifetime - lived) / (2 if is_doubled else 1))
    bought, active = np.zeros(population.size, bool), np.zeros(population.size, bool)
    prices = np.ones(2_000)
    begin, end = DAY * MICROSECONDS_PER_DAY, (DAY + HORIZON) * MICROSECONDS_PER_DAY
    for week in range(DAY // DAYS, (DAY + HORIZON) // DAYS + 1):
        happening = draw_week(population, slice(None), week, 10 * LENGTH, START.weekday(), random)
        # A session counts on the day it begins.
        is_within = (happening.session_start >= begin) & (happening.session_start < end)
        happening = replace(
            happening,
            session_user=happening.session_user[is_within],
            session_start=happening.session_start[is_within],
        )
        active[happening.session_user] = True
        events = draw_sessions(population, happening, prices, 0, random)
        bought[events.user[events.kind == PURCHASE]] = True
    return bought, active


@pytest.mark.parametrize("drift", [None, *(Drift(kind, DRIFT_DAY) for kind in DriftKind)], ids=str)
def test_over_many_futures_things_happen_as_often_as_the_truth_says(drift: Drift | None) -> None:
    population = draw_population(60, LENGTH, 5, LIVELY, drift)
    there = np.flatnonzero((population.joined_day < DAY) & (population.churned_day > DAY))
    known = truth(taken(population, there), day(DAY), HORIZON)
    copies = taken(population, np.repeat(there, COPIES))
    assert 15 < len(there) < 40
    assert known["is_control"].any()
    for name, happened in zip(("purchase_probability", "churn_probability"), futures(copies, 8), strict=True):
        rates = happened.reshape(len(there), COPIES).mean(axis=1)
        expected = known[name].to_numpy() if name == "purchase_probability" else 1 - known[name].to_numpy()
        errors = np.sqrt(expected * (1 - expected) / COPIES)
        scores = (rates - expected) / errors
        assert np.abs(scores).max() < 4
        # All users together: a bias of a tenth of one user's error would show.
        assert abs((rates - expected).sum()) < 3 * np.sqrt((errors**2).sum())


@cache
def shop() -> tuple[Population, pl.DataFrame]:
    arguments = (6_000, 180, 11)
    return draw_population(*arguments), pl.concat(list(simulate(*arguments)))


def happened(events: pl.DataFrame, as_of: date, horizon: int) -> pl.DataFrame:
    """What the labels would say: who bought, and who did anything, in [as_of, as_of + horizon)."""
    days = pl.col("occurred_at").dt.date()
    passive = ["notification_sent", "notification_withheld"]
    within = events.filter((days >= as_of) & (days < as_of + timedelta(days=horizon)))
    return (
        within.filter(~pl.col("event_type").is_in(passive))
        .group_by("user_id")
        .agg(has_purchased=(pl.col("event_type") == "purchase").any(), has_activity=pl.lit(True))
    )


@pytest.mark.parametrize("is_seen", [False, True])
def test_labels_of_a_simulated_shop_happen_at_the_true_rate(is_seen: bool) -> None:
    population, events = shop()
    as_of = day(120)
    presence = presence_given_history(population, events, as_of) if is_seen else None
    known = truth(population, as_of, 30, presence=presence).join(happened(events, as_of, 30), on="user_id", how="left")
    known = known.with_columns(pl.col("has_purchased", "has_activity").fill_null(False))
    for probability, outcome in (
        (known["purchase_probability"], known["has_purchased"]),
        (1 - known["churn_probability"], known["has_activity"]),
    ):
        # In each fifth of the users by their probability, and in all of them.
        for group in (probability >= 0, *np.array_split(np.argsort(probability.to_numpy()), 5)):
            p, y = probability.to_numpy()[group], outcome.to_numpy()[group]
            assert abs(y.mean() - p.mean()) < 3.5 * np.sqrt((p * (1 - p)).sum()) / len(p) + 0.001


def test_presence_given_history_is_calibrated() -> None:
    population, events = shop()
    presence = presence_given_history(population, events, day(120))
    is_joined = population.joined_day < 120
    assert np.all((presence >= 0) & (presence <= 1))
    bins = np.digitize(presence, [0.1, 0.5, 0.9, 0.98])
    for each in range(5):
        chosen = is_joined & (bins == each)
        p = presence[chosen]
        is_there = population.churned_day[chosen] >= 120
        assert chosen.sum() > 100
        assert abs(is_there.mean() - p.mean()) < 3.5 * np.sqrt((p * (1 - p)).sum()) / len(p) + 0.003


def test_those_who_left_do_nothing_and_cannot_be_reached() -> None:
    population, _ = shop()
    known = truth(population, day(120), 30).filter(~pl.col("is_present"))
    assert known.height > 1_000
    assert (known["purchase_probability"] == 0).all()
    assert (known["churn_probability"] == 1).all()
    assert (known["notification_purchase_effect"] == 0).all()
    assert (known["notification_activity_effect"] == 0).all()


def test_the_effect_of_a_notification_is_the_difference_to_the_control_group() -> None:
    # With one campaign in the window, at its beginning and for all, the groups differ by exactly that notification.
    population = draw_population(500, 60, 2, replace(LIVELY, notification_probability=1.0))
    as_of = day(7 * 4 + 2)
    nobody, everybody = np.zeros(500, bool), np.ones(500, bool)
    treated = truth(replace(population, is_control=nobody), as_of, 7)
    control = truth(replace(population, is_control=everybody), as_of, 7)
    for effect, probability, sign in (
        ("notification_purchase_effect", "purchase_probability", 1),
        ("notification_activity_effect", "churn_probability", -1),
    ):
        difference = sign * (treated[probability] - control[probability])
        assert np.allclose(treated[effect], difference)
        assert np.allclose(control[effect], difference)
    assert treated["notification_activity_effect"].max() > 0.3


@cache
def drawn() -> pl.DataFrame:
    """Everyone drawn by a campaign: treated or control, the true effect, and what happened until the next campaign."""
    population, events = shop()
    assignments = events.filter(pl.col("event_type").is_in(["notification_sent", "notification_withheld"]))
    weeks = []
    for week in range(4, 25):
        as_of = day(7 * week + 2)
        campaign = assignments.filter(pl.col("properties") == f'{{"campaign":"week-{week:03d}"}}')
        weeks.append(
            campaign.select("user_id", is_treated=pl.col("event_type") == "notification_sent")
            .join(truth(population, as_of, 7), on="user_id")
            .join(happened(events, as_of, 7), on="user_id", how="left")
            .with_columns(pl.col("has_purchased", "has_activity").fill_null(False).cast(pl.Float64))
        )
    return pl.concat(weeks)


@pytest.mark.parametrize(
    ("outcome", "effect"),
    [("has_purchased", "notification_purchase_effect"), ("has_activity", "notification_activity_effect")],
)
def test_the_measured_difference_between_treated_and_control_is_the_true_average_effect(
    outcome: str, effect: str
) -> None:
    rates, errors = [], []
    for is_treated in (True, False):
        group = drawn().filter(pl.col("is_treated") == is_treated)
        rate = group[outcome].mean()
        # A user is drawn many times: what varies independently is the sum over each user's draws.
        sums = group.group_by("user_id").agg((pl.col(outcome) - rate).sum())[outcome]
        rates.append(rate)
        errors.append(np.sqrt((sums**2).sum()) / group.height)
    error = np.hypot(*errors)
    assert rates[0] - rates[1] == pytest.approx(drawn()[effect].mean(), abs=2.5 * error)
    assert error < 0.015


def test_no_truth_before_anybody_joined() -> None:
    population, _ = shop()
    with pytest.raises(UserError, match="no truth as of 2025-01-01 for 30 days: the simulation begins on 2025-01-01"):
        truth(population, START, 30)


def test_truth_by_horizon_covers_the_day_after_the_last_and_whole_horizons_before() -> None:
    population = draw_population(50, 70, 3)
    frames = list(truth_by_horizon(population, 70, 30))
    assert [frame["as_of"].unique().item() for frame in frames] == [day(10), day(40), day(70)]
    assert frames[1].equals(truth(population, day(40), 30))
    with pytest.raises(UserError, match="--horizon is 0; it must be 1 or more"):
        truth_by_horizon(population, 70, 0)
