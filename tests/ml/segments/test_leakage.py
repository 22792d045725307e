"""The scaler of the segmentation is fitted on its own snapshot, once; planted leaks are seen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from ml import segmentation
from ml.catalogue import FeatureCatalogue
from ml.segmentation import train_segmentation
from ml.segments.model import SegmentationModel
from ml.segments.scaling import feature_matrix, fit_scaling

MakeShop = Callable[..., pl.DataFrame]
Answer = Callable[[pl.DataFrame], pl.DataFrame]


def other_days(shop: pl.DataFrame) -> pl.DataFrame:
    """Rows of a day before and of a day after the snapshot, with values nobody has on it."""
    return pl.concat(
        shop.with_columns(pl.col("as_of") + timedelta(days=days), pl.selectors.float() * 3 + 50) for days in (-30, 1)
    )


def is_blind_to_other_days(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> bool:
    """Whether rows of other days leave every byte of the model as it was."""
    as_of = shop["as_of"][0]
    alone, among_others = (
        train_segmentation(frame, catalogue, as_of).model.to_files()
        for frame in (shop, pl.concat([other_days(shop), shop]))
    )
    return alone == among_others


def test_rows_of_other_days_change_no_byte_of_a_model(make_shop: MakeShop, catalogue: FeatureCatalogue) -> None:
    assert is_blind_to_other_days(make_shop(30), catalogue)


def test_a_scaler_fitted_on_other_days_too_is_seen(
    make_shop: MakeShop, catalogue: FeatureCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[pl.DataFrame] = []
    honest_train = segmentation.train_segmentation

    def watched(frame: pl.DataFrame, *arguments: object) -> object:
        frames.append(frame)
        return honest_train(frame, *arguments)  # type: ignore[arg-type]

    monkeypatch.setitem(globals(), "train_segmentation", watched)
    monkeypatch.setattr(
        segmentation,
        "fit_scaling",
        lambda values, features: fit_scaling(feature_matrix(frames[-1], [each.name for each in features]), features),
    )
    assert not is_blind_to_other_days(make_shop(30), catalogue)


def answers_alike_alone_and_in_company(answer: Answer, shop: pl.DataFrame) -> bool:
    """Whether users get the same answer, to the bit, alone and beside users of another kind."""
    few = shop.head(20)
    company = answer(pl.concat([few, shop.tail(200)])).head(20)
    return answer(few).equals(company)


def refitted(model: SegmentationModel) -> Answer:
    """The model with a scaler that is fitted anew on whatever it is asked about."""
    features = tuple(model.catalogue)

    def answer(frame: pl.DataFrame) -> pl.DataFrame:
        values = feature_matrix(frame, model.feature_names)
        fitted = {column.name: column for column in fit_scaling(values, features).columns}
        columns = tuple(fitted.get(column.name, column) for column in model.scaling.columns)
        return replace(model, scaling=replace(model.scaling, columns=columns)).predict(frame)

    return answer


def test_a_scaler_fitted_while_scoring_is_seen_and_ours_is_not(shop: pl.DataFrame, catalogue: FeatureCatalogue) -> None:
    model = train_segmentation(shop, catalogue, shop["as_of"][0]).model
    assert answers_alike_alone_and_in_company(model.predict, shop)
    assert not answers_alike_alone_and_in_company(refitted(model), shop)
    assert np.isfinite(model.predict(shop)["score"].to_numpy()).all()
