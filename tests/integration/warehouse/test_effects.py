"""Which events count as an effect, in Postgres: edge by edge, and beside a plain count in Python."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import polars as pl
import pytest
from psycopg.types.json import Jsonb

from standalone.stack import Platform
from warehouse.database import Connection, Database
from warehouse.databases import WAREHOUSE
from warehouse.effects import (
    COVARIATE_DAYS,
    COVARIATES,
    OUTCOMES,
    SUMS,
    LeftOut,
    left_out,
    measured_campaign,
    sum_name,
    sums_by_day,
)
from warehouse.events import archived_months_between

SENT = datetime(2025, 3, 10, 12, tzinfo=UTC)
UNTIL = SENT + timedelta(days=30)
WINDOW = 7


@dataclass(frozen=True)
class Event:
    """A purchase, or a refund, some time after SENT; it arrived at once unless it says so."""

    user_id: str
    after: timedelta
    amount: float = 10.0
    order_id: str | None = None
    event_type: str = "purchase"
    received_after: timedelta | None = None
    base_amount: float | None = None

    @property
    def at(self) -> datetime:
        return SENT + self.after

    @property
    def received_at(self) -> datetime:
        return SENT + (self.after if self.received_after is None else self.received_after)

    @property
    def worth(self) -> float:
        sign = 1 if self.event_type == "purchase" else -1
        return sign * abs(self.amount if self.base_amount is None else self.base_amount)


@dataclass
class Shop:
    """A warehouse with one campaign."""

    database: Database
    connection: Connection
    campaign_id: UUID

    def assign(
        self, arm: str | None, *users: str, sent_at: datetime | None = SENT, selected_at: datetime = SENT
    ) -> None:
        """Users of an arm; those of the control group are sent nothing."""
        is_held_out = arm in ("control", "global_control")
        state = "control" if is_held_out else "unreachable" if arm is None else "sent"
        self._each(
            "insert into app.recipients (campaign_id, user_id, arm, state, selected_at, sent_at)"
            " values (%s, %s, %s, %s, %s, %s)",
            [
                (self.campaign_id, user, arm, state, selected_at, None if arm is None or is_held_out else sent_at)
                for user in users
            ],
        )

    def happen(self, *events: Event) -> None:
        """Stores events."""
        moments = [event.at for event in events]
        self.connection.execute("select raw.ensure_event_partitions(%s, %s)", [min(moments), max(moments)])
        self._each(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, order_id, amount,"
            " base_amount, source) values (%s, %s, %s, %s, %s, %s, %s, %s, 'telegram')",
            [
                (uuid4(), event.user_id, event.event_type, event.at, event.received_at, event.order_id, event.amount,
                 event.base_amount)
                for event in events
            ],
        )  # fmt: skip

    def merge(self, old_id: str, new_id: str) -> None:
        """Says that two ids are one person."""
        self.connection.execute("select raw.alias_user(%s, %s, %s, 'a test', null)", [old_id, new_id, SENT])

    def totals(self, until: datetime = UNTIL) -> dict[tuple[str, str], float]:
        """The sums of all days by arm and column, without zeros."""
        frame = self.database.run(sums_by_day(self.campaign_id, SENT, until, WINDOW))
        summed = frame.group_by("arm").agg(pl.exclude("arm", "day").sum())
        rows = {(row["arm"], name): row[name] for row in summed.to_dicts() for name in row if name != "arm"}
        return {key: value for key, value in rows.items() if value}

    def _each(self, query: str, rows: list[tuple[object, ...]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(query, rows)  # type: ignore[arg-type]


@pytest.fixture
def shop(warehouse_url: str, empty_platform: Platform) -> Iterator[Shop]:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        (campaign_id,) = connection.execute(
            "insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share, state,"
            " made_by, started_at) values ('spring', 'campaign', 'offers', false, '{}', %s, 0.5, 'running', 'me', %s)"
            " returning campaign_id",
            [Jsonb([{"name": "a", "share": 1, "texts": {"en": "Hello"}}]), SENT],
        ).fetchone() or (None,)
        assert isinstance(campaign_id, UUID)
        yield Shop(Database(empty_platform.backend_url), connection, campaign_id)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_outcomes_count_from_the_first_message_until_the_window_closes(shop: Shop) -> None:
    shop.assign("a", "treated")
    shop.assign("control", "held_out", selected_at=SENT - hours(5))
    second = timedelta(seconds=1)
    for user in ("treated", "held_out"):
        shop.happen(
            Event(user, -second, 1),
            Event(user, timedelta(), 20),
            Event(user, timedelta(days=WINDOW) - second, 300),
            Event(user, timedelta(days=WINDOW), 4000),
        )
    totals = shop.totals()
    for arm in ("a", "control"):
        assert {name: totals[arm, name] for name in (*OUTCOMES, *COVARIATES)} == {
            "buyers": 1, "orders": 2, "revenue": 320, "orders_before": 1, "revenue_before": 1,
        }  # fmt: skip
    assert shop.totals(SENT + hours(1))["a", "revenue"] == 20
    assert shop.totals(SENT - hours(1)) == {}


def test_whoever_was_assigned_counts_whether_or_not_a_message_arrived(shop: Shop) -> None:
    shop.assign("a", "sent", "bought")
    shop.assign("a", "failed", sent_at=None)
    shop.assign("control", "held_out")
    shop.assign(None, "unreachable")
    shop.assign("global_control", "never")
    shop.happen(*(Event(user, hours(1)) for user in ("bought", "failed", "unreachable", "never")))
    totals = shop.totals()
    assert totals["a", "users"] == totals["a", "assigned_users"] == 3
    assert totals["a", "orders"] == 2
    assert {arm for arm, _ in totals} == {"a", "control"}


def test_lines_of_one_order_are_one_order_and_refunds_are_taken_off(shop: Shop) -> None:
    shop.assign("a", "u")
    shop.happen(
        Event("u", hours(1), 10, "new"),
        Event("u", hours(2), 5, "new"),
        Event("u", hours(30), -4, "new", "refund"),
        Event("u", hours(31), 3, None, "refund"),
        # An order that was begun before, and refunds of it and of one that nobody knows, are no effect.
        Event("u", hours(-1), 100, "old"),
        Event("u", hours(3), 100, "old"),
        Event("u", hours(4), 100, "old", "refund"),
        Event("u", hours(4), 100, "long ago", "refund"),
        # Amounts are in base currency.
        Event("u", hours(5), 1000, "abroad", base_amount=7),
    )
    totals = shop.totals()
    assert totals["a", "orders"] == 2
    assert totals["a", "revenue"] == 10 + 5 - 4 - 3 + 7
    assert totals["a", "orders_before"] == 1
    assert totals["a", "revenue_before"] == 100


def test_what_arrived_too_late_was_not_known_before(shop: Shop) -> None:
    shop.assign("a", "u")
    shop.happen(
        Event("u", hours(-5), 10),
        Event("u", hours(-4), 100, received_after=hours(1)),
        Event("u", -timedelta(days=COVARIATE_DAYS, seconds=1), 1000),
    )
    totals = shop.totals()
    assert totals["a", "revenue_before"] == 10
    assert ("a", "revenue") not in totals


def test_a_person_with_several_ids_counts_once_or_not_at_all(shop: Shop) -> None:
    shop.assign("a", "one", "web", "twice")
    shop.assign("control", "two", "also_twice", "phone")
    shop.assign("a", "second")
    for old_id, new_id in (("one", "one_more"), ("web", "phone"), ("also_twice", "aside"), ("second", "twice")):
        shop.merge(old_id, new_id)
    everyone = ("one", "one_more", "web", "phone", "twice", "second", "two", "also_twice", "aside")
    shop.happen(*(Event(user, hours(1)) for user in everyone))
    totals = shop.totals()
    assert shop.database.run(left_out(shop.campaign_id, UNTIL)) == LeftOut(in_several_arms=1, in_one_arm=1)
    assert (totals["a", "assigned_users"], totals["control", "assigned_users"]) == (4, 3)
    # one with one_more; two, and also_twice with aside.
    assert (totals["a", "users"], totals["a", "orders"]) == (1, 2)
    assert (totals["control", "users"], totals["control", "orders"]) == (2, 3)


def test_of_a_trigger_the_first_occasion_counts(shop: Shop) -> None:
    shop.assign("a", "u")
    shop.connection.execute(
        "insert into app.recipients (campaign_id, user_id, occasion, arm, state, selected_at, sent_at)"
        " values (%s, 'u', now(), 'a', 'sent', %s, %s)",
        [shop.campaign_id, SENT + timedelta(days=5), SENT + timedelta(days=5)],
    )
    shop.happen(Event("u", timedelta(days=6)), Event("u", timedelta(days=8)))
    totals = shop.totals()
    assert (totals["a", "users"], totals["a", "orders"]) == (1, 1)


def test_the_campaign_says_when_its_first_message_left(shop: Shop) -> None:
    shop.assign("control", "held_out")
    campaign = shop.database.run(measured_campaign(shop.campaign_id))
    assert campaign is not None
    assert (campaign.name, campaign.first_sent_at, campaign.sent) == ("spring", None, 0)
    assert shop.totals() == {}
    shop.assign("a", "u")
    campaign = shop.database.run(measured_campaign(shop.campaign_id))
    assert campaign is not None
    assert (campaign.first_sent_at, campaign.sent) == (SENT, 1)
    assert shop.database.run(measured_campaign(uuid4())) is None


def test_archived_months_are_named(shop: Shop) -> None:
    for month in ("2024-11-01", "2024-12-01", "2025-05-01"):
        shop.connection.execute(
            "insert into raw.archives (month, path, rows, checksum, first_known_day, sha256)"
            " values (%s, '', 1, '', now(), rpad(%s, 64, 'a'))",
            [month, month],
        )
    assert shop.database.run(archived_months_between(SENT - timedelta(days=COVARIATE_DAYS), UNTIL)) == ["2024-12"]


@pytest.mark.parametrize("seed", range(3))
def test_every_day_adds_what_a_plain_count_says(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    arms = {f"u{number}": chance.choice(["a", "control"]) for number in range(60)}
    for user, arm in arms.items():
        shop.assign(arm, user, selected_at=SENT + hours(chance.choice([-30, 0, 20, 50])))
    moments = dict(
        shop.connection.execute("select user_id, greatest(selected_at, %s) from app.recipients", [SENT]).fetchall()
    )
    events = [
        Event(
            f"u{chance.randrange(60)}", hours(chance.uniform(-24 * 100, 24 * 12)), round(chance.uniform(0, 50), 2),
            chance.choice([None, "x", "y"]), chance.choice(["purchase", "purchase", "refund"]),
        )
        for _ in range(600)
    ]  # fmt: skip
    late = [replace(event, received_after=event.after + hours(20)) for event in events[:200]]
    shop.happen(*late, *events[200:])
    frame = shop.database.run(sums_by_day(shop.campaign_id, SENT, UNTIL, WINDOW))
    for number in (0, 1, 3, 6, 10, 20):
        day = SENT.date() + timedelta(days=number)
        seen = frame.filter(pl.col("day") <= day)
        for arm in ("a", "control"):
            users = [user for user in arms if arms[user] == arm and moments[user].date() <= day]
            rows = [
                counted([e for e in (*late, *events[200:]) if e.user_id == user], moments[user], day) for user in users
            ]
            found = seen.filter(arm=arm)
            assert found["users"].sum() == len(users)
            for factors in SUMS:
                expected = sum(product_of(row, factors) for row in rows)
                assert found[sum_name(factors)].sum() == pytest.approx(expected, abs=1e-6), (number, arm, factors)


def product_of(row: dict[str, float], factors: tuple[str, ...]) -> float:
    result = 1.0
    for name in factors:
        result *= row[name]
    return result


def counted(events: list[Event], moment: datetime, day: date) -> dict[str, float]:
    """A user's outcomes until the end of a day, and covariates."""
    begin, end = moment - timedelta(days=COVARIATE_DAYS), moment + timedelta(days=WINDOW)
    there = [event for event in events if begin <= event.at < end]
    ordered: dict[str, datetime] = {}
    for event in sorted(there, key=lambda each: each.at):
        if event.order_id and event.event_type == "purchase":
            ordered.setdefault(event.order_id, event.at)
    before = [event for event in there if event.at < moment and event.received_at < moment]
    after = [
        event for event in there
        if event.at >= moment and event.at.date() <= day
        and (event.order_id is None or (event.order_id in ordered and ordered[event.order_id] >= moment))
    ]  # fmt: skip

    def orders(among: list[Event]) -> int:
        bought = [event.order_id for event in among if event.event_type == "purchase"]
        return bought.count(None) + len({order_id for order_id in bought if order_id is not None})

    made = orders(after)
    return {
        "buyers": min(made, 1),
        "orders": made,
        "revenue": sum(event.worth for event in after),
        "orders_before": orders(before),
        "revenue_before": sum(event.worth for event in before),
    }
