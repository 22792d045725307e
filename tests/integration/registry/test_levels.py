"""A fresh level for a champion, with a real warehouse and a real registry."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from core.errors import UserError
from ml import artifact
from ml.cutoffs import plan_cutoffs
from ml.purchase import train_purchase
from orchestration.levelling import level_champion
from registry.mlflow_registry import RegisteredModel, Registry
from registry.promotion import promote, rollback
from registry.trained_versions import registered_versions
from tests.ml.shop import CATALOGUE, made_up_shop
from warehouse.database import Database
from warehouse.promotions import promotion_history

FIRST, TRAINED, LATER, AFTERWARDS = date(2024, 1, 1), date(2024, 7, 1), date(2024, 8, 1), date(2024, 8, 2)
PLAN = plan_cutoffs(TRAINED, 30, FIRST)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Features and labels of all cutoffs, those included whose windows close after the model was trained."""
    newest = [day - timedelta(days=30 * step) for day in (LATER, AFTERWARDS) for step in range(1, 5)]
    days = [*PLAN.all, *newest]
    return made_up_shop(3000, FIRST, sorted(set(days)))


@pytest.fixture
def champion(frame: pl.DataFrame, warehouse_url: str, registry: Registry, tmp_path: Path) -> RegisteredModel:
    """A purchase model whose probabilities are far too low."""
    model = train_purchase(frame, CATALOGUE, PLAN).model
    low = replace(model, stack=replace(model.stack, intercept=model.stack.intercept - 1.0))
    directory = tmp_path / "made" / "purchase"
    directory.parent.mkdir()
    digest = artifact.save(low, directory, provenance=artifact.Provenance(cutoffs=PLAN.to_dict()))
    version = registry.log_candidate(
        "purchase",
        directory,
        digest,
        parameters={"seed": 0},
        metrics={"auc": 0.7},
        figures={},
        tables={"features": list(model.feature_names), "cutoffs": PLAN.to_dict()},
        tags={"as_of": TRAINED.isoformat(), "horizon_days": "30", "test_cutoff": PLAN.test.isoformat()},
    )
    promote(registry, Database(warehouse_url), version, instead_of=None, reason="the first", promoted_by="ann")
    return version


def test_a_fresh_level_goes_through_the_gate_and_can_be_rolled_back(
    frame: pl.DataFrame, champion: RegisteredModel, warehouse_url: str, registry: Registry
) -> None:
    warehouse = Database(warehouse_url)
    read = lambda days, _: frame.filter(pl.col("as_of").is_in(days))  # noqa: E731
    marts: Any = SimpleNamespace(database=warehouse, training_frame=read)
    with pytest.raises(UserError, match="choose a later day"):
        level_champion(marts, registry, "purchase", TRAINED, promoted_by="bob")

    decision = level_champion(marts, registry, "purchase", LATER, promoted_by="bob")

    assert decision.promote
    assert decision.reason.startswith("promoted: fresh level for version 1: foretold ")
    newest = registry.champion("purchase")
    assert (newest.version, newest.as_of, newest.tags["level_of"]) == (2, LATER.isoformat(), "1")
    # It is no challenger, and what was judged of the champion stays what was judged.
    assert registry.aliases("purchase") == {"champion": 2, "challenger": 1}
    assert newest.tags["test_cutoff"] == champion.tags["test_cutoff"]
    rows = frame.filter(pl.col("as_of") == LATER - timedelta(days=30))
    before, after = (registry.load(version).predict(rows)["score"] for version in (champion, newest))
    assert after.sum() == pytest.approx(rows["has_purchased"].sum(), rel=0.15)
    assert before.sum() < 0.6 * after.sum()
    assert before.rank().to_list() == after.rank().to_list()
    assert registry.load_judged(newest).predict(rows)["score"].to_list() == before.to_list()
    # The days of the outcomes are among those that it has learned from, which erasure asks for.
    learned = {version.version: set(version.cutoffs) for version in registered_versions(registry)}
    assert learned[2] == learned[1] | {LATER - timedelta(days=30 * step) for step in range(1, 5)}

    # What it says now is right, so there is nothing more to do.
    assert not level_champion(marts, registry, "purchase", AFTERWARDS, promoted_by="bob").promote

    rollback(registry, warehouse, "purchase", check=lambda *_: None, reason="complaints", promoted_by="ann")
    assert registry.champion("purchase").version == 1
    assert promotion_history(warehouse)["kind"].to_list() == ["rollback", "promote", "promote"]
