"""A recommender from events to the tables that answers are made of, with a real warehouse and a real registry."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import polars as pl
import psycopg
import pytest

from ml.errors import NotApplicable
from ml.recommendation import RECOMMENDATION
from ml.recommendation.answer import own_sums, rank
from ml.recommendation.history import as_of_day
from ml.recommendation.ranking import recommended
from ml.recommendation.related import item_tables
from orchestration.recommending import check_promise, judge_recommender, train_recommender
from registry.mlflow_registry import CHAMPION, Registry
from registry.recommending import make_item_tables, read_recipe, use_champion
from registry.trained_versions import registered_versions
from tests.integration.dbt_project.shop import Dbt, Event, insert
from tests.ml.recommendation.conftest import AS_OF, HORIZON, shop
from warehouse.database import Database
from warehouse.excluded_users import Exclusion, exclude
from warehouse.item_history import history_of, read_history, read_identities
from warehouse.marts import Marts
from warehouse.recommender import candidates, promises, recommender_state


def events_of(history: pl.DataFrame) -> list[Event]:
    """A history as events at noon, received within the hour."""
    return [
        (uuid4(), row["user_id"], row["kind"], at, at + timedelta(hours=1), None, row["item_id"], 3, 1)
        for row in history.iter_rows(named=True)
        for at in [datetime.combine(row["day"], time(12), UTC)]
    ]


def fill(warehouse: psycopg.Connection[tuple[object, ...]], dbt: Dbt, history: pl.DataFrame) -> None:
    """Stores a history, and builds what recommendations read."""
    warehouse.execute("select raw.ensure_event_partitions(%s, %s)", [date(2024, 1, 1), date(2024, 8, 1)])
    insert(warehouse, events_of(history))
    dbt("seed")
    dbt("run", "--select", "stg_events int_identities")


def test_a_recommender_that_is_better_is_promoted_and_makes_the_tables(
    warehouse_url: str, warehouse: psycopg.Connection[tuple[object, ...]], dbt: Dbt, registry: Registry
) -> None:
    history = shop(300, 10)
    fill(warehouse, dbt, history)
    database = Database(warehouse_url)
    marts = Marts(database)
    challenger = train_recommender(marts, registry, AS_OF, HORIZON)
    assert make_item_tables(marts, registry, AS_OF) is None

    assert judge_recommender(marts, registry, challenger, promoted_by="a test").passed
    figures = make_item_tables(marts, registry, AS_OF)
    assert figures is not None
    assert (figures["items"], figures["model_version"]) == (100, 1)
    state = database.run(recommender_state())
    assert state is not None
    assert (state.as_of, state.model_version) == (AS_OF, 1)
    assert state.verdict.startswith("promoted: better than the most popular items")
    champion = registry.with_alias(RECOMMENDATION, CHAMPION)
    assert champion is not None
    recipe = read_recipe(registry, champion)
    assert state.recipe == recipe.to_dict()

    # One user's answer, for which Postgres finds the candidates, is that of a ranking of everybody.
    known = as_of_day(read_history(database, AS_OF, 1_000_000), AS_OF, read_identities(database))
    users = [f"u{number}" for number in range(0, 300, 30)]
    among_all = recommended(recipe, item_tables(known, AS_OF, recipe.method), known, users, 5)
    for user in users:
        own = own_sums(database.run(history_of([user])), AS_OF)
        found = database.run(candidates(own["item_id"].to_list(), own["taste"].to_list()))
        alone = [each.item_id for each in rank(recipe, own, found, 5)]
        assert alone == among_all.filter(pl.col("user_id") == user)["item_id"].to_list()

    # Tables are of the newest day; an earlier one does not replace them.
    assert make_item_tables(marts, registry, AS_OF - timedelta(days=1)) is None

    # No version knew enough one horizon before; later there is one, and what came is what was foretold.
    assert check_promise(marts, registry, AS_OF) is None
    kept = check_promise(marts, registry, AS_OF + timedelta(days=HORIZON))
    assert kept is not None
    assert kept.is_early or kept.is_kept
    stored = database.run(promises())
    assert [(each.cutoff, each.model_version, each.users) for each in stored] == [(AS_OF, 1, kept.users)]

    # The tastes of the shop are gone in the window of the next test: neither version may be used any more.
    shuffled = pl.col("item_id").shuffle(seed=2)
    later = history.filter(pl.col("day") >= date(2024, 6, 1)).with_columns(
        pl.col("day") + timedelta(days=30), item_id=shuffled
    )
    insert(warehouse, events_of(later))
    newer = train_recommender(marts, registry, AS_OF + timedelta(days=30), HORIZON)
    assert not judge_recommender(marts, registry, newer, promoted_by="a test").passed
    state = database.run(recommender_state())
    assert state is not None
    assert (state.model_version, state.refused_version) == (None, 1)
    assert "not shown to be better than doing without" in state.verdict
    assert make_item_tables(marts, registry, AS_OF + timedelta(days=30)) is None

    # A person may decide otherwise. What learned from whom is known, for receipts of erasures.
    use_champion(marts, registry)
    state = database.run(recommender_state())
    assert state is not None
    assert (state.model_version, state.refused_version, state.as_of) == (1, None, AS_OF)
    assert {(each.model, each.version) for each in registered_versions(registry)} == {
        (RECOMMENDATION, n) for n in (1, 2)
    }


def test_a_version_of_an_earlier_day_neither_replaces_one_that_knows_more_nor_switches_it_off(
    warehouse_url: str, warehouse: psycopg.Connection[tuple[object, ...]], dbt: Dbt, registry: Registry
) -> None:
    fill(warehouse, dbt, shop(300, 10))
    database = Database(warehouse_url)
    marts = Marts(database)
    newest = train_recommender(marts, registry, AS_OF, HORIZON)
    assert judge_recommender(marts, registry, newest, promoted_by="a test").passed
    make_item_tables(marts, registry, AS_OF)
    state = database.run(recommender_state())
    past = train_recommender(marts, registry, AS_OF - timedelta(days=1), HORIZON)
    verdict = judge_recommender(marts, registry, past, promoted_by="a test")
    assert not verdict.passed
    assert verdict.reason.startswith(f"not promoted: the champion has learned from later days, up to {AS_OF}")
    champion = registry.with_alias(RECOMMENDATION, CHAMPION)
    assert champion is not None
    assert champion.version == newest.version
    assert database.run(recommender_state()) == state


def test_a_history_knows_the_past_of_users_who_are_included(
    warehouse_url: str, warehouse: psycopg.Connection[tuple[object, ...]], dbt: Dbt, registry: Registry
) -> None:
    history = shop(40, 4)
    fill(warehouse, dbt, history)
    database = Database(warehouse_url)
    database.run(exclude([Exclusion("u7", date(2024, 1, 1), "a bot")], "a test"))
    day = date(2024, 4, 1)
    found = read_history(database, day, 1_000_000)
    expected = history.filter(pl.col("day") < day, pl.col("user_id") != "u7")
    assert sorted(found.select("user_id", "item_id", "day").rows()) == sorted(
        expected.select("user_id", "item_id", "day").rows()
    )
    some = read_history(database, day, found.height // 2)
    assert 0 < some.height <= found.height // 2
    # Those who are read are read whole.
    assert some.equals(found.join(some.select("user_id").unique(), on="user_id", how="semi"))

    warehouse.execute("update raw.events set item_id = null")
    with pytest.raises(NotApplicable, match="nothing to recommend"):
        train_recommender(Marts(database), registry, AS_OF, HORIZON)
