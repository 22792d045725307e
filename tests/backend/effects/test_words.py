"""What an effect says in plain words."""

from dataclasses import replace
from datetime import date

import pytest

from backend.effects.words import summary, warnings
from ml.experiments.effect import ArmCount, CampaignEffect, Look, OutcomeEffect, SampleRatio, VariantEffect

LOOK = Look(
    day=date(2025, 3, 9), treated_users=1000, control_users=1000, treated_mean=0.1, control_mean=0.09,
    per_user=0.012, per_user_low=0.003, per_user_high=0.021, total=12.0, total_low=3.0, total_high=21.0,
    p_value=0.01, is_early=False,
)  # fmt: skip
RATIO = SampleRatio(0.4, False, [ArmCount("control", 0.5, 900, 1000.0), ArmCount("a", 0.5, 1100, 1000.0)])


NOT_CLEAR = "whether the campaign changed anything is not clear."
Figures = tuple[float, float | None, float | None]


def said(outcome: str, total: float, low: float | None, high: float | None) -> str:
    look = replace(LOOK, total=total, total_low=low, total_high=high, is_early=low is None)
    return summary(OutcomeEffect(outcome, [LOOK, look], 0.1), "EUR")


@pytest.mark.parametrize(
    ("outcome", "figures", "expected"),
    [
        ("orders", (12.4, 3.1, 21.0), "12 more orders, between 3 and 21."),
        ("buyers", (-1.0, -2.0, -0.6), "1 fewer buyer, between 2 and 1 fewer."),
        ("orders", (8, -5, 21), f"8 more orders, between 5 fewer and 21 more: {NOT_CLEAR}"),
        ("revenue", (1240.5, 3, 2500), "EUR 1,240.50 more revenue, between EUR 3.00 and EUR 2,500.00."),
        ("revenue", (-20, -30.25, -10), "EUR 20.00 less revenue, between EUR 30.25 and EUR 10.00 less."),
        ("orders", (3, None, None), "Too early to say: 3 more orders so far, which may be chance."),
    ],
)  # fmt: skip
def test_an_outcome_is_a_sentence(outcome: str, figures: Figures, expected: str) -> None:
    assert said(outcome, *figures) == expected


def test_without_looks_there_is_nothing_to_say() -> None:
    assert summary(OutcomeEffect("orders", [], 0.0), "") == "There is nothing to compare yet."


def effect(*, is_complete: bool = True, ratio: SampleRatio = RATIO, look: Look = LOOK) -> CampaignEffect:
    variant = VariantEffect("a", 0.95, [OutcomeEffect("orders", [look], 0.1)])
    return CampaignEffect(date(2025, 3, 1), date(2025, 3, 9), is_complete, ratio, [variant])


def test_a_sound_effect_has_no_warnings() -> None:
    assert warnings(effect(), 0, 0) == []


def test_a_mismatch_comes_first() -> None:
    found = warnings(effect(is_complete=False, ratio=replace(RATIO, is_mismatched=True, p_value=0.00004)), 2, 1)
    assert found[0].startswith("Do not believe the effect")
    assert "control 900 instead of 1,000; a 1,100 instead of 1,000; p = 4e-05" in found[0]
    assert "as often as you like" in found[1]
    assert found[2].startswith("3 people are left out")
    assert found[2].endswith("of 2 the ids were in different arms.")


def test_too_early_is_said() -> None:
    early = replace(LOOK, is_early=True)
    assert "More days help" in warnings(effect(look=early), 0, 0)[0]
