"""Marts built a day at a time equal marts built anew, bit for bit, whatever happens in between.

Belongs here: sequences of runs, drawn by hypothesis, held against one build of everything. Not: what the columns mean
(test_marts, the unit tests in yml) or that they know only the past (test_time_rule).
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from ingestion.contract_check import READER, refuse_new_events
from tests.integration.dbt_project.shop import Dbt, Event, insert, random_events, rows
from warehouse.database import Database
from warehouse.events import move_watermark, oldest_open_transaction
from warehouse.locks import marts_lock

FIRST_DAY = date(2024, 1, 1)
MODELS = ("int_user_daily", "int_user_sums", "user_features", "user_labels")
MARTS = ("intermediate.int_identities", "intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
HOLD_A_USER = (*MARTS[1:], "intermediate.int_user_sums", "raw.events")
HOLD_IDENTITIES = ("raw.user_aliases", "intermediate.int_identities")
ID = st.integers(0, 2)
TYPES = ["purchase", "purchase", "view", "session_start", "add_to_cart", "refund", "notification_opened", "badge"]


@dataclass(frozen=True)
class Step:
    """What arrives, of which the second half commits only after the run; which ids are joined and separated; a run;
    then who is erased.

    The run asks for `days` and is killed after `models` of its models; after all four it ended well.
    """

    arrived: tuple[Event, ...]
    joined: tuple[tuple[str, str, datetime], ...]
    separated: tuple[tuple[str, datetime], ...]
    erased: str | None
    days: tuple[date, ...]
    models: int


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Runs one to two hundred days apart, some of which also ask for days of the past."""
    today, steps = FIRST_DAY, list[Step]()
    for _ in range(draw(st.integers(3, 6))):
        today += timedelta(days=draw(st.sampled_from([1, 1, 1, 7, 30, 200])))
        arrived = [draw_event(draw, today) for _ in range(draw(st.integers(0, 6)))]
        again = [(UUID(int=draw(st.integers(0, 2**128 - 1))), *each[1:]) for each in arrived if draw(st.booleans())]
        past = draw(st.lists(st.integers(1, 400), max_size=2))
        steps.append(
            Step(
                arrived=(*arrived, *again),
                joined=tuple(
                    (f"user {old}", f"user {new}", draw_moment(draw, today, [0, 0, 0, 1, 20, 400]))
                    for old, new in draw(st.lists(st.tuples(ID, ID), max_size=2))
                    if old != new
                ),
                separated=tuple(
                    (f"user {old}", draw_moment(draw, today, [0])) for old in draw(st.lists(ID, max_size=1))
                ),
                erased=draw(st.sampled_from([None, None, None, "user 0"])),
                days=(*(today - timedelta(days=back) for back in past), today),
                models=draw(st.sampled_from([4, 4, 4, 1, 2, 3])),
            )
        )
    return steps


def draw_moment(draw: st.DrawFn, today: date, days_before: Sequence[int]) -> datetime:
    """A moment on the day before `today`, or some days before that."""
    back = timedelta(days=draw(st.sampled_from(days_before)), hours=draw(st.integers(1, 24)))
    return datetime.combine(today, datetime.min.time(), UTC) - back


def draw_event(draw: st.DrawFn, today: date) -> Event:
    """An event of one of three users that arrives on the day before `today`; a quarter claims it came at once."""
    received = draw_moment(draw, today, [0])
    occurred = received - timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 20, 95, 700])))
    event_type = draw(st.sampled_from(TYPES))
    is_money = event_type in ("purchase", "refund")
    return (
        UUID(int=draw(st.integers(0, 2**128 - 1))),
        f"user {draw(ID)}",
        event_type,
        occurred,
        draw(st.sampled_from([received, received, received, occurred])),
        draw(st.sampled_from([None, "order 1"])) if is_money else None,
        draw(st.sampled_from([None, "item 1", "item 2"])),
        draw(st.sampled_from([None, Decimal("9.99"), Decimal("0.3333")])) if is_money else None,
        Decimal(2) if is_money else None,
    )


def run(dbt: Dbt, days: Sequence[date], *arguments: str, models: int = len(MODELS)) -> None:
    """Builds the first `models` of the models, as a run does that is killed then."""
    asked = sorted({day.isoformat() for day in days})
    dbt(
        "run",
        "--select",
        "staging",
        "int_identities",
        *MODELS[:models],
        *arguments,
        as_of_dates=asked,
        known_until=asked[-1],
    )


def check(history: Sequence[Step], dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], url: str) -> None:
    """Lives through a history; what is there in the end is what a build of everything makes."""
    for table in (*HOLD_A_USER, *HOLD_IDENTITIES, "raw.snapshots", "raw.daily_changes", "raw.watermarks"):
        if warehouse.execute("select to_regclass(%s)", [table]).fetchone() != (None,):
            warehouse.execute(f"delete from {table}".encode())  # noqa: S608
    for step in history:
        with ExitStack() as late:
            half = len(step.arrived) // 2
            insert(warehouse, step.arrived[:half])
            insert(late.enter_context(psycopg.connect(url)), step.arrived[half:])
            for old, new, known in step.joined:
                warehouse.execute("select raw.alias_user(%s, %s, %s, 'a test', null)", [old, new, known])
            for old, moment in step.separated:
                warehouse.execute(
                    "update raw.user_aliases set ended_at = greatest(%s, known_at)"
                    " where old_user_id = %s and ended_at is null",
                    [moment, old],
                )
            run(dbt, step.days, models=step.models)
        if step.erased:
            for table in ("intermediate.int_user_daily", "intermediate.int_user_sums"):
                warehouse.execute(
                    f"delete from {table} where user_id in ("  # noqa: S608
                    "select identity_id from intermediate.int_identities where member_user_id = %s)".encode(),
                    [step.erased],
                )
            warehouse.execute("delete from raw.user_aliases where %s in (old_user_id, new_user_id)", [step.erased])
            for table in HOLD_A_USER:
                warehouse.execute(f"delete from {table} where user_id = %s".encode(), [step.erased])  # noqa: S608
    days = [day for step in history for day in step.days]
    run(dbt, days)
    day_by_day = {table: rows(warehouse, table) for table in MARTS}
    run(dbt, days, "--full-refresh")
    assert day_by_day == {table: rows(warehouse, table) for table in MARTS}


def check_cases(cases: int, dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], url: str) -> None:
    """Checks a number of histories, the same ones every time."""
    warehouse.execute("select raw.ensure_event_partitions('2022-01-01', '2027-12-31')")
    dbt("seed")
    run(dbt, [FIRST_DAY])

    @settings(
        max_examples=cases,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def lived_through(history: list[Step]) -> None:
        check(history, dbt, warehouse, url)

    lived_through()


def test_day_by_day_equals_all_at_once(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    check_cases(4, dbt, warehouse, warehouse_url)


@pytest.mark.soak
def test_many_histories_day_by_day(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    check_cases(60, dbt, warehouse, warehouse_url)


def test_rows_refused_after_marts_were_built_on_them_leave_the_marts(
    dbt: Dbt, warehouse: psycopg.Connection[tuple[object, ...]], warehouse_url: str
) -> None:
    dbt("seed")
    insert(warehouse, random_events(1, 300))
    joined = "select raw.alias_user(%s, %s, '2024-01-10 00:00Z', 'a test', null)"
    warehouse.cursor().executemany(joined, [("user 0", "user 5"), ("user 1", "user 6"), ("user 6", "user 7")])
    checked = Database(warehouse_url)
    checked.run(move_watermark(READER, checked.run(oldest_open_transaction())))
    days = [date(2024, 2, 10), date(2024, 5, 1)]
    run(dbt, days)
    before = {table: rows(warehouse, table) for table in MARTS}
    # On a day that has other events, on one that has none, and by somebody else who was never seen.
    warehouse.execute(
        "insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, source, currency)"
        " select gen_random_uuid(), user_id, 'view', occurred_at, occurred_at + interval '1 day', 'web', 'euro' from ("
        " select user_id, min(occurred_at) as occurred_at from raw.events where user_id < 'user 2' group by user_id"
        " union all values ('user 0', timestamptz '2024-04-15 12:00Z'), ('nobody', '2024-01-05 12:00Z')) as wrong"
    )
    run(dbt, days)
    assert before != {table: rows(warehouse, table) for table in MARTS}

    refused = refuse_new_events(checked)

    run(dbt, days)
    assert before == {table: rows(warehouse, table) for table in MARTS}
    assert warehouse.execute("select count(*) from raw.events_quarantine").fetchall() == [(refused,)]
    with marts_lock(checked), pytest.raises(UserError, match="building the marts"):
        refuse_new_events(checked)
