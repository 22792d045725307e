"""Which template a user gets: the situation by what is known, and the best of those that fit."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from backend.predictions.schemas import ModelAnswer
from backend.templates.choosing import Said, chosen, fits, said_of, situation_of
from backend.templates.schemas import Situation, Template, TemplateContent, Words
from backend.templates.service import built_in
from backend.templates.store import Facts
from serving.schemas import ProbabilityPrediction, ReasonOut, SegmentPrediction

NOTHING_SAID = Said(None, None, False, False, frozenset())
WORDS = Words(text="x", reason="x")


def template(name: str, **content: Any) -> Template:
    """A template for regulars, unless it says otherwise."""
    made = TemplateContent(**{"situation": Situation.REGULAR, "words": {"en": WORDS, "ru": WORDS}, **content})
    return Template(name=name, version=1, changed_by="anna", changed_at=datetime(2026, 1, 1, tzinfo=UTC), content=made)


def facts(orders: int, silent_days: int = 0, *, has_been_here: bool = True) -> Facts:
    """What a user did."""
    return Facts(has_been_here, orders, silent_days, 100)


def said(*, leaves: bool = False, buys: bool = False) -> Said:
    """What the models say."""
    return Said("loyal", 0.4, buys, leaves, frozenset({"orders_total"}))


@pytest.mark.parametrize(
    ("known", "models", "situation"),
    [
        (facts(0, has_been_here=False), said(leaves=True, buys=True), "first_visit"),
        (facts(0), said(leaves=True), "newcomer"),
        (facts(3, 40), said(leaves=True, buys=True), "slipping"),
        (facts(1, 40), said(leaves=True), "slipping"),
        (facts(3, 1), said(leaves=True), "regular"),
        (facts(3, 1), said(buys=True), "interested"),
        (facts(2), said(), "regular"),
        (facts(1), said(), "customer"),
        (facts(2, 400), NOTHING_SAID, "regular"),
    ],
)
def test_the_situation_follows_from_deeds_and_models(known: Facts, models: Said, situation: str) -> None:
    assert situation_of(known, models) == situation


@pytest.mark.parametrize(
    ("content", "is_for"),
    [
        ({}, True),
        ({"is_active": False}, False),
        ({"situation": Situation.CUSTOMER}, False),
        ({"segments": ("loyal",)}, True),
        ({"segments": ("rare",)}, False),
        ({"reason_features": ("orders_total", "x")}, True),
        ({"reason_features": ("x",)}, False),
        ({"min_purchase_probability": 0.4}, True),
        ({"min_purchase_probability": 0.41}, False),
        ({"max_purchase_probability": 0.39}, False),
    ],
)
def test_every_condition_counts(content: dict[str, Any], is_for: bool) -> None:
    assert fits(template("t", **content).content, Situation.REGULAR, said()) is is_for


@pytest.mark.parametrize("content", [{"segments": ("loyal",)}, {"min_purchase_probability": 0.1}])
def test_a_condition_on_what_no_model_has_said_is_not_met(content: dict[str, Any]) -> None:
    assert not fits(template("t", **content).content, Situation.REGULAR, NOTHING_SAID)


def test_the_highest_priority_wins_and_then_the_name() -> None:
    offered = [template("b"), template("a"), template("z", priority=1), template("y", priority=2, is_active=False)]
    best = chosen(offered, Situation.REGULAR, said())
    assert best is not None
    assert best.name == "z"
    again = chosen(offered[:2], Situation.REGULAR, said())
    assert again is not None
    assert again.name == "a"
    assert chosen(offered, Situation.SLIPPING, said()) is None


def test_every_situation_has_a_built_in_template_of_its_name() -> None:
    assert {name: each.content.situation for name, each in built_in().items()} == {each: each for each in Situation}


def test_what_the_models_say_is_read_from_their_answers() -> None:
    common: dict[str, Any] = {
        "prediction_id": "1",
        "user_id": "7",
        "is_known": True,
        "as_of": None,
        "known_until": None,
        "feature_age_days": 0,
        "basis": "model",
        "model_version": 1,
        "advice": [],
    }
    reason = ReasonOut("orders_total", "orders", 3.0, 0.2, "has ordered")
    answers = [
        ModelAnswer(
            model="segmentation", prediction=SegmentPrediction(reasons=[], segment_id=1, segment="loyal", **common)
        ),
        ModelAnswer(
            model="churn",
            prediction=ProbabilityPrediction(
                reasons=[reason], probability=0.9, probability_low=0.8, probability_high=0.95, risk="high", **common
            ),
        ),
        ModelAnswer(model="purchase", unavailable="away"),
    ]
    assert said_of(answers) == Said("loyal", None, False, True, frozenset({"orders_total"}))


def test_a_condition_that_could_not_be_stored_is_refused() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        template("t", segments=("a\x00b",))
