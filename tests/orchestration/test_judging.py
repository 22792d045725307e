"""Which models can be compared at all; the comparison itself is tested with `ml.gate`."""

import pytest

from ml.kinds import CHURN, PURCHASE, SEGMENTATION, ModelKind
from orchestration.judging import not_comparable
from registry.mlflow_registry import RegisteredModel


def _version(kind: ModelKind, number: int, as_of: str, test_cutoff: str, horizon_days: int = 30) -> RegisteredModel:
    tags = {"as_of": as_of, "test_cutoff": test_cutoff, "horizon_days": str(horizon_days)}
    return RegisteredModel(kind.name, number, "run", "home:/models", "digest", tags, {}, 0)


@pytest.mark.parametrize("kind", [SEGMENTATION, PURCHASE, CHURN])
def test_a_model_of_a_past_day_never_replaces_one_that_learned_from_later_days(kind: ModelKind) -> None:
    newer, older = _version(kind, 1, "2025-05-31", "2025-05-01"), _version(kind, 2, "2025-04-15", "2025-03-16")
    refusal = not_comparable(kind, challenger=older, champion=newer)
    assert refusal is not None
    assert "the champion has learned from" in refusal
    assert f"models promote {kind.name} 2" in refusal
    assert not_comparable(kind, challenger=newer, champion=older) is None
    assert not_comparable(kind, challenger=newer, champion=newer) is None


def test_only_what_looks_ahead_must_look_as_far_ahead() -> None:
    for kind in (PURCHASE, CHURN):
        month, week = (
            _version(kind, 1, "2025-05-31", "2025-05-01", 30),
            _version(kind, 2, "2025-06-07", "2025-05-31", 7),
        )
        assert not_comparable(kind, challenger=week, champion=month) == (
            f"the champion looks 30 days ahead, the challenger 7; decide by hand: "
            f"customer-analyzer models promote {kind.name} 2"
        )
    month, week = (_version(SEGMENTATION, number, "2025-05-31", "2025-05-01", 30 // number) for number in (1, 2))
    assert not_comparable(SEGMENTATION, challenger=week, champion=month) is None
