"""Whatever the contract lets in, the marts build, their tests pass, and they say what the events say.

Belongs here: the contract's whole space, as shops that no test of a single rule would think of. Does not: the time rule
(test_time_rule), or files in other words than ours (tests/ingestion).
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg import sql

from ingestion import import_files
from ingestion.accepting import Status, accept
from ingestion.contract_check import check_new_events
from ingestion.rates import bring_rates
from orchestration.reference_features import reference_features, reference_labels
from orchestration.time_rule import differences, events_of, is_exact
from tests.integration.dbt_project.parsed import Parsed
from warehouse.database import Database
from warehouse.exchange_rates import demand_base_currency

Event = dict[str, Any]

HORIZON_DAYS = 20
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
TYPES = [
    *["purchase"] * 6, *["refund"] * 3, "view", "search", "session_start", "command", "message", "add_to_cart",
    "checkout", "notification_sent", "notification_withheld", "notification_opened", "campaign_received", "feedback",
    "signup", "badge", "a type nobody foresaw", "💸" * 200,
]  # fmt: skip
USERS = ["a", "0", " b ", "O'Brien", '"quoted"', "back\\slash", "%s_{}", "Ünï", "👩‍👧", "x" * 512, "-1", "DROP TABLE"]
AMOUNTS = [None, 0, 10, 19.99, -5, 0.005, -0.005, 1e-6, 1 / 3, 123_456.78, 1e9, -1e9]
QUANTITIES = [None, 0, 1, 2, -1, 0.5, 1e9, -1e9]
TEXTS = [None, None, "1", "order 1", "o" * 512, "Ü"]
OFFSETS = [timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(hours=11, minutes=59)]
CODES = ["".join(letters) for letters in product("QZ", ascii_uppercase, ascii_uppercase[:8])][:400]
"""400 currencies. The first half has rates, the tenth of them 0."""


def rate(currency: str) -> float:
    """What one unit is worth, from a millionth to a thousand."""
    place = CODES.index(currency)
    return 0.0 if place % 10 == 0 else float(10 ** (place % 10 - 6))


@dataclass(frozen=True)
class Shop:
    """Events, the days to build, and how many of the events come once more afterwards, one by one, under other ids."""

    events: list[Event]
    days: tuple[date, ...] = (date(2024, 2, 10), date(2024, 3, 1), date(2024, 3, 21))
    repeated: int = 0


def event(chance: random.Random, at: datetime, **said: Any) -> Event:
    """Any event at a time. What is `said` is not left to chance."""
    late = chance.choice([None, None, timedelta(), timedelta(hours=-24), timedelta(days=40), timedelta(days=365)])
    drawn = {
        "user_id": chance.choice(USERS),
        "event_type": chance.choice(TYPES),
        "occurred_at": at.isoformat(),
        "received_at": None if late is None else max(at + late, datetime(1990, 1, 1, tzinfo=UTC)).isoformat(),
        "order_id": chance.choice(TEXTS),
        "item_id": chance.choice(TEXTS),
        "amount": chance.choice(AMOUNTS),
        "currency": chance.choice([None, "EUR", "XTR"]),
        "quantity": chance.choice(QUANTITIES),
        "source": chance.choice(["telegram", "web", "mobile", "import"]),
        "properties": chance.choice([None, {}, {"a": [1, {"b": None}]}, {"text": "\\u0041 ' \" 💸"}]),
    }
    return {name: value for name, value in {**drawn, **said}.items() if value is not None}


def around(chance: random.Random, days: int) -> datetime:
    """A time within so many days of NOON; often on the stroke of midnight, or a microsecond before or after."""
    day = (NOON + timedelta(days=chance.randint(-days, days))).replace(hour=0)
    return day + chance.choice(OFFSETS)


def one_event(chance: random.Random) -> Shop:
    return Shop([event(chance, NOON - timedelta(days=3), event_type="purchase", amount=19.99, quantity=1)])


def one_second(chance: random.Random) -> Shop:
    return Shop([event(chance, NOON - timedelta(days=5), received_at=None) for _ in range(200)])


def only_refunds(chance: random.Random) -> Shop:
    """Also booked as purchases of less than nothing."""
    booked = [("refund", 5), ("refund", -5), ("refund", None), ("purchase", -5), ("purchase", -1e12)]
    pairs = [chance.choice(booked) for _ in range(100)]
    return Shop([event(chance, around(chance, 45), event_type=each, amount=amount) for each, amount in pairs])


def no_money(chance: random.Random) -> Shop:
    """Feedback, and what was done to users."""
    types = ["feedback", "notification_sent", "notification_withheld", "campaign_received", "badge"]
    return Shop([event(chance, around(chance, 45), event_type=chance.choice(types), amount=None) for _ in range(100)])


def everything(chance: random.Random) -> Shop:
    """Users of whom anything may be so, and others with 34 years of silence, with huge amounts, in 400 currencies."""
    silence = [
        event(chance, at, user_id=f"silent {place % 5}")
        for at in (datetime(1990, 1, 1, tzinfo=UTC), NOON)
        for place in range(60)
    ]
    whole = {"event_type": "purchase", "quantity": 1e12, "currency": "EUR"}
    huge = [
        event(chance, around(chance, 45), user_id=f"rich {place % 5}", **whole, amount=amount)
        for place, amount in enumerate([1e12, 999_999_999_999.99, 0.01, 0.0005, 3] * 40)
    ]
    # Doubles do not hold their sum exactly: when the first leaves a window, not quite the second is left.
    leaving = [
        event(chance, at, user_id="leaving", **whole, amount=amount, received_at=None)
        for at, amount in ((NOON - timedelta(days=182), 1e12), (NOON - timedelta(days=177), 0.0005))
    ]
    foreign = [
        event(chance, around(chance, 45), currency=each, amount=amount, event_type="purchase", quantity=None)
        for each in CODES
        for amount in (2, -3)
    ]
    anything = [event(chance, around(chance, 45)) for _ in range(400)]
    events = [*anything, *silence, *huge, *leaving, *foreign]
    chance.shuffle(events)
    days = (date(1990, 1, 20), date(2007, 7, 1), date(2023, 11, 25), date(2023, 12, 2), date(2024, 3, 1))
    return Shop(events, days, repeated=100)


Draw = Callable[[random.Random], Shop]
SHOPS: tuple[Draw, ...] = (one_event, one_second, only_refunds, no_money, everything)


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.__name__)
def test_whatever_the_contract_lets_in_builds(warehouse_url: str, parsed: Parsed, tmp_path: Path, shop: Draw) -> None:
    builds(warehouse_url, parsed, tmp_path, shop(random.Random(shop.__name__)))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_seed_it_builds(warehouse_url: str, parsed: Parsed, tmp_path: Path, seed: int) -> None:
    builds(warehouse_url, parsed, tmp_path, everything(random.Random(seed)))


def builds(warehouse_url: str, parsed: Parsed, folder: Path, made: Shop) -> None:
    """Brings the events of a shop in, builds everything, and compares it with what the events say."""
    warehouse = Database(warehouse_url)
    demand_base_currency(warehouse, "EUR")
    half = len(made.events) // 2
    stored = [
        *imported(warehouse_url, folder, made.events[:half]),
        *imported(warehouse_url, folder, made.events[half:], with_rates=True),
    ]
    assert check_new_events(warehouse, accept=True).success

    build(parsed, made.days)
    agree(warehouse, made.days)
    assert money(warehouse) == pytest.approx(expected(stored))

    if made.repeated:
        late = [{**each, "event_id": f"{place:032x}"} for place, each in enumerate(made.events[: made.repeated])]
        with psycopg.connect(warehouse_url, autocommit=True) as connection:
            outcomes = accept(connection, [{**each, "received_at": None} for each in late])
            (tomorrow,) = connection.execute("select current_date + 1").fetchall()[0]
        assert {each.status for each in outcomes} == {Status.STORED, Status.WAITING}
        assert check_new_events(warehouse, accept=True).success
        build(parsed, (*made.days, tomorrow))
        agree(warehouse, made.days, tomorrow)


def imported(url: str, folder: Path, events: list[Event], *, with_rates: bool = False) -> list[Event]:
    """Brings events in, with rates for half of the currencies behind them; those that are stored."""
    if not events:
        return []
    file = folder / f"{len(events)}.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in events))
    (result,) = import_files(url, [file], even_if_known=True)
    assert (result.read, result.stored + sum(result.waiting.values())) == (len(events), len(events)), result.reasons
    rated = set(CODES[: len(CODES) // 2]) if with_rates else set()
    if with_rates:
        rates = folder / "rates.csv"
        rates.write_text("day,currency,rate\n" + "".join(f"1990-01-01,{each},{rate(each)}\n" for each in sorted(rated)))
        bring_rates(url, rates, valid_days=36_500)
    (again,) = import_files(url, [file], even_if_known=True)
    assert again.stored == 0
    return [each for each in events if each.get("currency") not in CODES or each["currency"] in set(CODES[:200])]


def expected(events: list[Event]) -> dict[str, float]:
    """What events that are stored brought, by user, in euros: purchases less refunds."""
    sums: dict[str, float] = {}
    for each in events:
        amount, currency = each.get("amount") or 0.0, each.get("currency")
        worth = amount * (rate(currency) if currency in CODES else 0.0 if currency == "XTR" else 1.0)
        user = each["user_id"].strip()
        sums.setdefault(user, 0.0)
        is_return = amount < 0 or each.get("quantity", 0) < 0
        if each["event_type"] == "refund" or (each["event_type"] == "purchase" and is_return):
            sums[user] -= abs(worth)
        elif each["event_type"] == "purchase":
            sums[user] += worth
    return sums


def money(warehouse: Database) -> dict[str, float]:
    """What the roll-up says users brought."""
    sums = warehouse.frame(
        "select user_id, sum(purchase_amount - refund_amount)::float8 from intermediate.int_user_daily group by 1"
    )
    return dict(sums.iter_rows())


def build(parsed: Parsed, days: Iterable[date], *options: str) -> None:
    """Everything, with every test of the data."""
    as_of_dates = [day.isoformat() for day in days]
    parsed.for_the_shop(
        "build", "--exclude", "resource_type:unit_test", *options, as_of_dates=as_of_dates, known_until="2024-05-01"
    )


def agree(warehouse: Database, days: Sequence[date], *open_days: date) -> None:
    """Every feature and label of every user is what its definition without SQL says; `open_days` have no labels yet.

    Of users whose sums no double holds, what is built is enough.
    """
    users = warehouse.frame("select distinct user_id from raw.events").get_column("user_id")
    events = events_of(warehouse, users.to_list()).filter(is_exact().over("user_id"))
    known = {"users": events["user_id"].unique().to_list()}
    assert known["users"]
    for table, rebuilt in (
        ("user_features", [reference_features(events, day) for day in (*days, *open_days)]),
        ("user_labels", [reference_labels(events, day, HORIZON_DAYS) for day in days]),
    ):
        query = sql.SQL("select * from {} where user_id = any(%(users)s)").format(sql.Identifier("marts", table))
        found = differences(table, warehouse.frame(query, **known), pl.concat(rebuilt))
        assert not (found.differing or found.unforeseen or found.missing), (found.differing, found.sentence)
