"""Noted live predictions are held against the events that counted, whatever has arrived since."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from orchestration.live_answers import compare_live_answers
from tests.integration.dbt_project.shop import FIRST_DAY, Dbt, insert, random_events
from warehouse.database import Database

COUNTED = date(2024, 3, 20)
_NOTE = """
insert into ml.ledger (
    prediction_id, kind, model, model_version, feature_hash, user_id, as_of, horizon_days, score, basis, made_at, live
)
select
    gen_random_uuid(), 'prediction', 'churn', 1, 'f', user_id, as_of, 30, 0.5, 'model', %(made_at)s,
    jsonb_build_object('snapshot', pg_current_snapshot()::text, 'features', to_jsonb(live) - 'user_id' - 'as_of')
from marts.live_user_features(array(select distinct user_id from raw.events), %(as_of)s) as live
"""
Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def said_on(dbt: Dbt, warehouse: Connection) -> date:
    """A day on which every user of a shop was predicted, live, and after which more events of them came."""
    events = random_events(5, 600)
    counted = datetime.combine(COUNTED, datetime.min.time(), UTC)
    early = [each for each in events if max(each[3], each[4]) < counted]  # type: ignore[type-var]
    insert(warehouse, early)
    dbt("seed")
    dbt("run", "--select", "+live_user_features", as_of_dates=[COUNTED.isoformat()], known_until=COUNTED.isoformat())
    late = [each for each in events if each not in early]
    insert(warehouse, late[::2])
    warehouse.execute("select raw.alias_user('user 1', 'user 2', %s, 'a test', null)", [FIRST_DAY + timedelta(days=85)])
    said = date(2024, 5, 1)
    made_at = datetime.combine(said, datetime.min.time(), UTC) + timedelta(hours=9)
    warehouse.execute(_NOTE, {"made_at": made_at, "as_of": said + timedelta(days=1)})
    insert(warehouse, late[1::2])
    return said


def test_what_was_said_matches_the_events_of_its_moment(
    said_on: date, warehouse: Connection, warehouse_url: str
) -> None:
    found = compare_live_answers(Database(warehouse_url), said_on)
    assert (found.matching, found.mismatching, found.missing) == (30, 0, 0)
    nobody = compare_live_answers(Database(warehouse_url), said_on - timedelta(days=1))
    assert "no live prediction" in nobody.sentence

    warehouse.execute(
        "update ml.ledger set live = jsonb_set(live, '{features,orders_total}', '99') where user_id = 'user 7'"
    )
    warehouse.execute("delete from raw.events where user_id = 'user 8'")
    found = compare_live_answers(Database(warehouse_url), said_on)
    assert (found.matching, found.mismatching, found.missing) == (28, 1, 1)
    assert found.differing == {"orders_total": 1}
    assert "orders_total" in found.sentence
