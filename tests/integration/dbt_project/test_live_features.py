"""Live features are those of tomorrow's snapshot, bit for bit, for whatever has arrived since days were counted."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import Dbt, Event, rows

COUNTED, TOMORROW = date(2024, 5, 1), date(2024, 5, 11)
USERS = 500
TYPES = [*["purchase", "view"] * 2, "session_start", "add_to_cart", "refund", "notification_opened", "badge"]
Connection = psycopg.Connection[tuple[object, ...]]


def history(chance: random.Random, user: int) -> list[Event]:
    """Up to thirty events of one user, some of them twice under other ids, some of them late, some in other money."""
    events: list[Event] = []
    newest = datetime.combine(TOMORROW, datetime.min.time(), UTC)
    for _ in range(chance.choice([1, 1, 2, 5, 10, 30])):
        received = newest - timedelta(seconds=chance.randrange(1, chance.choice([10, 60, 400]) * 86400))
        occurred = received - timedelta(days=chance.choice([0, 0, 0, 1, 20, 200]), seconds=chance.randrange(3600))
        event_type = chance.choice(TYPES)
        is_money = event_type in ("purchase", "refund")
        amount = chance.choice([None, Decimal("9.99"), Decimal("0.3333"), Decimal(250)]) if is_money else None
        event = (
            f"user {user}",
            event_type,
            occurred,
            chance.choice([received, received, occurred]),
            chance.choice([None, "order 1", "order 2"]) if is_money else None,
            chance.choice([None, "item 1", "item 2"]),
            amount,
            chance.choice([None, amount * Decimal("0.0061")]) if amount else None,
            Decimal(2) if is_money else None,
        )
        for _ in range(chance.choice([1, 1, 1, 2])):
            events.append((UUID(int=chance.getrandbits(128)), *event))
    return events


def store(warehouse: Connection, events: list[Event]) -> None:
    """Stores events, with what they are worth in base currency."""
    warehouse.execute("select raw.ensure_event_partitions('2022-01-01', '2024-06-01')")
    with warehouse.transaction(), warehouse.cursor() as cursor:
        cursor.executemany(
            "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, order_id, item_id,"
            " amount, base_amount, quantity, source) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'telegram')",
            events,
        )


def join(warehouse: Connection, old: int, new: int, known: datetime) -> None:
    warehouse.execute("select raw.alias_user(%s, %s, %s, 'a test', null)", [f"user {old}", f"user {new}", known])


def live(warehouse: Connection, users: list[str], as_of: date) -> list[tuple[object, ...]]:
    """What the function says, as Postgres writes it, which is exact to the last bit."""
    query = "select live::text from marts.live_user_features(%s::text[], %s) as live order by live::text"
    return warehouse.execute(query, [users, as_of]).fetchall()


@pytest.fixture(scope="module")
def dbt(shared_warehouse_url: str, parsed: Parsed) -> Dbt:
    """The tests of this module share a warehouse, because building its marts takes long."""
    return parsed.for_the_shop


@pytest.fixture(scope="module")
def warehouse(shared_warehouse_url: str) -> Iterator[Connection]:
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def arrived(dbt: Dbt, warehouse: Connection) -> list[str]:
    """A shop whose days were counted ten days ago; since then events came, and ids were joined and separated."""
    chance = random.Random(19)
    events = [event for user in range(USERS) for event in history(chance, user)]
    known = datetime.combine(COUNTED, datetime.min.time(), UTC)
    before = [event for event in events if max(event[3], event[4]) < known]  # type: ignore[operator]
    store(warehouse, before)
    for old in range(0, 40, 2):
        join(warehouse, old, old + 1, known - timedelta(days=5))
    dbt("seed")
    dbt("run", "--select", "+live_user_features", as_of_dates=[COUNTED.isoformat()], known_until=COUNTED.isoformat())
    store(warehouse, [event for event in events if event not in before])
    for old in range(40, 80, 2):
        join(warehouse, old, old + 1, known + timedelta(days=5))
    # Three ids of one person, and two that turned out to be two people.
    join(warehouse, 1, 100, known + timedelta(days=2))
    warehouse.execute(
        "update raw.user_aliases set ended_at = %s where old_user_id in ('user 4', 'user 42')",
        [known + timedelta(days=6)],
    )
    return [f"user {user}" for user in range(USERS)]


def test_live_features_are_tomorrows_snapshot(arrived: list[str], dbt: Dbt, warehouse: Connection) -> None:
    said = live(warehouse, arrived, TOMORROW)
    dbt("run", "--select", "+user_features", as_of_dates=[TOMORROW.isoformat()], known_until=TOMORROW.isoformat())
    snapshot = rows(warehouse, "marts.user_features", f"as_of = '{TOMORROW}'")
    # An id that was joined to another is answered for too, so more is said than the snapshot holds.
    assert set(snapshot) <= set(said)
    assert len(said) > len(snapshot) > 400
    # Counted anew, with nothing to add, the same is said.
    assert live(warehouse, arrived, TOMORROW) == said


def test_an_old_id_is_answered_for_as_its_person(arrived: list[str], warehouse: Connection) -> None:
    def said_of(user: str) -> str:
        ((row,),) = live(warehouse, [user], TOMORROW)
        return str(row).replace(f'"{user}"', "")

    for one, other in (("user 0", "user 1"), ("user 0", "user 100"), ("user 40", "user 41")):
        assert said_of(one) == said_of(other)
    assert said_of("user 4") != said_of("user 5")


def test_of_who_was_erased_or_never_seen_nothing_is_said(arrived: list[str], warehouse: Connection) -> None:
    warehouse.execute("delete from raw.events where user_id = 'user 200'")
    warehouse.execute("delete from intermediate.int_user_daily where user_id = 'user 200'")
    assert live(warehouse, ["user 200", "nobody"], TOMORROW) == []
    assert live(warehouse, [], TOMORROW) == []


def test_services_may_ask_and_read_no_events(arrived: list[str], warehouse: Connection) -> None:
    function = "marts.live_user_features(text[], date)"
    ((may_ask, may_read),) = warehouse.execute(
        "select has_function_privilege('customer_analyzer_serving', %s, 'execute'),"
        " has_table_privilege('customer_analyzer_serving', 'raw.events', 'select')",
        [function],
    ).fetchall()
    assert (may_ask, may_read) == (True, False)
