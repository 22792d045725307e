"""The scorecard as people read it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import polars as pl

from orchestration.scorecard_report import campaigns_markdown, display_rows, scorecard_markdown
from warehouse.campaign_effects import EffectLook, NamedLook

NOON = datetime(2025, 3, 9, 12, tzinfo=UTC)

ROW = {
    "model": "churn",
    "kind": "score",
    "is_live": True,
    "model_version": 3,
    "horizon_days": 30,
    "as_of_week": date(2024, 3, 4),
    "users": 1200,
    "positives": 240,
    "observed_rate": 0.2,
    "predicted_rate": 0.21,
    "predicted_amount": 12345.6,
    "observed_amount": 18000.0,
    "auc": 0.7251,
    "brier": 0.15,
    "calibration_error": 0.0149,
    "lift_at_10": 2.5,
    "treated_users": 400,
    "control_users": 400,
    "uplift": -0.05,
    "uplift_standard_error": 0.02,
}
QUIET = ROW | {
    "predicted_amount": None,
    "observed_amount": None,
    "auc": None,
    "lift_at_10": None,
    "uplift": None,
    "uplift_standard_error": None,
}


def test_figures_are_rounded_and_uplift_has_its_interval() -> None:
    headings, (row,) = display_rows(pl.DataFrame([ROW]))
    shown = dict(zip(headings, row, strict=True))
    assert (shown["week of"], shown["version"], shown["users"]) == ("2024-03-04", "3", "1200")
    assert shown["said"] == "live"
    assert (shown["foretold"], shown["came"]) == ("252", "240")
    assert (shown["money foretold"], shown["money came"]) == ("12,346", "18,000")
    assert (shown["AUC"], shown["calibration error"], shown["lift at 10 %"]) == ("0.725", "0.015", "2.500")
    assert shown["uplift of treatment"] == "-0.050 ± 0.039"


def test_what_cannot_be_told_is_left_empty() -> None:
    lines = scorecard_markdown(pl.DataFrame([ROW, QUIET])).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {18}
    assert lines[3].endswith("| 0.150 |  |  |")
    assert "None" not in lines[3]


def test_what_was_said_in_hindsight_is_marked() -> None:
    lines = scorecard_markdown(pl.DataFrame([ROW, ROW | {"is_live": False}])).splitlines()
    assert "| score | live | 3 |" in lines[2]
    assert "| score | in hindsight | 3 |" in lines[3]


def test_campaigns_are_told_in_words() -> None:
    look = EffectLook(
        campaign_id=uuid4(), measured_on=date(2025, 3, 9), variant="a", outcome="orders", measured_at=NOON,
        window_days=14, is_complete=True, is_mismatched=False, is_early=False, treated_users=10, control_users=10,
        treated_mean=0.2, control_mean=0.1, total=1.0, total_low=0.5, total_high=1.5, p_value=0.01, unit="orders",
        summary="1 more order, between 1 and 2.",
    )  # fmt: skip
    looks = [NamedLook("spring | sale", look), NamedLook("summer", replace(look, is_mismatched=True))]
    assert campaigns_markdown(looks).splitlines()[2:] == [
        "| spring / sale | a | orders | 1 more order, between 1 and 2. |",
        "| summer | a | orders | Arms lack users; do not believe it. |",
    ]
