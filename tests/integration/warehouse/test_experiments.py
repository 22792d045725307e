"""Assignment in Postgres: the same buckets as in Python, arms as ranges, a control group that is locked while used."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import sql

from ml.experiments.assignment import arm_of, arms_of, bucket_of
from standalone.stack import Platform
from warehouse.database import Database, execute_steps, rows, value
from warehouse.experiments import (
    GlobalControl,
    arm_parameters,
    global_control,
    global_control_uses,
    in_arm,
    in_global_control,
    release_global_control,
    set_global_control,
    use_global_control,
)

SALT = "100 % spring \\ 'sale'"
USERS = [*(f"user {number}" for number in range(2_000)), "Анна", "\U0001f600", "a\\b", "it's", "a\tb", "%(x)s", " "]
USER_ID = sql.Identifier("user_id")


@pytest.fixture
def warehouse(warehouse_url: str, empty_platform: Platform) -> Database:
    """A fresh warehouse as the backend reaches it, which assigns users."""
    return Database(empty_platform.backend_url)


def of_users(warehouse: Database, expression: sql.Composable, **parameters: object) -> list[object]:
    query = sql.SQL("select {} from unnest(%(users)s::text[]) with ordinality as one (user_id, place) order by place")
    return warehouse.run(rows(lambda found: found, query.format(expression), users=USERS, **parameters))


def test_postgres_and_python_put_every_user_into_the_same_bucket(warehouse: Database) -> None:
    expression = sql.SQL("app.bucket_of(%(salt)s, user_id)")
    assert of_users(warehouse, expression, salt=SALT) == [bucket_of(SALT, user) for user in USERS]


def test_postgres_and_python_put_every_user_into_the_same_arm(warehouse: Database) -> None:
    arms = arms_of({"control": 0.1, "10% off": 0.45, "long": 0.4})
    found = of_users(warehouse, in_arm(USER_ID), **arm_parameters(arms, SALT))
    assert found == [arm_of(arms, bucket_of(SALT, user)) for user in USERS]
    assert set(found) == {"control", "10% off", "long", None}


def test_a_million_users_would_be_assigned_in_less_than_a_minute(warehouse: Database) -> None:
    arms = arms_of({"control": 0.1, "a": 0.9})
    query = sql.SQL(
        "select count(*) from (select 'user ' || number as user_id from generate_series(1, 200000) as number) as users"
        " where {} = 'control' and not {}"
    ).format(in_arm(USER_ID), in_global_control(USER_ID))
    with warehouse.transaction() as connection:
        connection.execute("set local statement_timeout = '12s'")
        (found,) = connection.execute(query, arm_parameters(arms, SALT)).fetchone() or (0,)
    assert found == pytest.approx(20_000, abs=600)


def make_group(warehouse: Database, share: float | None, *, redraw: bool = False) -> list[str]:
    with warehouse.transaction() as connection:
        return execute_steps(connection, set_global_control(share, "a test", redraw=redraw))


def use_group(warehouse: Database, used_by: str) -> GlobalControl | None:
    with warehouse.transaction() as connection:
        return execute_steps(connection, use_global_control(used_by))


def members(warehouse: Database) -> set[str]:
    inside = of_users(warehouse, in_global_control(USER_ID))
    return {user for user, is_inside in zip(USERS, inside, strict=True) if is_inside}


def test_a_group_that_grows_keeps_its_members(warehouse: Database) -> None:
    assert members(warehouse) == set()
    assert make_group(warehouse, 0.05) == []
    small = members(warehouse)
    assert len(small) == pytest.approx(100, abs=40)
    make_group(warehouse, 0.1)
    assert small < members(warehouse)
    make_group(warehouse, None)
    assert members(warehouse) == set()
    make_group(warehouse, 0.05)
    assert members(warehouse) == small
    make_group(warehouse, 0.05, redraw=True)
    assert len(members(warehouse) & small) < len(small) / 2


@pytest.mark.parametrize("share", [0.0, 0.009, 0.101, 1.0])
def test_the_group_is_one_to_ten_percent(warehouse: Database, share: float) -> None:
    with pytest.raises(ValueError, match="1% to 10%"):
        make_group(warehouse, share)


def test_the_group_is_locked_while_a_campaign_uses_it(warehouse: Database) -> None:
    assert use_group(warehouse, "campaign:1") is None
    make_group(warehouse, 0.05)
    before = warehouse.run(global_control())
    assert use_group(warehouse, "campaign:1") == use_group(warehouse, "campaign:1") == before
    use_group(warehouse, "campaign:2")
    for share in (0.06, None):
        assert make_group(warehouse, share) == ["campaign:1", "campaign:2"]
    assert warehouse.run(release_global_control("campaign:1")) == 1
    assert warehouse.run(release_global_control("campaign:1")) == 0
    assert make_group(warehouse, 0.06) == ["campaign:2"]
    assert warehouse.run(global_control()) == before
    warehouse.run(release_global_control("campaign:2"))
    assert make_group(warehouse, 0.06) == []
    use_group(warehouse, "campaign:1")
    assert warehouse.run(global_control_uses()) == ["campaign:1"]


def test_a_campaign_that_begins_while_the_group_changes_uses_the_new_one(warehouse: Database) -> None:
    make_group(warehouse, 0.05)
    with ThreadPoolExecutor(1) as pool:
        with warehouse.transaction() as connection:
            execute_steps(connection, set_global_control(0.06, "a test"))
            using = pool.submit(use_group, warehouse, "campaign:1")
        used = using.result(timeout=10)
    assert used == warehouse.run(global_control())
    count = value(int, "select count(*) from app.global_control where ended_at is null")
    assert warehouse.run(count) == 1
