"""Persons with several ids: what is known of their ids, and what snapshots, labels and outcomes make of it.

Belongs here: joins and separations, also late, in chains and in circles. Not: that day by day equals all at once
(test_roll_forward), and the command line (tests/integration/cli).
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl
import psycopg
import pytest

from orchestration.reference_features import as_persons, reference_features, reference_labels
from orchestration.time_rule import differences, events_of
from tests.integration.dbt_project.shop import AS_OF_DATES, FIRST_DAY, Dbt, insert, random_events, rows
from warehouse.database import Database
from warehouse.user_aliases import Refusal, alias_user, aliases_around, ids_of_person, separate_user, shown_as

Connection = psycopg.Connection[tuple[object, ...]]
MARTS = ("intermediate.int_user_daily", "marts.user_features", "marts.user_labels")
DAYS = [date.fromisoformat(day) for day in AS_OF_DATES]


def join(warehouse: Connection, old: str, new: str, day: int, ended: int | None = None) -> None:
    """Writes down that an id belonged to another from a day of the shop until a later one, whatever else is said."""
    known, over = (None if each is None else FIRST_DAY + timedelta(days=each, hours=5) for each in (day, ended))
    warehouse.execute(
        "insert into raw.user_aliases (old_user_id, new_user_id, known_at, ended_at, said_by)"
        " values (%s, %s, %s, %s, 'a test')",
        [old, new, known, over],
    )


def shown(warehouse: Connection, day: int) -> dict[str, str]:
    """What belongs together as of a day of the shop: each id with the one under which it is shown."""
    found = warehouse.execute(
        "select member_user_id, user_id from raw.identities where valid_from <= %(day)s and %(day)s < valid_until",
        {"day": (FIRST_DAY + timedelta(days=day)).date()},
    ).fetchall()
    assert len(dict(found)) == len(found), "an id belongs to two persons"  # type: ignore[arg-type]
    return dict(found)  # type: ignore[arg-type]


def test_ids_belong_together_from_the_next_day_until_they_are_separated(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10, ended=20)
    together = {"a": "b", "b": "b"}
    assert [shown(warehouse, day) for day in (10, 11, 20, 21)] == [{}, together, together, {}]


def test_a_chain_is_shown_as_its_last_and_keeps_what_is_left_of_it(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10)
    join(warehouse, "b", "c", day=12, ended=14)
    join(warehouse, "d", "a", day=13)
    assert shown(warehouse, 12) == {"a": "b", "b": "b"}
    assert shown(warehouse, 13) == dict.fromkeys("abc", "c")
    assert shown(warehouse, 14) == dict.fromkeys("abcd", "c")
    assert shown(warehouse, 15) == dict.fromkeys("abd", "b")


def test_what_is_said_later_of_an_id_holds_from_then_on(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10, ended=20)
    join(warehouse, "a", "c", day=15)
    assert shown(warehouse, 15) == {"a": "b", "b": "b"}
    assert shown(warehouse, 16) == shown(warehouse, 30) == {"a": "c", "c": "c"}


def test_what_was_taken_back_does_not_end_what_holds(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10)
    join(warehouse, "a", "c", day=15, ended=18)
    join(warehouse, "a", "d", day=30, ended=30)
    as_b, as_c = {"a": "b", "b": "b"}, {"a": "c", "c": "c"}
    assert [shown(warehouse, day) for day in (11, 16, 18, 19, 31, 60)] == [as_b, as_c, as_c, as_b, as_b, as_b]


def test_a_circle_joins_nothing(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10, ended=20)
    join(warehouse, "b", "a", day=15)
    join(warehouse, "c", "b", day=12, ended=18)
    assert shown(warehouse, 16) == {}
    assert shown(warehouse, 21) == {"a": "a", "b": "a"}


def test_an_identity_has_one_name_and_no_user_can_have_it(warehouse: Connection) -> None:
    join(warehouse, "a", "b", day=10)
    names = "select distinct identity_id from raw.identities"
    ((name,),) = warehouse.execute(names).fetchall()
    warehouse.execute("update raw.user_aliases set ended_at = known_at + interval '5 days', alias_id = default")
    assert warehouse.execute(names).fetchall() == [(name,)]
    with pytest.raises(psycopg.errors.CheckViolation, match="is_no_identity"):
        insert(warehouse, [(random_events(1, 1)[0][0], name, *random_events(1, 1)[0][2:])])


def test_ids_are_joined_once_and_separated_again(warehouse_url: str) -> None:
    known = Database(warehouse_url)

    def said(old: str, new: str) -> Refusal | None:
        return known.run(alias_user(old, new, datetime.now(UTC), "a test"))

    assert [said("a", "b"), said("b", "c"), said("a", "b"), said("c", "a")] == [None, None, Refusal.ONE, Refusal.ONE]
    assert said("a", "d") is Refusal.TAKEN
    (first, *others) = known.run(ids_of_person("b"))
    assert (first, set(others)) == ("b", {"a", "c"})
    assert known.run(shown_as("a")) == "c"
    ended = known.run(separate_user("b", datetime.now(UTC)))
    assert ended is not None
    assert (ended.old_id, ended.new_id) == ("b", "c")
    assert known.run(separate_user("b", datetime.now(UTC))) is None
    assert known.run(ids_of_person("c")) == ["c"]
    assert known.run(shown_as("a")) == "b"
    assert said("b", "c") is None
    assert [said(f"id {number}", "c") for number in range(97)] == [None] * 97
    assert said("one more", "c") is Refusal.MANY


def random_aliases(warehouse: Connection, seed: int) -> None:
    """Joins and separations of the shop's users, in no order; some while others hold, some in circles."""
    chance = random.Random(seed)
    taken = set[str]()
    for _ in range(25):
        old, new = (f"user {number}" for number in chance.sample(range(30), 2))
        day = chance.randrange(80)
        ended = chance.choice([None, day, day + chance.randint(1, 40)])
        if ended is not None or old not in taken:
            join(warehouse, old, new, day, ended)
        taken |= {old} if ended is None else set()


@pytest.mark.parametrize("seed", [1, 2])
def test_snapshots_and_labels_say_what_the_events_of_persons_say(
    seed: int, dbt: Dbt, warehouse: Connection, warehouse_url: str
) -> None:
    """Every column of everybody, defined a second time without SQL."""
    insert(warehouse, random_events(seed=20 + seed))
    random_aliases(warehouse, seed)
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    opened = Database(warehouse_url)
    users = [f"user {number}" for number in range(30)]
    events, aliases = events_of(opened, users), opened.run(aliases_around(users))
    persons = {day: as_persons(events, aliases, day) for day in DAYS}
    assert min(known["user_id"].n_unique() for known in persons.values()) < 25
    for table, rebuilt in (
        ("user_features", [reference_features(known, day) for day, known in persons.items()]),
        ("user_labels", [reference_labels(known, day, 20) for day, known in persons.items()]),
    ):
        found = differences(table, opened.frame(f"select * from marts.{table}"), pl.concat(rebuilt))  # noqa: S608
        assert found.agrees, found
        assert found.days == 3


def test_what_is_said_of_ids_on_a_day_changes_no_byte_of_what_was_known_before(dbt: Dbt, warehouse: Connection) -> None:
    insert(warehouse, random_events(seed=31))
    join(warehouse, "user 1", "user 2", day=20)
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    before = known_before(warehouse)
    # The day 60 is 2024-03-01, the second snapshot.
    join(warehouse, "user 3", "user 4", day=60)
    join(warehouse, "user 5", "user 2", day=70)
    warehouse.execute("update raw.user_aliases set ended_at = '2024-03-01 00:00Z' where old_user_id = 'user 1'")
    for how in ([], ["--full-refresh"]):
        dbt("run", "--select", "staging intermediate marts", *how, rebuild=True)
        assert known_before(warehouse) == before
    newest = warehouse.execute("select user_id from marts.user_features where as_of = '2024-03-20'").fetchall()
    assert {f"user {number}" for number in (1, 2, 4)} <= {user for (user,) in newest}
    assert not {f"user {number}" for number in (3, 5)} & {user for (user,) in newest}


def known_before(warehouse: Connection) -> Sequence[object]:
    """Features up to the second snapshot, and labels whose windows had closed by then."""
    return [
        rows(warehouse, "marts.user_features", "as_of <= '2024-03-01'"),
        rows(warehouse, "marts.user_labels", "as_of = '2024-02-10'"),
    ]


def test_ids_that_are_separated_again_leave_nothing_behind(dbt: Dbt, warehouse: Connection) -> None:
    insert(warehouse, random_events(seed=32))
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    before = {mart: rows(warehouse, mart) for mart in MARTS}
    join(warehouse, "user 1", "user 2", day=20)
    dbt("run", "--select", "staging intermediate marts")
    joined = {mart: rows(warehouse, mart) for mart in MARTS}
    assert all(joined[mart] != before[mart] for mart in MARTS)
    # As an erasure of the statement, not as a separation, which is known from some day on.
    warehouse.execute("delete from raw.user_aliases")
    dbt("run", "--select", "staging intermediate marts")
    assert {mart: rows(warehouse, mart) for mart in MARTS} == before


def test_a_label_is_what_was_one_person_on_its_day(dbt: Dbt, warehouse: Connection) -> None:
    """Joined after the day, before the window closes: what the new id does is not what the old one did."""
    seen = [("0001", "old", 30), ("0002", "new", 30), ("0003", "new", 45)]
    insert(
        warehouse,
        [
            (f"00000000-0000-0000-0000-00000000{number}", user, "view", moment, moment, None, None, None, None)
            for number, user, day in seen
            for moment in (datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day),)
        ],
    )
    join(warehouse, "old", "new", day=42)
    warehouse.execute(
        "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, as_of, horizon_days,"
        " score, basis) select gen_random_uuid(), 'prediction', 'churn', 1, 'f', user_id, as_of, 20, 0.5, 'model'"
        " from unnest(array['old', 'new']) as user_id, unnest(array['2024-02-10', '2024-02-13']::date[]) as as_of"
    )
    dbt("seed")
    days = ["2024-02-10", "2024-02-13"]
    dbt("run", "--select", "staging intermediate marts outcomes", as_of_dates=days, known_until="2024-03-20")
    labels = "select user_id, as_of::text, is_churned from {} order by as_of, user_id"
    assert warehouse.execute(labels.format("marts.user_labels").encode()).fetchall() == [
        ("new", "2024-02-10", False),
        ("old", "2024-02-10", True),
        ("new", "2024-02-13", False),
    ]
    # The outcome waits for events of the window's last day.
    insert(warehouse, random_events(seed=33, count=50))
    dbt("run", "--select", "staging intermediate outcomes", as_of_dates=days, known_until="2024-03-20")
    # Whoever asks for the old id after it was joined asks about the person.
    assert warehouse.execute(labels.format("ml.outcomes").encode()).fetchall() == [
        ("new", "2024-02-10", False),
        ("old", "2024-02-10", True),
        ("new", "2024-02-13", False),
        ("old", "2024-02-13", False),
    ]
