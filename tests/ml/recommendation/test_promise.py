"""What a recommender promised, beside what came."""

import numpy as np
import pytest

from ml.recommendation.evaluation import Hits
from ml.recommendation.promise import LEAST_USERS, kept_promise


def hits(rate: float, users: int = 400) -> Hits:
    found = (np.random.default_rng(3).random(users) < rate).astype(np.float64)
    return Hits(tuple(f"u{number}" for number in range(users)), found, found / 2)


def contenders(rate: float, users: int = 400) -> dict[str, Hits]:
    return {"recipe": hits(rate, users), "most_popular": hits(0.05, users), "own_repeats": hits(0.1, users)}


def test_what_came_is_beside_what_was_foretold() -> None:
    found = kept_promise(contenders(0.2), {"recipe_recall_at_10": 0.2, "recipe_ndcg_at_10": 0.1})
    recall = found.figures["recall"]
    assert found.users == 400
    assert found.is_kept
    assert recall.foretold == 0.2
    assert recall.low < recall.came < recall.high
    assert recall.came == pytest.approx(0.2, abs=0.06)
    assert recall.baselines["most_popular"] < recall.baselines["own_repeats"] < recall.came


def test_a_figure_that_is_surely_lower_breaks_the_promise() -> None:
    assert not kept_promise(contenders(0.2), {"recipe_recall_at_10": 0.4, "recipe_ndcg_at_10": 0.1}).is_kept
    # A version without the figure has promised nothing.
    assert kept_promise(contenders(0.2), {}).is_kept


def test_few_buyers_say_nothing() -> None:
    few = kept_promise(contenders(0.0, LEAST_USERS - 1), {"recipe_recall_at_10": 0.9})
    assert few.is_early
    assert few.is_kept
    nobody = kept_promise(contenders(0.0, 0), {"recipe_recall_at_10": 0.9})
    assert (nobody.users, nobody.figures, nobody.is_kept) == (0, {}, True)
