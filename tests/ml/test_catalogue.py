"""The feature catalogue: read from dbt's yml, hashed by meaning, carried by every model."""

from dataclasses import replace
from pathlib import Path

import pytest

from ml.catalogue import CatalogueError, FeatureCatalogue, read_catalogue

YML = """
models:
  - name: other_model
    columns: [{name: x}]
  - name: user_features
    columns:
      - name: user_id
        description: The user.
      - name: as_of
        description: The day.
      - name: days_since_last_purchase
        description: >
          Days from the last purchase
          to as_of.
        config:
          meta:
            {family: recency, unit: days, models: [segmentation, churn],
             label: days since the last purchase, lever: win_back}
      - name: orders_total
        description: Orders so far.
        config:
          meta: {family: frequency, unit: orders, models: [purchase], label: orders so far}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> FeatureCatalogue:
    path = tmp_path / "user_features.yml"
    path.write_text(YML)
    return read_catalogue(path)


def test_reads_features_in_file_order_without_the_keys(catalogue: FeatureCatalogue) -> None:
    assert catalogue.names == ("days_since_last_purchase", "orders_total")
    first = catalogue["days_since_last_purchase"]
    assert first.description == "Days from the last purchase to as_of."
    assert (first.family, first.unit, first.lever) == ("recency", "days", "win_back")
    assert catalogue["orders_total"].lever is None


def test_for_model_keeps_only_its_features(catalogue: FeatureCatalogue) -> None:
    assert [feature.name for feature in catalogue.for_model("churn")] == ["days_since_last_purchase"]
    assert [feature.name for feature in catalogue.for_model("purchase")] == ["orders_total"]


def test_a_model_can_carry_its_own_catalogue(catalogue: FeatureCatalogue) -> None:
    stored = catalogue.select(["orders_total"])
    assert FeatureCatalogue.from_dict(stored.to_dict()) == stored
    assert FeatureCatalogue.from_dict(catalogue.to_dict()).hash == catalogue.hash


def test_hash_follows_meaning_and_order_but_not_wording(catalogue: FeatureCatalogue) -> None:
    first, second = catalogue.features
    reordered = FeatureCatalogue((second, first))
    redefined = FeatureCatalogue((replace(first, description="Days from the first purchase."), second))
    reworded = FeatureCatalogue((replace(first, label="last bought", lever=None), second))
    assert reordered.hash != catalogue.hash
    assert redefined.hash != catalogue.hash
    assert reworded.hash == catalogue.hash


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (YML.replace("unit: orders, ", ""), r"`orders_total` lacks the key `unit`"),
        (YML.replace("Orders so far.", ""), r"`orders_total` has an empty `description`"),
        (YML.replace("[purchase]", "[churm]"), r"`orders_total` is for the model `churm`; there are segmentation"),
        (
            YML.replace("name: orders_", "name: days_since_last_purchase #"),
            r"`days_since_last_purchase` twice",
        ),
        (YML.replace("user_features", "features"), r"does not describe the model `user_features`"),
        (YML + "      - name: bare\n", r"Column `bare` .* has no `config.meta`"),
        ("models: [", r"not valid YAML"),
    ],
)
def test_says_which_column_and_key_is_wrong(tmp_path: Path, broken: str, said: str) -> None:
    path = tmp_path / "user_features.yml"
    path.write_text(broken)
    with pytest.raises(CatalogueError, match=said):
        read_catalogue(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_catalogue(tmp_path / "absent.yml")


def test_an_unknown_feature_is_named(catalogue: FeatureCatalogue) -> None:
    with pytest.raises(CatalogueError, match="no feature `shoe_size`"):
        catalogue["shoe_size"]
