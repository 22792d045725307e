"""The fitted segmentation: answers, reasons that add up, and an answer for someone unknown."""

from dataclasses import asdict
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.advice import advice_for
from ml.catalogue import FeatureCatalogue
from ml.errors import FeatureMismatch
from ml.segmentation import train_segmentation
from ml.segments.model import SegmentationModel, words
from ml.segments.scaling import feature_matrix


@pytest.fixture(scope="module")
def model(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> SegmentationModel:
    return train_segmentation(shop, catalogue, date(2025, 6, 1)).model


def test_answers_keep_order_and_say_how_clear_the_case_is(model: SegmentationModel, shop: pl.DataFrame) -> None:
    answers = model.predict(shop.reverse())
    assert answers["user_id"].to_list() == shop["user_id"].reverse().to_list()
    assert answers.columns == ["user_id", "segment_id", "segment", "score", "distance", "basis"]
    assert answers["score"].is_between(0.0, 1.0).all()
    assert (answers["distance"] >= 0.0).all()
    assert answers["basis"].unique().to_list() == ["model"]


def test_a_centre_is_exactly_typical(model: SegmentationModel) -> None:
    centres = model.golden.head(len(model.segments))
    answers = model.predict(centres)
    assert answers["segment_id"].to_list() == [segment.segment_id for segment in model.segments]
    assert answers["score"].min() > 0.8


def test_contributions_add_up_to_the_gain_in_closeness(model: SegmentationModel, shop: pl.DataFrame) -> None:
    points = model.scaling.transform(feature_matrix(shop, model.feature_names))
    distance = model.predict(shop)["distance"].to_numpy()
    expected = (points**2).sum(axis=1) - distance**2
    assert np.allclose(model.contributions(shop).sum(axis=1), expected, atol=1e-9)


def test_reasons_are_strongest_first_and_one_per_family(
    model: SegmentationModel, shop: pl.DataFrame, catalogue: FeatureCatalogue
) -> None:
    for explanation in model.explain(shop.head(40), top=3):
        strengths = [reason.contribution for reason in explanation.reasons]
        families = [catalogue[reason.feature].family for reason in explanation.reasons]
        assert 1 <= len(strengths) <= 3
        assert strengths == sorted(strengths, reverse=True)
        assert min(strengths) > 0.0
        assert len(set(families)) == len(families)


def test_a_reason_reads_as_words(model: SegmentationModel, shop: pl.DataFrame) -> None:
    lapsed = shop.filter(pl.col("kind") == "lapsed").head(1)
    texts = [reason.text for reason in model.explain(lapsed)[0].reasons]
    quiet = lapsed["days_since_last_activity"][0]
    assert any(text.startswith(f"days since last activity: {quiet:.0f} days (this segment 2") for text in texts)


def test_the_advice_is_the_segments(model: SegmentationModel, shop: pl.DataFrame) -> None:
    lapsed = shop.filter(pl.col("kind") == "lapsed").head(1)
    assert model.explain(lapsed)[0].advice == (advice_for("win_back", "segmentation"),)


def test_undefined_values_are_answered(model: SegmentationModel) -> None:
    nobody = pl.DataFrame({"user_id": ["a", "b"]}).with_columns(
        pl.Series(name, [None, float("inf")], dtype=pl.Float64) for name in model.feature_names
    )
    answers = model.predict(nobody)
    assert answers["segment_id"].null_count() == 0
    assert answers["score"].is_finite().all()


def test_an_empty_frame_gets_an_empty_answer(model: SegmentationModel, shop: pl.DataFrame) -> None:
    assert model.predict(shop.clear()).height == 0
    assert model.explain(shop.clear()) == []


def test_a_user_nobody_has_seen_is_new_and_in_no_cluster(model: SegmentationModel) -> None:
    assert asdict(model.prior) == {
        "segment_id": None,
        "segment": "new",
        "basis": "prior",
        "advice": ("Walk them through the first steps and towards a first order.",),
    }
    assert "new" not in {segment.name for segment in model.segments}


def test_a_missing_column_is_named(model: SegmentationModel, shop: pl.DataFrame) -> None:
    with pytest.raises(FeatureMismatch, match="`active_days_total`"):
        model.predict(shop.drop("active_days_total"))


def test_the_stored_form_holds_no_person(model: SegmentationModel, shop: pl.DataFrame) -> None:
    stored = b"".join(model.to_files().values()).decode()
    assert not any(user_id in stored for user_id in shop["user_id"])
    assert model == SegmentationModel.from_files(model.to_files())


@pytest.mark.parametrize(
    ("value", "unit", "read"),
    [
        (None, "days", "never"),
        (None, "money", "none"),
        (1.0, "days", "1 day"),
        (12.0, "days", "12 days"),
        (0.25, "share", "25%"),
        (1234.5, "money", "1,234"),
        (19.95, "money", "19.95"),
        (3.0, "orders", "3"),
    ],
)
def test_values_as_they_are_read(value: float | None, unit: str, read: str) -> None:
    assert words(value, unit) == read
