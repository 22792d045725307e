"""From rows of features to predictions."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.explanation import Reason
from serving.answers import risk_of
from serving.schemas import ReasonOut
from tests.serving.doubles import Service

probabilities = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize(
    ("probability", "base_rate", "risk"),
    [(0.02, 0.06, "low"), (0.06, 0.06, "medium"), (0.3, 0.06, "high"), (0.7, 0.68, "medium"), (0.95, 0.68, "high")],
)
def test_risk_is_told_beside_the_base_rate(probability: float, base_rate: float, risk: str) -> None:
    assert risk_of(probability, base_rate) == risk


@given(probabilities, probabilities, probabilities)
def test_a_higher_probability_is_never_a_lower_risk(one: float, other: float, base_rate: float) -> None:
    order = ["low", "medium", "high"]
    low, high = sorted([one, other])

    assert order.index(risk_of(low, base_rate)) <= order.index(risk_of(high, base_rate))


@given(st.floats(min_value=0.01, max_value=0.8))
def test_the_base_rate_itself_is_ordinary(base_rate: float) -> None:
    assert risk_of(base_rate, base_rate) == "medium"


@pytest.mark.parametrize(
    ("rate", "risk"), [(0.997, "high"), (0.92, "high"), (0.003, "low"), (0.0, "low"), (1.0, "high")]
)
def test_where_nearly_everyone_is_alike_the_word_follows_the_probability(rate: float, risk: str) -> None:
    assert risk_of(rate, rate) == risk


def test_a_model_that_nothing_judged_says_so_with_every_answer(churn: Service) -> None:
    assert [churn.client.post("/predict", json={"user_ids": ["8"]}).json()["warning"]] == [None]
    loaded = churn.slot.current
    said = "not judged: is_churned is true for all 9 users of the test window"
    churn.slot.swap(replace(loaded, provenance=replace(loaded.provenance, parameters={"warning": said})))
    for path in ("/predict", "/explain"):
        assert churn.client.post(path, json={"user_ids": ["8", "nobody"]}).json()["warning"] == said
    assert churn.client.get("/model").json()["warning"] == said


def test_a_reason_is_written_as_the_contract_has_it() -> None:
    """A model's reasons go into an answer as they are, so both must have the same fields."""
    assert [each.name for each in fields(Reason)] == [each.name for each in fields(ReasonOut)]
