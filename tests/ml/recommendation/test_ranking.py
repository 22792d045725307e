"""Rankings of many users and the answer of one say the same, and never what was given back."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.recommendation.answer import Candidate, own_sums, rank
from ml.recommendation.history import HISTORY
from ml.recommendation.ranking import best_places, recommended
from ml.recommendation.recipe import SIGNALS, Recipe
from ml.recommendation.related import ItemTables, Method, item_tables
from tests.ml.recommendation.conftest import history_of

DAY = date(2024, 3, 1)
RECIPE = Recipe(DAY, 30, Method.CO_OCCURRENCE, {name: 0.1 * at for at, name in enumerate(SIGNALS, start=1)})

events = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cid"]),
        st.sampled_from([f"item {n}" for n in range(6)]),
        st.sampled_from(["purchase", "purchase", "view", "refund"]),
        st.integers(1, 200).map(lambda ago: DAY - timedelta(days=ago)),
    ),
    max_size=30,
)


def candidates(tables: ItemTables, own: pl.DataFrame) -> list[Candidate]:
    """What a store would find: every item, with its relation to what the user has."""
    weights = tables.related.join(own.select("item_id", "taste"), on="item_id").with_columns(
        part=pl.col("weight") * pl.col("taste")
    )
    related = {
        row[0]: row[1:]
        for row in weights.group_by("other_item_id")
        .agg(pl.col("part").sum(), pl.col("item_id").sort_by("part").last())
        .iter_rows()
    }
    return [
        Candidate(
            row["item_id"],
            row["buyers"],
            row["popular_week"],
            row["popular_month"],
            row["popular_year"],
            *related.get(row["item_id"], (0.0, None)),
        )
        for row in tables.items.iter_rows(named=True)
    ]


@settings(max_examples=60, deadline=None)
@given(events)
def test_one_user_gets_what_the_user_would_get_among_many(rows: list[tuple[str, str, str, date]]) -> None:
    known = history_of(rows)
    tables = item_tables(known, DAY, Method.CO_OCCURRENCE)
    among_many = recommended(RECIPE, tables, known, ["ann", "bob", "nobody"], 4)
    for user in ("ann", "bob", "nobody"):
        mine = known.filter(pl.col("user_id") == user)
        own = own_sums(mine.select(*HISTORY).rows(), DAY)
        alone = rank(RECIPE, own, candidates(tables, own), 4)
        assert [each.item_id for each in alone] == among_many.filter(pl.col("user_id") == user)["item_id"].to_list()
        refunded = set(mine.filter(pl.col("kind") == "refund")["item_id"])
        assert not refunded & {each.item_id for each in alone}
        bought = set(mine.filter(pl.col("kind") == "purchase")["item_id"])
        assert [each.is_repeat for each in alone] == [each.item_id in bought for each in alone]


def test_what_was_given_back_is_left_out_and_gaps_are_filled_with_nothing() -> None:
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
    refunded = np.array([[True, False, False], [False, False, False]])
    assert best_places(scores, refunded, 4).tolist() == [[1, 2, -1, -1], [0, 1, 2, -1]]


def test_a_user_with_newer_events_is_asked_as_of_the_day_after_them() -> None:
    later = DAY + timedelta(days=40)
    own = own_sums([("", "cup", "purchase", later, later, 1)], DAY)
    assert own["recent"].to_list() == [0.5 ** (1 / 30)]


def test_a_new_user_gets_what_is_popular() -> None:
    rows = [(f"u{n}", item, "purchase", DAY - timedelta(days=3)) for n, item in enumerate("aab")]
    known = history_of(rows)
    found = recommended(RECIPE, item_tables(known, DAY, Method.CO_OCCURRENCE), known, ["nobody"], 10)
    assert found.rows() == [("nobody", 1, "a"), ("nobody", 2, "b")]
