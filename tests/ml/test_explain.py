from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml.advice import ADVICE_FILE, AdviceError, advice_for, read_advice
from ml.catalogue import FeatureCatalogue, read_catalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.explain import explain_rows
from ml.explanation import Explanation
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]
MART = Path(__file__).parents[2] / "dbt_project" / "models" / "marts" / "user_features.yml"


def _explain(
    catalogue: FeatureCatalogue, values: list[float], contributions: dict[str, float], kind: str = "churn", top: int = 3
) -> Explanation:
    parts = np.array([[contributions.get(name, 0.0) for name in catalogue.names]])
    return explain_rows(
        kind=kind,
        catalogue=catalogue,
        typical=[12.0] * len(catalogue),
        matrix=np.array([values], np.float32),
        contributions=parts,
        top=top,
    )[0]


def test_a_family_speaks_once_through_its_strongest_feature(catalogue: FeatureCatalogue) -> None:
    answer = _explain(
        catalogue,
        [45, 60, 100, 5, 2, 2, 30, 15, 0.5],
        {"days_since_last_activity": 0.6, "days_since_last_purchase": 0.3, "orders_total": -0.5},
    )
    first, second = answer.reasons
    assert first.feature == "days_since_last_activity"
    assert first.contribution == pytest.approx(0.9)
    assert first.text == "days since last activity: 45 days (typically 12 days); raises the risk of leaving"
    assert second.feature == "orders_total"
    assert second.text == "orders total: 2 (typically 12); lowers the risk of leaving"


def test_advice_comes_only_from_what_holds_the_user_back(catalogue: FeatureCatalogue) -> None:
    values = [45.0, 60, 100, 5, 2, 2, 30, 15, 0.5]
    pull = {"days_since_last_activity": 0.6, "orders_total": -0.5, "weekend_share": 0.9}
    assert _explain(catalogue, values, pull).advice == (advice_for("win_back", "churn"),)
    assert _explain(catalogue, values, pull, kind="purchase").advice == (advice_for("frequency", "purchase"),)


def test_an_undefined_value_is_said_as_such(catalogue: FeatureCatalogue) -> None:
    answer = _explain(catalogue, [45, np.nan, 100, 5, 0, 0, 0, np.nan, 0.5], {"days_since_last_purchase": 0.4})
    assert answer.reasons[0].value is None
    assert answer.reasons[0].text == "days since last purchase: never; raises the risk of leaving"


def test_what_says_nothing_is_not_said(catalogue: FeatureCatalogue) -> None:
    assert _explain(catalogue, [1.0] * 9, {"orders_total": 0.001}).reasons == ()
    assert _explain(catalogue, [1.0] * 9, {"orders_total": 0.5}, top=0).reasons == ()


@pytest.mark.parametrize("train", [train_purchase, train_churn])
def test_removing_top_factors_moves_the_score_more_than_random_ones(
    train: Callable[..., object], shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train(frame, catalogue, plan).model  # type: ignore[attr-defined]
    rows = frame.filter((pl.col("as_of") == plan.as_of) & pl.col("is_churned").is_not_null()).head(200)
    strongest = np.abs(model.contributions(rows).values).argmax(axis=1)
    random = np.random.default_rng(0).integers(0, len(catalogue), rows.height)
    before = model.contributions(rows).log_odds
    moved = []
    for chosen in (strongest, random):
        neutral = rows.with_columns(
            pl.Series(name, np.where(chosen == place, model.typical[place], rows[name].cast(pl.Float64).to_numpy()))
            for place, name in enumerate(model.feature_names)
        ).with_columns(pl.col(pl.Float64).fill_nan(None))
        moved.append(np.abs(model.contributions(neutral).log_odds - before).mean())
    assert moved[0] > 1.5 * moved[1]


def test_reasons_are_the_same_for_one_user_and_for_many(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train_purchase(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of") == plan.as_of).head(50)
    together = model.explain(rows)
    assert len(together) == rows.height
    assert together[7] == model.explain(rows[7])[0]
    assert all(len(answer.reasons) <= 3 for answer in together)


def test_every_lever_of_the_mart_has_advice() -> None:
    advice = read_advice()
    for feature in read_catalogue(MART):
        if feature.lever is not None:
            for kind in {"churn", "purchase"} & set(feature.models):
                assert kind in advice.get(feature.lever, {}), f"{feature.name}: {feature.lever}"


def test_a_broken_advice_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "advice.yml"
    broken.write_text("win_back: call them\n")
    with pytest.raises(AdviceError, match="`win_back`"):
        read_advice(broken)
    assert ADVICE_FILE.exists()
    assert advice_for(None, "churn") is None
    assert advice_for("unheard of", "churn") is None
