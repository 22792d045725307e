"""Segments: the planted ones are found, named, kept from one retrain to the next, on any data."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from ml import artifact
from ml.catalogue import FeatureCatalogue
from ml.errors import FeatureMismatch, NotEnoughData
from ml.segmentation import TrainedSegmentation, train_segmentation
from ml.segments.scaling import feature_matrix

AS_OF = date(2025, 6, 1)
Shop = Callable[..., pl.DataFrame]


@pytest.fixture(scope="module")
def trained(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> TrainedSegmentation:
    return train_segmentation(shop, catalogue, AS_OF)


def test_the_planted_kinds_are_found_and_named(trained: TrainedSegmentation, shop: pl.DataFrame) -> None:
    answers = trained.model.predict(shop)
    assert adjusted_rand_score(shop["kind"], answers["segment_id"]) > 0.95
    names = dict(zip(shop["kind"], answers["segment"], strict=True))
    assert names == {
        "loyal": "Active loyal big spenders",
        "repeat": "Slipping repeat buyers",
        "lapsed": "Lapsed one-time buyers",
        "new": "New browsers",
    }
    assert trained.evaluation.metrics["stability"] > 0.95
    assert trained.evaluation.metrics["silhouette"] > trained.evaluation.metrics["rfm_silhouette"]


def test_the_most_valuable_segment_comes_first_and_shares_add_up(trained: TrainedSegmentation) -> None:
    segments = trained.evaluation.segments
    assert segments["segment_id"].to_list() == [1, 2, 3, 4]
    assert segments["segment"][0] == "Active loyal big spenders"
    assert segments["share"].sum() == pytest.approx(1.0)
    assert segments["revenue_share"].sum() == pytest.approx(1.0)


def test_the_nearest_centroid_is_what_scikit_learn_says(trained: TrainedSegmentation, shop: pl.DataFrame) -> None:
    model = trained.model
    points = model.scaling.transform(feature_matrix(shop, model.feature_names))
    reference = KMeans(len(model.segments), init=model.centroids, n_init=1, max_iter=1).fit(model.centroids)
    ids = np.array([segment.segment_id for segment in model.segments])
    assert (ids[reference.predict(points)] == model.predict(shop)["segment_id"].to_numpy()).all()


def test_the_order_of_rows_changes_nothing(
    trained: TrainedSegmentation, shop: pl.DataFrame, catalogue: FeatureCatalogue
) -> None:
    before = shop.clone()
    again = train_segmentation(shop.sample(fraction=1.0, shuffle=True, seed=7), catalogue, AS_OF)
    assert again.model.to_files() == trained.model.to_files()
    assert shop.equals(before)


def test_a_saved_model_answers_the_same(trained: TrainedSegmentation, shop: pl.DataFrame, tmp_path: Path) -> None:
    digest = artifact.save(trained.model, tmp_path / "model", provenance=artifact.Provenance())
    loaded = artifact.load(tmp_path / "model", digest)
    assert loaded == trained.model
    assert loaded.predict(shop).equals(trained.model.predict(shop))


def test_ids_and_names_stay_after_a_retrain_on_the_same_people(
    trained: TrainedSegmentation, make_shop: Shop, catalogue: FeatureCatalogue
) -> None:
    other_days = make_shop(140, seed=5)
    again = train_segmentation(other_days, catalogue, AS_OF, previous=trained.model, seed=99)
    assert again.evaluation.metrics["kept_share"] > 0.95
    assert [(s.segment_id, s.name) for s in again.model.segments] == [
        (s.segment_id, s.name) for s in trained.model.segments
    ]


def test_after_a_week_only_those_whose_features_moved_change_segment(
    trained: TrainedSegmentation, shop: pl.DataFrame, catalogue: FeatureCatalogue
) -> None:
    """Everyone is a week older; fifteen lapsed users have become like repeat buyers.

    Who is nearer to the own centre than to any other by twice a distance cannot have changed sides by moving less.
    """
    model = trained.model
    older = shop.with_columns(
        pl.col("days_since_last_activity", "days_since_last_purchase", "days_since_first_seen") + 7
    )
    woken = older.filter(pl.col("kind") == "repeat").head(15)
    woken = woken.with_columns(pl.col("user_id").str.replace("repeat", "lapsed"))
    week = pl.concat([older.join(woken, on="user_id", how="anti"), woken]).sort("user_id")
    before, after = shop.sort("user_id"), week
    points = [model.scaling.transform(feature_matrix(frame, model.feature_names)) for frame in (before, after)]
    moved = np.linalg.norm(points[1] - points[0], axis=1)
    answers = model.predict(before)
    own = answers["distance"].to_numpy()
    lead = own / (1 - answers["score"].to_numpy()) - own
    ids = answers["segment_id"].to_numpy()

    changed = model.predict(after)["segment_id"].to_numpy() != ids
    assert set(before["user_id"].to_numpy()[changed]) == set(woken["user_id"])
    assert (moved[changed] >= lead[changed] / 2).all()

    again = train_segmentation(week, catalogue, AS_OF, previous=model, seed=1)
    kept = again.model.predict(after)["segment_id"].to_numpy() == ids
    assert kept[moved < lead / 2].mean() > 0.99
    assert not kept[changed].any()


def test_the_id_of_a_vanished_segment_is_never_given_again(
    trained: TrainedSegmentation, make_shop: Shop, catalogue: FeatureCatalogue
) -> None:
    gone = "Lapsed one-time buyers"
    gone_id = next(s.segment_id for s in trained.model.segments if s.name == gone)
    without = train_segmentation(
        make_shop(150, kinds=("loyal", "new", "repeat")), catalogue, AS_OF, previous=trained.model
    )
    assert gone_id not in [s.segment_id for s in without.model.segments]
    back = train_segmentation(make_shop(150), catalogue, AS_OF, previous=without.model)
    returned = next(s for s in back.model.segments if s.name == gone)
    assert returned.segment_id > max(s.segment_id for s in trained.model.segments)


def test_a_new_feature_does_not_lose_the_ids(
    trained: TrainedSegmentation, shop: pl.DataFrame, catalogue: FeatureCatalogue
) -> None:
    fewer = catalogue.select([name for name in catalogue.names if name != "average_order_amount"])
    old = train_segmentation(shop, fewer, AS_OF)
    new = train_segmentation(shop, catalogue, AS_OF, previous=old.model)
    assert new.evaluation.metrics["kept_share"] > 0.95


def test_works_where_nobody_ever_buys(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> None:
    money = ["orders_total", "repeat_purchase_days", "purchase_amount_total"]
    free = shop.with_columns(
        *(pl.lit(0.0).alias(name) for name in money),
        days_since_last_purchase=pl.lit(None, pl.Float64),
        average_order_amount=pl.lit(None, pl.Float64),
    )
    found = train_segmentation(free, catalogue, AS_OF)
    assert found.model.feature_names == ("days_since_last_activity", "days_since_first_seen", "active_days_total")
    assert found.evaluation.segments["revenue_share"].null_count() == found.evaluation.segments.height
    assert not any("buyer" in name or "spender" in name for name in found.evaluation.segments["segment"])


@pytest.mark.parametrize(("users_per_kind", "most"), [(1, 1), (5, 1), (12, 2), (20, 3)])
def test_few_users_get_few_segments(
    make_shop: Shop, catalogue: FeatureCatalogue, users_per_kind: int, most: int
) -> None:
    frame = make_shop(users_per_kind)
    found = train_segmentation(frame, catalogue, AS_OF)
    assert len(found.model.segments) <= most
    assert found.model.predict(frame).height == frame.height


def test_users_who_are_all_alike_are_one_segment(catalogue: FeatureCatalogue) -> None:
    alike = pl.DataFrame({"user_id": [f"u{n}" for n in range(300)], "as_of": [AS_OF] * 300}).with_columns(
        pl.lit(3.0).alias(name) for name in catalogue.names
    )
    found = train_segmentation(alike, catalogue, AS_OF)
    assert found.model.feature_names == ()
    assert found.model.predict(alike)["segment"].unique().to_list() == ["All users"]
    assert found.model.explain(alike.head(1))[0].reasons == ()


def test_refuses_with_a_sentence(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> None:
    with pytest.raises(NotEnoughData, match="2020-01-01"):
        train_segmentation(shop, catalogue, date(2020, 1, 1))
    with pytest.raises(FeatureMismatch, match="`orders_total`"):
        train_segmentation(shop.drop("orders_total"), catalogue, AS_OF)
