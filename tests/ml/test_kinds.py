"""The kinds of models: what a record must say, and kinds of other packages."""

from pathlib import Path
from typing import Any

import pytest

from ml import kinds
from ml.kinds import (
    BUILT_IN,
    CHURN,
    PURCHASE,
    SEGMENTATION,
    Answer,
    KindError,
    ModelKind,
    Outcome,
    UnknownKind,
    model_kind,
    model_kinds,
    outcome_of,
    package_of,
)
from tests.returning import install_returning

RECORD = """
from ml.kinds import Answer, ModelKind, Outcome

KIND = ModelKind(
    name="{name}",
    purpose="whether a user comes back",
    answer=Answer.PROBABILITY,
    model_class="ml.propensity.model:PropensityModel",
    trainer="shop_models:train",
    outcome=Outcome(label="has_activity", recency="days_since_last_activity", words="the chance of a return"),
)
"""


def install(site: Path, source: str, target: str = "shop_models:KIND") -> None:
    """What an installer leaves of a package with one entry point."""
    (site / "shop_models.py").write_text(source)
    folder = site / "shop_models-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-models\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{kinds.ENTRY_POINT_GROUP}]\nreturning = {target}\n")


def test_the_kinds_of_this_project_come_first_and_in_one_order() -> None:
    assert model_kinds()[:3] == (SEGMENTATION, PURCHASE, CHURN)
    assert [str(kind) for kind in BUILT_IN] == ["segmentation", "purchase", "churn"]
    assert all(package_of(kind) is None for kind in BUILT_IN)


@pytest.mark.parametrize("kind", BUILT_IN, ids=str)
def test_every_address_leads_somewhere(kind: ModelKind) -> None:
    assert callable(kind.load_class().from_files)
    assert callable(kind.load_trainer())


def test_an_installed_package_adds_a_kind(site: Path) -> None:
    install_returning(site)
    assert [kind.name for kind in model_kinds()] == ["segmentation", "purchase", "churn", "returning"]
    kind = model_kind("returning")
    assert outcome_of(kind).label == "has_activity"
    assert (kind.feature_role, CHURN.feature_role) == ("churn", "churn")
    assert kind.load_trainer().__name__ == "train_returning"
    package = package_of(kind)
    assert package is not None
    assert (package.module, package.distribution.name) == ("shop_models", "shop-models")


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (RECORD.format(name="churn"), "shop_models:KIND", "declares the model churn, which there is already"),
        ("KIND = 1", "shop_models:KIND", "is no ModelKind"),
        ("", "shop_models:KIND", "returning cannot be loaded from shop_models:KIND"),
        ("import no_such_module", "shop_models:KIND", "cannot be loaded from shop_models:KIND: No module named"),
    ],
)
def test_a_package_that_cannot_be_used_is_named(site: Path, source: str, target: str, reason: str) -> None:
    install(site, source, target)
    with pytest.raises(KindError, match=reason):
        model_kinds()
    assert model_kind("churn") is CHURN


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(UnknownKind, match="no model called 'chrun'; there are segmentation, purchase, churn"):
        model_kind("chrun")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Two words"}, "cannot be called 'Two words'"),
        ({"outcome": None}, "needs an outcome"),
        ({"answer": Answer.SEGMENT}, "needs an outcome if, and only if"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, Any], reason: str) -> None:
    outcome = Outcome(label="has_activity", recency="days_since_last_activity", words="the chance of a return")
    fields = {"name": "returning", "purpose": "p", "answer": Answer.PROBABILITY, "outcome": outcome, **changes}
    with pytest.raises(KindError, match=reason):
        ModelKind(model_class="m:M", trainer="m:t", **fields)


def test_nothing_is_foretold_by_a_kind_without_outcome() -> None:
    with pytest.raises(KindError, match="segmentation foretells nothing"):
        outcome_of(SEGMENTATION)
