"""Which models can be compared at all; the comparison itself is tested with `ml.gate`."""

from types import SimpleNamespace
from typing import Any

import pytest

from ml.gate.terms import GateDecision
from ml.kinds import CHURN, PURCHASE, SEGMENTATION, ModelKind
from orchestration import judging
from orchestration.judging import judge_challenger, not_comparable
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


@pytest.mark.parametrize("may_be_first", [True, False])
def test_a_first_model_that_nothing_judged_is_promoted_only_if_it_may_be(
    may_be_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted: list[str] = []
    noted: list[str] = []
    unjudged = GateDecision(False, "not judged: nobody bought", {}, may_be_first=may_be_first)
    monkeypatch.setattr(judging, "_decide", lambda *_: unjudged)
    monkeypatch.setattr(judging, "promote", lambda *_, reason, **__: promoted.append(reason))
    registry: Any = SimpleNamespace(with_alias=lambda *_: None, note_verdict=lambda *said: noted.append(said[-1]))
    marts: Any = SimpleNamespace(database=None)
    challenger = _version(PURCHASE, 1, "2025-05-31", "2025-05-01")
    decision = judge_challenger(marts, registry, challenger, promoted_by="a test")
    assert not decision.promote
    if may_be_first:
        assert promoted == ["promoted as the first purchase model, though: not judged: nobody bought"]
    else:
        assert not promoted
        assert noted == [decision.reason] == ["not promoted: not judged: nobody bought"]
