"""What a learned policy brings in a simulated shop, where the true effect of a message on each user is known.

    python -m benchmarks.decisions.simulated_policies [--users 20000] [--weeks 30] [--seeds 5]

Every week a campaign draws half of the users and holds out half of these by chance, anew each time. A policy is learned
from all campaigns but the last, whose users it then chooses with a budget of 20 %. What that brings is the true effect
on buying within a week, times what a purchase of the user is expected to bring, minus the cost of the contacts.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from rich.table import Table

from cli.console import make_console
from ml.policies.decisions import decisions_of, purchase_value
from ml.policies.learning import Learned, learn
from ml.policies.policy import Terms, chosen
from ml.propensity.matrix import Floats, feature_matrix
from simulator import simulate
from simulator.population import Behaviour, Population, draw_population
from simulator.simulation import START
from simulator.truth import truth
from simulator.week import CAMPAIGN_DAY, DAYS

BEHAVIOUR = Behaviour(control_share=0.5, notification_probability=0.5, redraws_control=True)
TERMS = Terms(window_days=DAYS, cost_per_contact=0.1, budget_share=0.2)
FIRST_WEEK = 8
_DAY = pl.duration(days=1)
FEATURES = (
    "days_since_first_seen", "days_since_last_activity", "days_since_last_purchase", "orders_total",
    "purchase_amount_total", "orders_30d", "orders_90d", "sessions_7d", "sessions_30d", "sessions_90d", "carts_30d",
    "orders_per_session", "notifications_sent_90d", "notification_open_rate_90d",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What each way to choose brings, in money per 1,000 users of the shop."""

    learned: Learned
    brought: dict[str, float]


def campaign_day(week: int) -> date:
    """The day on which a week's campaign is sent."""
    return START + timedelta(days=week * DAYS + CAMPAIGN_DAY)


def features_of(events: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """What was known of each user when a day began; the names are those of the feature mart."""
    day = pl.lit(as_of).cast(pl.Datetime("us", "UTC"))
    known = events.filter(pl.col("occurred_at") < day).with_columns(
        age=(day - pl.col("occurred_at")).dt.total_seconds() / 86_400
    )
    kind, age = pl.col("event_type"), pl.col("age")
    notified = kind.is_in(["notification_sent", "notification_withheld"])
    order = kind == "purchase"

    def orders(within: float) -> pl.Expr:
        return pl.col("order_id").filter(order & (age <= within)).n_unique()

    def count(name: str, within: float) -> pl.Expr:
        return ((kind == name) & (age <= within)).sum()

    sent, opened = count("notification_sent", 90), count("notification_opened", 90)
    return (
        known.group_by("user_id")
        .agg(
            days_since_first_seen=age.max(),
            days_since_last_activity=age.filter(~notified).min(),
            days_since_last_purchase=age.filter(order).min(),
            orders_total=orders(1e9),
            purchase_amount_total=pl.col("amount").cast(pl.Float64).filter(order).sum(),
            orders_30d=orders(30),
            orders_90d=orders(90),
            sessions_7d=count("session_start", 7),
            sessions_30d=count("session_start", 30),
            sessions_90d=count("session_start", 90),
            carts_30d=count("add_to_cart", 30),
            orders_per_session=orders(1e9) / (kind == "session_start").sum(),
            notifications_sent_90d=sent,
            notification_open_rate_90d=pl.when(sent > 0).then(opened / sent),
        )
        .sort("user_id")
    )


def ledger(events: pl.DataFrame, weeks: int) -> Iterator[pl.DataFrame]:
    """The decisions of each campaign but the last, with features and what came of them."""
    drawn = events.filter(pl.col("event_type").is_in(["notification_sent", "notification_withheld"])).select(
        "user_id", "event_type", day=pl.col("occurred_at").dt.date(), at="occurred_at"
    )
    purchases = events.filter(event_type="purchase").select("user_id", bought_at="occurred_at")
    for week in range(FIRST_WEEK, weeks - 1):
        day = campaign_day(week)
        mine = drawn.filter(pl.col("day") == day)
        buyers = mine.join(purchases, on="user_id").filter(
            (pl.col("bought_at") >= pl.col("at")) & (pl.col("bought_at") < pl.col("at") + DAYS * _DAY)
        )
        is_held_out = pl.col("event_type") == "notification_withheld"
        yield mine.select(
            "user_id",
            campaign=pl.lit(f"week {week}"),
            arm=pl.when(is_held_out).then(pl.lit("control")).otherwise(pl.lit("message")),
            propensity=pl.when(is_held_out).then(BEHAVIOUR.control_share).otherwise(1 - BEHAVIOUR.control_share),
            left_alone_propensity=pl.lit(BEHAVIOUR.control_share),
            decided_on=pl.lit(day),
            bought=pl.col("user_id").is_in(buyers["user_id"].implode()),
        ).join(features_of(events, day), on="user_id")


def measure(users: int, weeks: int, seed: int) -> Result:
    """One shop: learn, choose users of the last campaign in each way, and look up what that truly brings."""
    days = weeks * DAYS
    wanted = ["user_id", "event_type", "occurred_at", "order_id", "amount"]
    events = pl.concat(frame.select(wanted) for frame in simulate(users, days, seed, behaviour=BEHAVIOUR))
    learned = learn(decisions_of(pl.concat(ledger(events, weeks)), FEATURES), TERMS, seed=seed)
    day = campaign_day(weeks - 1)
    population: Population = draw_population(users, days, seed, BEHAVIOUR)
    known = truth(population, day, DAYS).select("user_id", "notification_purchase_effect", "churn_probability")
    rows = features_of(events, day).join(known, on="user_id")
    value = purchase_value(rows, learned.policy.typical_purchase)
    true_worth = rows["notification_purchase_effect"].to_numpy() * value - TERMS.cost_per_contact
    risk = rows["churn_probability"].to_numpy()
    is_active = (rows["days_since_last_activity"] <= 30).to_numpy()
    action, worth = learned.policy.worth(feature_matrix(rows, learned.policy.features), value)
    by_chance = np.random.default_rng(seed).random(len(value))
    orders = {
        "oracle: true effect": true_worth,
        "learned policy": worth,
        "likeliest to leave": risk + 1,
        "likeliest to leave, of those active in 30 days": np.where(is_active, risk + 1, 0),
        "longest silent": rows["days_since_last_activity"].to_numpy() + 1,
        "bought most in 90 days": rows["orders_90d"].to_numpy() + by_chance,
        "by chance": by_chance,
    }
    brought = {}
    for name, order in orders.items():
        treated = chosen(np.ones_like(action), np.asarray(order, np.float64), TERMS.budget_share, 2)[:, 1] > 0
        brought[name] = 1000 * float(true_worth[treated].sum()) / len(value)
    return Result(learned, brought)


def result_table(results: list[Result]) -> Table:
    """Each way to choose: what it brings, as a share of the oracle, and the learned policy's multiple of it."""
    table = Table(title=f"Profit per 1,000 users, {TERMS.budget_share:.0%} contacted, {len(results)} simulated shops")
    for heading in ("who is contacted", "profit", "spread", "of the oracle", "the learned policy brings more by"):
        table.add_column(heading, justify="left" if heading.startswith("who") else "right")
    oracle, mine = (
        np.array([each.brought[name] for each in results]) for name in ("oracle: true effect", "learned policy")
    )
    for name in results[0].brought:
        brought = np.array([each.brought[name] for each in results])
        more = (
            "" if name == "learned policy" else f"{mine.mean() - brought.mean():+.1f} +- {_spread(mine - brought):.1f}"
        )
        share = f"{brought.sum() / oracle.sum():.0%}"
        table.add_row(name, f"{brought.mean():.1f}", f"{_spread(brought):.1f}", share, more)
    return table


def _spread(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def main() -> None:
    """Prints the table, and the verdict on each policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    console = make_console()
    results = [measure(given.users, given.weeks, seed) for seed in range(given.seeds)]
    console.print(result_table(results))
    for seed, each in enumerate(results):
        best = each.learned.rankings[0]
        console.print(
            f"shop {seed}: {best.learner}, Qini {best.qini_judged:.3f} ({best.qini_low:.3f} to {best.qini_high:.3f}), "
            f"{'promoted' if each.learned.is_promoted else 'not used'}. {each.learned.verdict}",
            soft_wrap=True,
        )


if __name__ == "__main__":
    main()
