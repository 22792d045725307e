"""The time rule, whatever the events: 500 made-up histories, and leaks planted in the SQL that these histories expose.

Belongs here: what happens on or after a day, or is received then, changes no byte of what was known as of that day.
Runs the SQL that dbt compiles, in the database; dbt itself is called once.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CASES = 500
BATCH = 10
HORIZON_DAYS = 20
AS_OF_DATES = (date(2024, 2, 10), date(2024, 3, 1), date(2024, 3, 21))
MODELS = ("int_user_daily", "int_user_sums", "user_features", "user_labels")
TYPES = [
    "purchase",
    "purchase",
    "purchase",
    "view",
    "session_start",
    "add_to_cart",
    "refund",
    "notification_sent",
    "notification_opened",
]
TYPES += ["feedback", "badge", "a_type_nobody_foresaw"]

Known = dict[tuple[str, str, date], str]


@dataclass(frozen=True)
class Event:
    """An event of the case's user."""

    event_type: str
    occurred_at: datetime
    received_at: datetime
    order_id: str | None = None
    item_id: str | None = None
    amount: Decimal | None = None
    source: str = "import"


@dataclass(frozen=True)
class Case:
    """One user, twice: the same past before a day, in any order, and two futures.

    An event belongs to the future if it occurred on or after the day, or was received then.
    """

    day: date
    past: tuple[Event, ...]
    future: tuple[Event, ...]
    again: tuple[Event, ...]
    """The past in another order, mixed with the other future."""

    def kinds(self) -> set[str]:
        """What is special about it."""
        began = datetime.combine(self.day, datetime.min.time(), UTC)
        other = [event for event in self.again if max(event.occurred_at, event.received_at) >= began]
        found = {
            "inserted": bool(set(other) - set(self.future)),
            "deleted": bool(set(self.future) - set(other)),
            "late": any(event.occurred_at < began for event in other),
            "early": any(event.received_at < began for event in other),
            "on the stroke": any(began in (event.occurred_at, event.received_at) for event in other),
            "duplicated": len({*self.past, *other}) < len(self.past) + len(other),
            "redelivered": bool(
                {replace(event, received_at=began) for event in other}
                & {replace(event, received_at=began) for event in self.past}
            ),
            "reordered": tuple(event for event in self.again if event not in other) != self.past,
        }
        return {kind for kind, is_so in found.items() if is_so}


OFFSETS = st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(hours=12), timedelta(microseconds=-1)])
DAYS = st.integers(1, 70)


@st.composite
def histories(draw: st.DrawFn) -> Case:
    """A case; every part of it shrinks on its own."""
    day = draw(st.sampled_from(AS_OF_DATES))
    began = datetime.combine(day, datetime.min.time(), UTC)
    before = st.builds(lambda days, offset: began - timedelta(days=days) + offset, DAYS, OFFSETS).filter(
        lambda moment: moment < began
    )
    after = st.one_of(
        st.just(began), st.builds(lambda days, offset: began + timedelta(days=days) + offset, DAYS, OFFSETS)
    )

    def event(occurred: datetime, received: datetime) -> Event:
        event_type = draw(st.sampled_from(TYPES))
        is_money = event_type in ("purchase", "refund")
        return Event(
            event_type,
            occurred,
            received,
            order_id=draw(st.sampled_from([None, "order 1", "order 2"])) if is_money else None,
            item_id=draw(st.sampled_from([None, "item 1", "item 2"])),
            amount=draw(st.sampled_from([None, Decimal("9.99"), Decimal("-0.01"), Decimal("0.3333")])),
            source=draw(st.sampled_from(["import", "telegram", "web"])),
        )

    def future_event() -> Event:
        kind = draw(st.sampled_from(["later", "late", "early", "again", "repeated"] if past else ["later", "late"]))
        if kind == "again":
            return replace(draw(st.sampled_from(past)), received_at=draw(after))
        if kind == "repeated":
            return replace(draw(st.sampled_from(past)), occurred_at=draw(after), received_at=draw(after))
        occurred = draw(before if kind == "late" else after)
        return event(occurred, draw(before if kind == "early" else after))

    past: list[Event] = []
    for _ in range(draw(st.integers(0, 5))):
        occurred = draw(before)
        past.append(event(occurred, draw(st.one_of(st.just(occurred), before))))
    past += past[: draw(st.integers(0, 2))]
    future = [future_event() for _ in range(draw(st.integers(0, 4)))]
    kept = [each for each in future if draw(st.booleans())]
    added = [future_event() for _ in range(draw(st.integers(0, 4)))]
    again = draw(st.permutations([*past, *kept, *added]))
    return Case(day, tuple(past), tuple(future), tuple(again))


@dataclass(frozen=True, repr=False)
class Marts:
    """The SQL of the models as dbt compiles it for an empty warehouse, and the warehouse to run it in."""

    connection: psycopg.Connection[tuple[object, ...]]
    sql: Mapping[str, str]

    def build(self, events: Sequence[tuple[str, Event]]) -> Known:
        """Everything the marts say when these are all events: rows by table, user and day, as Postgres writes them."""
        for table in ("raw.events", "intermediate.int_user_daily", "intermediate.int_user_sums"):
            self.connection.execute(f"delete from {table}".encode())  # noqa: S608
        columns = "event_id, user_id, event_type, occurred_at, received_at, order_id, item_id, amount, source"
        with self.connection.cursor() as cursor, cursor.copy(f"copy raw.events ({columns}) from stdin") as copy:
            for number, (user_id, event) in enumerate(events):
                copy.write_row((UUID(int=number), user_id, *vars(event).values()))
        for model in MODELS[:2]:
            self.connection.execute(f"insert into intermediate.{model} {self.sql[model]}".encode())
        found: Known = {}
        for table in MODELS[2:]:
            query = f"select user_id, as_of, row_to_json(mart)::text from ({self.sql[table]}) as mart"  # noqa: S608
            found |= {(table, user, day): row for user, day, row in self.connection.execute(query.encode())}
        return found

    def planted(self, model: str, honest: str, leaking: str) -> "Marts":
        """The same marts with a leak."""
        assert self.sql[model].count(honest) == 1, "the plant no longer fits the SQL; plant it anew"
        return replace(self, sql={**self.sql, model: self.sql[model].replace(honest, leaking)})


@pytest.fixture(scope="module")
def marts(shared_warehouse_url: str, parsed: Any) -> Iterator[Marts]:
    """The project's marts, in a warehouse with room for the events of every case."""
    parsed.call("seed")
    parsed.call("run", "--select", "staging", "int_identities", "int_user_daily", "int_user_sums")
    days = [day.isoformat() for day in AS_OF_DATES]
    asked = {"as_of_dates": days, "horizon_days": HORIZON_DAYS, "known_until": "2025-01-01"}
    sql = parsed.call("compile", "--full-refresh", "--select", *MODELS, **asked)
    with psycopg.connect(shared_warehouse_url, autocommit=True) as connection:
        reach = timedelta(days=75)
        connection.execute(
            "select raw.ensure_event_partitions(%s, %s)", [AS_OF_DATES[0] - reach, AS_OF_DATES[-1] + reach]
        )
        yield Marts(connection, sql)


def as_of(day: date, user_id: str, known: Known) -> Known:
    """The part that may not depend on the future of `day`: features, the populations of labels, and closed labels."""
    part: Known = {}
    for (table, user, row_day), row in known.items():
        if user != user_id or row_day > day:
            continue
        if table == "user_labels" and row_day + timedelta(days=HORIZON_DAYS) > day:
            row = f"in the population of churn: {json.loads(row)['is_churned'] is not None}"  # noqa: PLW2901
        part[table, user, row_day] = row
    return part


def check_time_rule(marts: Marts, cases: Sequence[Case]) -> None:
    """Builds the marts with the one future and with the other; each case must see the same."""
    users = {f"case {number}": case for number, case in enumerate(cases)}
    with marts.connection.transaction(force_rollback=True):
        one = marts.build([(user, event) for user, case in users.items() for event in case.past + case.future])
        other = marts.build([(user, event) for user, case in reversed(users.items()) for event in case.again])
    for user, case in users.items():
        before, after = as_of(case.day, user, one), as_of(case.day, user, other)
        assert before == after, f"what was known of {user} as of {case.day} depends on what came later"


def run_cases(marts: Marts, phases: Sequence[Phase]) -> Counter[str]:
    """Checks CASES cases, the same ones every time; returns how many there were, in all and of each kind."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=CASES // BATCH,
        phases=phases,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(histories(), min_size=BATCH, max_size=BATCH))
    def batch(cases: list[Case]) -> None:
        seen.update(kind for case in cases for kind in ("cases", *case.kinds()))
        check_time_rule(marts, cases)

    batch()
    return seen


def test_no_future_changes_a_byte_of_what_was_known(marts: Marts) -> None:
    seen = run_cases(marts, [Phase.generate, Phase.shrink])
    assert seen["cases"] >= CASES, seen
    for kind in ("inserted", "deleted", "late", "early", "on the stroke", "duplicated", "redelivered", "reordered"):
        assert seen[kind] >= CASES // 20, seen


WINDOW_END = "(population.as_of + population.horizon_days)"
LEAKS = {
    "a feature looks one day ahead": (
        "int_user_daily",
        "greatest(first_known.occurred_day, first_known.received_day)",
        "greatest(first_known.occurred_day - 1, first_known.received_day - 1)",
    ),
    "a feature knows what arrives that day": (
        "int_user_daily",
        "greatest(first_known.occurred_day, first_known.received_day)",
        "greatest(first_known.occurred_day, first_known.received_day - 1)",
    ),
    "a feature ignores when we learned of it": (
        "int_user_daily",
        "greatest(first_known.occurred_day, first_known.received_day)",
        "first_known.occurred_day",
    ),
    "a gap is known before its purchase is": ("int_user_sums", "and new_purchases.as_of > daily.known_day", ""),
    "an order counts when its last line arrives": (
        "int_user_daily",
        "order_id,\n        min(received_day) as received_day",
        "order_id,\n        max(received_day) as received_day",
    ),
    "features of those who come back only": (
        "user_features",
        "on sums.as_of = dates.as_of",
        "on sums.as_of = dates.as_of and sums.user_id in ("
        "select user_id from intermediate.int_user_daily where occurred_day >= dates.as_of)",
    ),
    "a population that counts the day itself": ("user_labels", "first_known_day < dates", "first_known_day <= dates"),
    "a population by what happened, known or not": (
        "user_labels",
        "min(greatest(occurred_day, received_day))",
        "min(occurred_day)",
    ),
    "a population of churn that looks ahead": (
        "user_labels",
        "daily.occurred_day < population.as_of and",
        "daily.occurred_day <= population.as_of and",
    ),
    "a label window that is one day too long": (
        "user_labels",
        f"and {WINDOW_END} > daily.occurred_day",
        f"and {WINDOW_END} >= daily.occurred_day",
    ),
    "a label that changes after its window closed": ("user_labels", f"and daily.received_day < {WINDOW_END}", ""),
}


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(leak: str, marts: Marts) -> None:
    planted = marts.planted(*LEAKS[leak])
    with pytest.raises(AssertionError, match="depends on what came later"):
        run_cases(planted, [Phase.generate])
