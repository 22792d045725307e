"""Segments against segments: random, lumped and renamed ones stay out, a retrain goes through."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.gate_simulation import Scored
from ml.catalogue import Feature, FeatureCatalogue
from ml.errors import NotEnoughData
from ml.gate.decision import decide
from ml.gate.terms import GateDecision, GateLimits

CATALOGUE = FeatureCatalogue(
    tuple(Feature(name, name, name, name, "days", ("segmentation",)) for name in ("recency", "frequency"))
)
CENTRES = ((10.0, 10.0), (10.0, 40.0), (40.0, 10.0), (40.0, 40.0))
USERS = 400


def _users(spread: float = 3.0, seed: int = 0) -> pl.DataFrame:
    """Four groups of users in a plane. `truth` is the group; `random` and `centres` are no groups at all."""
    rng = np.random.default_rng(seed)
    group = np.arange(USERS) % 4
    points = np.array(CENTRES)[group] + rng.normal(0, spread, (USERS, 2))
    drawn = points[rng.choice(USERS, 4, replace=False)]
    nearest = np.linalg.norm(points[:, None] - drawn[None], axis=2).argmin(axis=1)
    return pl.DataFrame(
        {
            "user_id": [f"u{number:04}" for number in range(USERS)],
            "recency": points[:, 0],
            "frequency": points[:, 1],
            "truth": group + 1,
            "random": rng.integers(1, 5, USERS),
            "shuffled": rng.permutation(group) + 1,
            "nearest_of_four_drawn": nearest + 1,
        }
    )


def _segments(column: str) -> Scored:
    return Scored(column, kind="segmentation", catalogue=CATALOGUE)


def _decide(rows: pl.DataFrame, challenger: str, champion: str | None = "truth") -> GateDecision:
    judged = None if champion is None else _segments(champion)
    return decide(rows, challenger=_segments(challenger), champion=judged)


def test_a_retrain_that_finds_the_same_groups_is_promoted() -> None:
    moved = pl.when(pl.col("user_id") < "u0020").then(pl.col("random")).otherwise(pl.col("truth"))
    decision = _decide(_users().with_columns(retrained=moved), "retrained")
    assert decision.promote
    assert decision.checks["kept_share"] > 0.95
    assert decision.checks["stability"] > 0.9
    assert decision.checks["champion_stability"] == pytest.approx(1.0, abs=0.01)
    assert "of users keep theirs" in decision.reason


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("column", ["random", "shuffled", "nearest_of_four_drawn"])
def test_random_segments_are_refused(column: str, seed: int) -> None:
    decision = _decide(_users(seed=seed), column)
    assert not decision.promote
    # Four users drawn at random are one of each group now and then: then only the ids are random.
    assert decision.checks["stability"] <= decision.checks["champion_stability"]


def test_random_segments_are_refused_for_their_lack_of_stability_without_a_champion_too() -> None:
    decision = _decide(_users(), "random", champion=None)
    assert not decision.promote
    assert decision.reason.startswith("the segments would not be found again: stability 0.0")
    assert _decide(_users(), "truth", champion=None).promote


@pytest.mark.parametrize(
    ("lumped", "reason"),
    [
        (pl.lit(1), "one segment holds 100% of the users, 25% in the champion's"),
        (pl.max_horizontal("truth", 2), "one segment holds 50% of the users"),
        (pl.max_horizontal("truth", 3), "one segment holds 75% of the users"),
    ],
)
def test_lumped_segments_are_refused(lumped: pl.Expr, reason: str) -> None:
    decision = _decide(_users().with_columns(lumped=lumped), "lumped")
    assert not decision.promote
    assert reason in decision.reason


def test_the_same_segments_under_other_ids_are_refused() -> None:
    decision = _decide(_users().with_columns(renamed=pl.col("truth") % 4 + 1), "renamed")
    assert not decision.promote
    assert decision.reason.startswith("only 0% of users keep their segment")
    assert decision.checks["stability"] == decision.checks["champion_stability"]


def test_a_champion_whose_segments_fell_apart_yields_to_new_ones() -> None:
    decision = _decide(_users(), "truth", champion="nearest_of_four_drawn")
    assert decision.promote
    assert decision.checks["kept_share"] < GateLimits().kept_share
    assert decision.checks["stability"] > decision.checks["champion_stability"] + GateLimits().stability_gain


def test_a_shop_that_outgrew_its_one_segment_gets_more() -> None:
    rows = _users().with_columns(one=pl.lit(1))
    assert _decide(rows, "truth", champion="one").promote
    assert _decide(rows, "one", champion="one").promote
    assert not _decide(rows, "random", champion="one").promote


def test_a_champion_that_cannot_read_the_features_loses_its_place() -> None:
    decision = _decide(_users(), "truth", champion="dropped_column")
    assert decision.promote
    assert "the champion cannot read today's features" in decision.reason
    assert not _decide(_users(), "random", champion="dropped_column").promote


def test_users_who_are_all_alike_make_one_segment_only() -> None:
    rows = _users().with_columns(recency=5.0, frequency=5.0, one=pl.lit(1))
    assert _decide(rows, "one", champion="one").promote
    assert _decide(rows, "random", champion=None).checks["stability"] == 0.0


def test_the_order_of_rows_changes_nothing() -> None:
    rows = _users(spread=8.0)
    one, other = (_decide(frame, "truth", "random").checks for frame in (rows, rows.reverse()))
    assert one | {"one_answer_ms": 0.0} == other | {"one_answer_ms": 0.0}


def test_costs_count_and_nobody_cannot_be_judged() -> None:
    rows = _users()
    slow = decide(rows, challenger=_segments("truth"), champion=None, limits=replace(GateLimits(), one_answer_ms=0.0))
    assert "one answer takes" in slow.reason
    with pytest.raises(NotEnoughData):
        _decide(rows.clear(), "truth")
