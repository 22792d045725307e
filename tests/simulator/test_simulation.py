"""The simulated shop: it is reproducible and coherent, satisfies the contract, and contains something to learn."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import UserError
from data_contracts.contract import read_contract
from data_contracts.rules import validate
from simulator import Behaviour, Population, draw_population, simulate

USERS, DAYS, SEED = 1_500, 120, 7


def gathered(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(list(frames))


@cache
def events() -> pl.DataFrame:
    return gathered(simulate(USERS, DAYS, SEED))


@cache
def population() -> Population:
    return draw_population(USERS, DAYS, SEED)


def of_type(name: str) -> pl.DataFrame:
    return events().filter(pl.col("event_type") == name)


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    first = gathered(simulate(50, 30, 1))
    assert_frame_equal(first, gathered(simulate(50, 30, 1)))
    for other in (simulate(50, 30, 2), simulate(50, 37, 1), simulate(51, 30, 1)):
        assert not set(first["event_id"]) & set(gathered(other)["event_id"])


def test_every_event_fulfils_the_contract() -> None:
    contract = read_contract()
    validated = validate(contract, events(), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert validated.bad.height == 0
    assert events().columns == list(contract.columns)
    known = {each.name for each in contract.event_types}
    assert set(events()["event_type"]) <= known


def test_event_ids_are_unique_uuids() -> None:
    ids = events()["event_id"]
    assert ids.n_unique() == len(ids)
    assert ids.str.contains("^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$").all()


def test_events_lie_within_the_days_and_weeks_come_in_order() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    assert events()["occurred_at"].is_between(start, start + timedelta(days=DAYS), closed="left").all()
    assert (events()["received_at"] >= events()["occurred_at"]).all()
    assert events()["occurred_at"].is_sorted()
    shifted = gathered(simulate(50, 14, 1, start=date(2024, 3, 1)))
    assert shifted["occurred_at"].min() >= datetime(2024, 3, 1, tzinfo=UTC)  # type: ignore[operator]


def test_every_user_shows_up_when_joining() -> None:
    first = events().group_by("user_id").agg(pl.col("occurred_at").min()).sort("user_id")
    day = (first["occurred_at"] - datetime(2025, 1, 1, tzinfo=UTC)).dt.total_microseconds().to_numpy() / 86_400e6
    is_known = np.isin(np.arange(USERS), [int(name[1:]) for name in first["user_id"]])
    assert is_known.mean() > 0.99
    assert np.allclose(day, population().joined_day[is_known], atol=1e-6)


def test_an_order_is_carted_checked_out_and_paid_in_this_order() -> None:
    moments = {
        name: of_type(name).group_by("user_id", "order_id").agg(pl.col("occurred_at").min().alias(name))
        for name in ("checkout", "purchase")
    }
    paid = moments["purchase"].join(moments["checkout"], on=["user_id", "order_id"], how="left")
    assert paid["checkout"].null_count() == 0
    assert (paid["checkout"] < paid["purchase"]).all()
    assert of_type("checkout")["order_id"].is_unique().all()
    carted = of_type("add_to_cart").select("user_id", "item_id", carted_at="occurred_at", carted="quantity")
    lines = of_type("purchase").join(carted, on=["user_id", "item_id"], how="left")
    found = lines.filter((pl.col("carted_at") < pl.col("occurred_at")) & (pl.col("carted") == pl.col("quantity")))
    assert found["event_id"].n_unique() == of_type("purchase").height
    assert (of_type("purchase")["amount"] > 0).all()


def test_a_refund_gives_back_a_line_that_was_paid_in_a_later_session() -> None:
    lines = of_type("purchase").select("order_id", "item_id", paid="amount", paid_at="occurred_at")
    refunds = of_type("refund").join(lines, on=["order_id", "item_id"], how="left")
    assert refunds.height > 20
    matched = refunds.filter((pl.col("paid") == -pl.col("amount")) & (pl.col("paid_at") < pl.col("occurred_at")))
    assert matched["event_id"].n_unique() == of_type("refund").height
    assert (matched["occurred_at"] - matched["paid_at"]).is_between(timedelta(hours=1), timedelta(days=10)).all()
    sessions = of_type("session_start").select("user_id", "occurred_at", began_at="occurred_at")
    came = refunds.sort("occurred_at").join_asof(sessions, on="occurred_at", by="user_id", check_sortedness=False)
    assert (came["occurred_at"] - came["began_at"] == timedelta(seconds=1)).all()


def test_notifications_are_randomised_opened_after_sent_and_never_reach_the_control_group() -> None:
    campaign = ["user_id", "properties"]
    sent = of_type("notification_sent").select(*campaign, sent_at="occurred_at")
    opened = of_type("notification_opened").join(sent, on=campaign, how="left")
    assert opened.height > 100
    assert (opened["sent_at"] < opened["occurred_at"]).all()
    reached = sorted({int(name[1:]) for name in sent["user_id"]})
    assert not population().is_control[reached].any()
    assert 0.15 < population().is_control.mean() < 0.25


def test_a_notification_is_withheld_from_the_control_group_by_the_same_draw() -> None:
    withheld = of_type("notification_withheld")
    users = [int(name[1:]) for name in withheld["user_id"]]
    assert population().is_control[users].all()
    assert withheld["properties"].str.contains('{"campaign":"week-', literal=True).all()
    # A user is drawn with probability 1/2 a week, in either group: compare the draws per user and week of membership.
    weeks = np.clip(np.ceil((DAYS - 3 - population().joined_day) / 7), 0, None)
    is_control = population().is_control
    assert withheld.height / weeks[is_control].sum() == pytest.approx(0.5, abs=0.03)
    assert of_type("notification_sent").height / weeks[~is_control].sum() == pytest.approx(0.5, abs=0.03)


def test_sources_are_a_users_own() -> None:
    assert (events().group_by("user_id").agg(pl.col("source").n_unique())["source"] == 1).all()
    assert set(events()["source"]) == {"telegram", "web", "mobile"}
    assert set(of_type("command")["source"]) == {"telegram"}


def test_purchases_follow_the_latent_rates() -> None:
    # Half the users by the expected number of purchases of those who stay: the upper half buys far more.
    truth = population()
    expected = truth.session_rate * truth.purchase_probability
    paid = of_type("purchase").group_by("user_id").agg(pl.col("order_id").n_unique())
    bought = np.zeros(USERS)
    bought[[int(name[1:]) for name in paid["user_id"]]] = paid["order_id"].to_numpy()
    is_upper = expected > np.median(expected)
    assert bought[is_upper].mean() > 3 * bought[~is_upper].mean()


def test_recency_predicts_who_comes_back() -> None:
    cutoff = datetime(2025, 4, 1, tzinfo=UTC)
    activity = events().filter(~pl.col("event_type").is_in(["notification_sent", "notification_withheld"]))
    past = activity.filter(pl.col("occurred_at") < cutoff).group_by("user_id").agg(pl.col("occurred_at").max())
    back = set(activity.filter(pl.col("occurred_at") >= cutoff)["user_id"])
    ranks = past["occurred_at"].rank().to_numpy()
    is_back = past["user_id"].is_in(back).to_numpy()
    positives = int(is_back.sum())
    area = (ranks[is_back].sum() - positives * (positives + 1) / 2) / (positives * (len(ranks) - positives))
    assert 0.1 < is_back.mean() < 0.9
    assert area > 0.7


def test_behaviour_changes_what_happens() -> None:
    quiet = gathered(simulate(300, 60, SEED, behaviour=Behaviour(sessions_per_day=0.05, control_share=1.0)))
    usual = gathered(simulate(300, 60, SEED))
    assert quiet.filter(pl.col("event_type") != "notification_withheld").height < usual.height / 2
    assert "notification_sent" not in set(quiet["event_type"])


@pytest.mark.parametrize(("users", "days", "seed"), [(0, 10, 1), (10, 0, 1), (10, 10, -1)])
def test_numbers_out_of_range_are_refused(users: int, days: int, seed: int) -> None:
    with pytest.raises(UserError, match="it must be"):
        simulate(users, days, seed)
