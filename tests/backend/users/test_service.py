"""How one user is put into words, and which cursors fit a list."""

from datetime import date

from backend.users.schemas import Sort
from backend.users.service import in_words, is_of
from backend.users.store import Place
from ml.catalogue import Feature, FeatureCatalogue


def feature(name: str, family: str) -> Feature:
    return Feature(name, f"What {name} is.", f"the {name}", family, "days", ("churn",))


def test_features_come_by_family_in_the_order_of_the_catalogue() -> None:
    catalogue = FeatureCatalogue((feature("b", "habits"), feature("a", "recency"), feature("c", "habits")))
    families = in_words(catalogue, {"a": None, "b": 1, "c": 2.5, "user_id": "anna"})
    assert [(each.family, [(value.name, value.value) for value in each.features]) for each in families] == [
        ("habits", [("b", 1.0), ("c", 2.5)]),
        ("recency", [("a", None)]),
    ]
    assert families[0].features[0].label == "the b"


def test_a_feature_that_the_mart_does_not_have_yet_is_left_out() -> None:
    catalogue = FeatureCatalogue((feature("a", "recency"), feature("new", "recency")))
    assert [value.name for value in in_words(catalogue, {"a": 1})[0].features] == ["a"]


def test_a_place_fits_its_own_order_only() -> None:
    assert is_of(Place(Sort.EXPECTED_VALUE, 3.5, "anna"), Sort.EXPECTED_VALUE)
    assert is_of(Place(Sort.LAST_ACTIVE_DAY, date(2024, 1, 1), "anna"), Sort.LAST_ACTIVE_DAY)
    assert is_of(Place(Sort.LAST_ACTIVE_DAY, None, "anna"), Sort.LAST_ACTIVE_DAY)
    assert not is_of(Place(Sort.EXPECTED_VALUE, 3.5, "anna"), Sort.CHURN_PROBABILITY)
    assert not is_of(Place(Sort.LAST_ACTIVE_DAY, 3.5, "anna"), Sort.LAST_ACTIVE_DAY)
    assert not is_of(Place(Sort.EXPECTED_VALUE, date(2024, 1, 1), "anna"), Sort.EXPECTED_VALUE)
