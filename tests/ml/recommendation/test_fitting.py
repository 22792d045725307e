"""A recipe is learned and judged out of time, and refused where it is no better than doing without."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml.cutoffs import CutoffPlan
from ml.errors import ArtifactError, NotApplicable
from ml.recommendation.evaluation import RECIPE, CutoffTest, Hits, difference, hits_of, make_test
from ml.recommendation.fitting import TrainedRecipe, train_recipe
from ml.recommendation.gate import better_than_baselines, not_worse
from ml.recommendation.recipe import Recipe
from ml.recommendation.related import Method
from ml.recommendation.stored import RecipeOnHistories, load_recipe, save_recipe
from tests.ml.recommendation.conftest import AS_OF, HORIZON, history_of, shop


@pytest.fixture(scope="module")
def trained(tasteful: pl.DataFrame, plan: CutoffPlan) -> TrainedRecipe:
    """What the tasteful shop teaches."""
    return train_recipe(tasteful, plan)


def test_a_recipe_that_knows_tastes_is_better_than_both_baselines(trained: TrainedRecipe) -> None:
    verdict = better_than_baselines(trained.hits)
    assert verdict.passed, verdict.reason
    assert verdict.checks["recall_over_own_repeats_low"] > 0
    assert 0 < trained.metrics["most_popular_recall_at_10"] < trained.metrics["recipe_recall_at_10"] <= 1
    assert not_worse(trained.hits[RECIPE], trained.hits[RECIPE]).passed


def test_a_recipe_is_refused_where_nobody_has_a_taste(plan: CutoffPlan) -> None:
    rows = shop(150, 1, seed=3)
    everyone_alike = rows.with_columns(
        item_id=pl.Series(np.random.default_rng(1).integers(0, 300, rows.height)).cast(pl.String)
    )
    verdict = better_than_baselines(train_recipe(everyone_alike, plan).hits)
    assert not verdict.passed
    assert "not shown to be better than doing without" in verdict.reason


def test_a_worse_challenger_is_told_from_the_champion(trained: TrainedRecipe) -> None:
    verdict = not_worse(trained.hits["most_popular"], trained.hits[RECIPE])
    assert not verdict.passed
    assert "recall@10" in verdict.reason


def test_what_happens_from_a_cutoff_on_is_not_learned_from(
    tasteful: pl.DataFrame, plan: CutoffPlan, trained: TrainedRecipe
) -> None:
    is_later = pl.col("day") >= plan.test
    other = tasteful.with_columns(item_id=pl.when(is_later).then(pl.lit("s0-0")).otherwise("item_id"))
    assert train_recipe(other, plan).recipe == trained.recipe


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (history_of([]), "No purchase names an item"),
        (history_of([("u", "cup", "purchase", AS_OF - timedelta(days=99))]), "Only 0 users bought again"),
    ],
)
def test_where_there_is_nothing_to_learn_that_is_said(history: pl.DataFrame, reason: str, plan: CutoffPlan) -> None:
    with pytest.raises(NotApplicable, match=reason):
        train_recipe(history, plan)


def test_few_users_judge_nothing(trained: TrainedRecipe) -> None:
    few: Mapping[str, Hits] = {
        name: Hits(hits.users[:20], hits.recall[:20], hits.ndcg[:20]) for name, hits in trained.hits.items()
    }
    assert "only 20 users" in better_than_baselines(few).reason


def small_test() -> CutoffTest:
    """Ann buys two known items and one new one; Bob, who is new, is not asked about."""
    day = AS_OF - timedelta(days=5)
    before = [("ann", item, "purchase", day - timedelta(days=9)) for item in ("a", "b", "c")]
    after = [(user, item, "purchase", day) for user, item in (("ann", "a"), ("ann", "c"), ("ann", "x"), ("bob", "a"))]
    return make_test(history_of(before + after), day, 5, Method.CO_OCCURRENCE)


def test_recall_and_ndcg_count_what_could_not_be_recommended() -> None:
    test = small_test()
    assert test.users == ("ann",)
    order = {item: at for at, item in enumerate(test.tables.items["item_id"])}
    places = np.array([[order["a"], order["b"], order["c"], *[-1] * 7]])
    hits = hits_of(test, places)
    assert hits.recall.tolist() == [2 / 3]
    gained, best = 1 + 1 / np.log2(4), 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert hits.ndcg == pytest.approx([gained / best])


def test_differences_are_paired() -> None:
    users = tuple(map(str, range(200)))
    base = np.random.default_rng(0).random(200)
    found = difference(Hits(users, base + 0.01, base), Hits(users, base, base), "recall")
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))
    with pytest.raises(ValueError, match="same users"):
        difference(Hits(users[:1], base[:1], base[:1]), Hits(users, base, base), "recall")


def test_a_stored_recipe_is_the_same_and_a_changed_one_is_refused(tmp_path: Path, trained: TrainedRecipe) -> None:
    digest = save_recipe(trained.recipe, tmp_path / "recipe")
    assert load_recipe(tmp_path / "recipe", digest) == trained.recipe
    assert Recipe.from_dict(trained.recipe.to_dict()) == trained.recipe
    file = tmp_path / "recipe" / "recipe.json"
    file.write_text(file.read_text(encoding="utf-8").replace("30", "31"), encoding="utf-8")
    with pytest.raises(ArtifactError, match="was changed"):
        load_recipe(tmp_path / "recipe", digest)


def test_mlflow_asks_a_recipe_about_histories(tasteful: pl.DataFrame, trained: TrainedRecipe) -> None:
    answers = RecipeOnHistories(trained.recipe).predict(tasteful.to_pandas())
    assert set(answers.columns) == {"user_id", "place", "item_id"}
    assert answers["user_id"].nunique() == 300
    assert trained.recipe.horizon_days == HORIZON
