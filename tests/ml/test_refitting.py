"""The model that is deployed: the judged one, made again from everything whose outcome is known."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.churn import SPEC, refit_churn, train_churn
from ml.cutoffs import CutoffPlan
from ml.kinds import CHURN
from ml.propensity.model import PropensityModel
from ml.propensity.refitting import Refit, refit_doubt, refit_propensity
from ml.purchase import refit_purchase, train_purchase

ShopFrame = Callable[..., pl.DataFrame]
Remake = Callable[[pl.DataFrame, FeatureCatalogue, CutoffPlan], tuple[PropensityModel, Refit]]

SAME = {"correlation": 0.99, "golden_shift": 0.4, "level": 0.2, "refitted_level": 0.25, "auc_gain": 0.01}


def purchase(frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> tuple[PropensityModel, Refit]:
    judged = train_purchase(frame, catalogue, plan).model
    return judged, refit_purchase(judged, frame, catalogue, plan)


def churn(frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> tuple[PropensityModel, Refit]:
    judged = train_churn(frame, catalogue, plan).model
    return judged, refit_churn(judged, frame, catalogue, plan)


both = pytest.mark.parametrize("remake", [purchase, churn])


@both
def test_the_recipe_stays_and_the_days_are_newer(
    remake: Remake, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    judged, refit = remake(shop_frame(1500), catalogue, plan)
    assert refit.doubt is None
    assert refit.model is not judged
    assert refit.model.rung == judged.rung
    assert [member.name for member in refit.model.members] == [member.name for member in judged.members]
    assert refit.model.stack.weights == judged.stack.weights
    assert refit.model.to_files() != judged.to_files()
    assert refit.checks["correlation"] > 0.9


@both
def test_nothing_as_of_the_day_or_later_changes_a_byte(
    remake: Remake, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(600)
    later = pl.col("as_of") >= plan.as_of
    numbers = [name for name in catalogue.names if frame[name].dtype.is_float()]
    other = frame.with_columns(pl.when(later).then(pl.col(name) + 1).otherwise(name).alias(name) for name in numbers)
    assert not other.equals(frame)
    first, second = (remake(rows, catalogue, plan)[1].model for rows in (frame, other))
    assert first.to_files() == second.to_files()


def test_the_level_follows_the_window_that_the_judged_model_was_tested_on(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    """A season begins: twice as many users buy after the test cutoff as before."""
    frame = shop_frame(3000)
    unlucky = pl.int_range(pl.len()) % 2 == 0
    before = pl.col("as_of") < plan.test
    season = frame.with_columns(
        pl.when(before & unlucky, pl.col("has_purchased").is_not_null())
        .then(pl.lit(False))
        .otherwise("has_purchased")
        .alias("has_purchased")
    )
    checks = purchase(season, catalogue, plan)[1].checks
    came = checks["came_true"]
    assert checks["level"] < 0.75 * came
    assert abs(checks["refitted_level"] - came) < 0.5 * abs(checks["level"] - came)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"correlation": 0.8}, "correlate with those of the judged model by 0.80 only"),
        ({"correlation": float("nan")}, "correlate"),
        ({"golden_shift": 4.0}, "moves a golden row 4.0 further"),
        ({"auc_gain": -0.04}, "AUC falls by 0.040 (all users)"),
        ({"slice_tenure_new_auc_gain": -0.05}, "AUC falls by 0.050 (slice_tenure_new)"),
    ],
)
def test_another_model_is_not_deployed(found: dict[str, float], words: str) -> None:
    doubt = refit_doubt(SAME | found)
    assert doubt is not None
    assert words in doubt


def test_a_level_that_moved_is_no_doubt() -> None:
    assert refit_doubt(SAME | {"level": 0.1, "refitted_level": 0.3}) is None


def test_with_a_doubt_the_judged_model_is_deployed(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    """The newest labels are the opposite of what they were: whoever learned them is another model."""
    frame = shop_frame(1500)
    opposite = frame.with_columns(
        pl.when(pl.col("as_of") == plan.test).then(~pl.col("is_churned")).otherwise("is_churned").alias("is_churned")
    )
    judged = train_churn(opposite, catalogue, plan).model
    refit = refit_propensity(judged, opposite, catalogue, replace(plan, train=()), CHURN, SPEC, seed=0)
    assert refit.doubt is not None
    assert refit.model is judged
