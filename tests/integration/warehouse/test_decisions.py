"""Which decisions policies learn from, in Postgres, edge by edge; then the whole way from the ledger to use."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import polars as pl
import pytest
from psycopg.types.json import Jsonb

from dbt_project import CATALOGUE
from ml.catalogue import read_catalogue
from ml.experiments.assignment import bucket_of
from ml.policies.policy import Terms
from orchestration.policies import learn_policy, load_policy, score_users
from standalone.stack import Platform
from warehouse import policies as store
from warehouse.database import Connection, Database
from warehouse.databases import WAREHOUSE
from warehouse.decisions import read_decisions
from warehouse.holdout import Span, holdout_span, holdout_sums
from warehouse.marts import Marts

SENT = datetime(2025, 3, 10, 12, tzinfo=UTC)
WINDOW = 7
UNTIL = SENT + timedelta(days=60)


@dataclass
class Shop:
    """A warehouse with snapshots of features as of some days, and campaigns."""

    database: Database
    connection: Connection

    def snapshot(self, as_of: date, *users: str, recency: int = 1) -> None:
        self.connection.execute(
            "insert into raw.snapshots (mart, as_of, horizon_days, change_id, definition)"
            " values ('user_features', %s, 0, 0, '')",
            [as_of],
        )
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into marts.user_features values (%s, %s, %s, 2, 20)", [(user, as_of, recency) for user in users]
            )

    def campaign(self, *arms: tuple[str, str, float | None], at: datetime = SENT) -> str:
        """A campaign that drew users into arms with a probability, and whose first message left at once."""
        (campaign_id,) = self.connection.execute(
            "insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share,"
            " made_by, started_at) values ('c', 'campaign', 'offers', false, '{}', %s, 0.5, 'me', %s)"
            " returning campaign_id",
            [Jsonb([{"name": "a", "texts": {"en": "Hello"}}]), at],
        ).fetchone() or (None,)
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into app.recipients (campaign_id, user_id, arm, propensity, state, selected_at, sent_at)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (campaign_id, user, arm, chance, *(("control", at, None) if arm == "control" else ("sent", at, at)))
                    for user, arm, chance in arms
                ],
            )
        return str(campaign_id)

    def event(self, user: str, kind: str, at: datetime, order: str | None = None, **properties: str) -> None:
        self.connection.execute("select raw.ensure_event_partitions(%s, %s)", [at, at + timedelta(days=1)])
        self.connection.execute(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, order_id, amount, source,"
            " properties) values (%s, %s, %s, %s, %s, %s, 10, 'import', %s)",
            [uuid4(), user, kind, at, at, order, Jsonb(properties)],
        )

    def decisions(self, until: datetime = UNTIL, campaigns: list[str] | None = None) -> list[dict[str, object]]:
        frame = read_decisions(self.database, until, WINDOW, campaigns)
        return frame.select("user_id", "arm", "propensity", "as_of", "bought").rows(named=True)


@pytest.fixture
def shop(warehouse_url: str, empty_platform: Platform) -> Iterator[Shop]:
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute(
            "create table marts.user_features (user_id text, as_of date, days_since_last_activity integer,"
            " orders_total bigint, purchase_amount_total double precision)"
        )
        connection.execute("alter table marts.user_features owner to customer_analyzer_pipeline")
        yield Shop(Database(warehouse_url), connection)


def test_features_are_those_known_when_the_day_of_the_decision_began(shop: Shop) -> None:
    for day in (date(2025, 1, 1), date(2025, 3, 1), date(2025, 3, 10), date(2025, 3, 11)):
        shop.snapshot(day, "ann", "bob")
    shop.snapshot(date(2025, 3, 9), "ann")
    shop.campaign(("ann", "a", 0.5), ("bob", "control", 0.5))
    assert {row["as_of"] for row in shop.decisions()} == {date(2025, 3, 10)}
    shop.campaign(("ann", "a", 0.5), at=SENT - timedelta(days=1, hours=13))
    assert sorted(str(row["as_of"]) for row in shop.decisions())[0] == "2025-03-01"


def test_old_snapshots_and_open_windows_are_left_out(shop: Shop) -> None:
    shop.snapshot(SENT.date() - timedelta(days=45), "ann")
    shop.campaign(("ann", "a", 0.5))
    assert shop.decisions() == []
    shop.snapshot(SENT.date() - timedelta(days=44), "ann")
    assert len(shop.decisions()) == 1
    assert len(shop.decisions(SENT + timedelta(days=WINDOW))) == 1
    assert shop.decisions(SENT + timedelta(days=WINDOW, seconds=-1)) == []


def test_what_was_certain_or_is_not_known_teaches_nothing(shop: Shop) -> None:
    shop.snapshot(SENT.date(), "ann", "bob", "cid", "dan")
    shop.campaign(("ann", "a", 1.0), ("bob", "a", None), ("cid", "global_control", None), ("dan", "a", 0.9))
    assert [(row["user_id"], row["propensity"]) for row in shop.decisions()] == [("dan", 0.9)]


def test_a_purchase_counts_within_the_window_and_an_order_that_began_before_does_not(shop: Shop) -> None:
    users = ("at once", "last moment", "too late", "before", "begun before")
    shop.snapshot(SENT.date(), *users)
    shop.campaign(*((user, "a", 0.5) for user in users))
    window = timedelta(days=WINDOW)
    shop.event("at once", "purchase", SENT)
    shop.event("last moment", "purchase", SENT + window - timedelta(seconds=1))
    shop.event("too late", "purchase", SENT + window)
    shop.event("before", "purchase", SENT - timedelta(seconds=1))
    for hours in (-1, 1):
        shop.event("begun before", "purchase", SENT + timedelta(hours=hours), order="order")
    assert {row["user_id"] for row in shop.decisions() if row["bought"]} == {"at once", "last moment"}


def test_campaigns_of_another_system_count_by_their_events(shop: Shop) -> None:
    shop.snapshot(SENT.date(), *"abcd")
    for user in "abc":
        shop.event(user, "notification_sent", SENT, campaign="spring")
    shop.event("d", "notification_withheld", SENT, campaign="spring")
    shop.event("a", "notification_sent", SENT, campaign="all were written to")
    shop.event("a", "notification_sent", SENT, campaign="of our own", campaign_id=str(uuid4()))
    shop.event("b", "purchase", SENT + timedelta(days=1))
    found = shop.decisions()
    assert [(row["user_id"], row["arm"], row["propensity"], row["bought"]) for row in found] == [
        ("a", "message", 0.75, False),
        ("b", "message", 0.75, True),
        ("c", "message", 0.75, False),
        ("d", "control", 0.25, False),
    ]
    assert shop.decisions(campaigns=["autumn"]) == []
    assert len(shop.decisions(campaigns=["spring"])) == 4


def test_a_policy_is_learned_stored_used_and_ended(shop: Shop) -> None:
    """Three campaigns; who was silent for long buys only when written to, and others buy less when they are."""
    chance = random.Random(1)
    users = [f"user {number}" for number in range(1_200)]
    days = [SENT + timedelta(days=8 * week) for week in range(4)]
    shop.connection.execute("select raw.ensure_event_partitions(%s, %s)", [SENT, UNTIL])
    for day in days:
        recency = {user: chance.choice((1, 40)) for user in users}
        shop.snapshot(day.date())
        treated = {user: chance.random() < 0.5 for user in users}
        with shop.connection.cursor() as cursor:
            cursor.executemany(
                "insert into marts.user_features values (%s, %s, %s, 2, 20)",
                [(user, day.date(), recency[user]) for user in users],
            )
            shop.campaign(*((user, "a" if treated[user] else "control", 0.5) for user in users), at=day)
            cursor.executemany(
                "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source)"
                " values (%s, %s, 'purchase', %s, %s, 'import')",
                [
                    (uuid4(), user, day + timedelta(hours=3), day + timedelta(hours=3))
                    for user in users
                    if chance.random() < (0.5 if treated[user] == (recency[user] > 20) else 0.15)
                ],
            )
    catalogue = read_catalogue(CATALOGUE).select(("days_since_last_activity", "orders_total"))
    marts = Marts(shop.database)
    stored = learn_policy(marts, catalogue, Terms(WINDOW, 0.5, 0.6), UNTIL, "anna")
    assert stored.learned.is_promoted, stored.learned.verdict
    assert stored.decisions == 4 * len(users)
    assert stored.scored_users == len(users)
    in_use = shop.database.run(store.policy_in_use())
    assert in_use is not None
    assert (in_use.policy_id, in_use.learned_by, in_use.is_in_use) == (stored.policy_id, "anna", True)
    worth = pl.DataFrame(
        shop.connection.execute(
            "select worth > 0, days_since_last_activity > 20, count(*) from ml.user_effects"
            " join marts.user_features using (user_id, as_of) group by 1, 2 order by 1, 2"
        ).fetchall(),
        orient="row",
    )
    assert worth.rows()[0][:2] == (False, False)
    assert worth.rows()[-1][:2] == (True, True)
    assert worth.height == 2
    # A later policy that is not better than chance ends the use of this one.
    same = load_policy(shop.database, stored.policy_id).to_dict()
    shop.database.run(store.add_policy("anna", [], 0, "s-logistic", same, {}, "no", is_promoted=False))
    assert shop.database.run(store.policy_in_use()) is None
    assert score_users(marts, days[-1].date()) == 0
    assert shop.connection.execute("select count(*) from ml.user_effects").fetchall() == [(0,)]
    assert [each.is_in_use for each in shop.database.run(store.policies())] == [False, False]
    assert shop.database.run(store.end_policy("anna")) == 0


def test_the_global_control_group_is_compared_from_snapshot_to_snapshot(shop: Shop) -> None:
    begun = datetime(2025, 3, 10, tzinfo=UTC)
    shop.connection.execute("alter table marts.user_features add orders_90d bigint, add purchase_amount_90d float8")
    assert shop.database.run(holdout_span()) is None
    shop.connection.execute(
        "insert into app.global_control (salt, buckets, begun_by, begun_at) values ('s', 1000, 'me', %s)", [begun]
    )
    users = [f"user {number}" for number in range(200)]
    for day, orders in ((date(2025, 3, 1), 2), (date(2025, 3, 9), 2), (date(2025, 4, 9), 5)):
        shop.snapshot(day, *users)
        shop.connection.execute("update marts.user_features set orders_total = %s where as_of = %s", [orders, day])
    span = shop.database.run(holdout_span())
    assert span == Span(begun.date(), date(2025, 3, 9), date(2025, 4, 9))
    others, held_out = shop.database.run(holdout_sums(span)).sort("is_held_out").rows(named=True)
    assert held_out["users"] == sum(bucket_of("s", user) < 1000 for user in users)
    assert others["users"] + held_out["users"] == len(users)
    for group in (others, held_out):
        assert group["orders"] == 3 * group["users"]
        assert group["orders * orders"] == 9 * group["users"]
        assert group["revenue"] == 0
