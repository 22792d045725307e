"""What a run says of the recommender."""

from datetime import date

from cli.summary import recommender_line
from orchestration.pipeline import Check, RunOutcome


def outcome(*checks: Check) -> RunOutcome:
    """A run with these checks."""
    return RunOutcome("a run", date(2024, 1, 1), 30, (), (), checks)


def test_the_gate_or_what_kept_it_from_learning_is_said() -> None:
    nothing = Check("recommendation_candidate", "is_applicable", passed=False, description="No purchase names an item.")
    gate = Check("recommendation_champion", "gate", passed=True, description="promoted: better")
    assert recommender_line(outcome()) == "recommendation: did not run"
    assert recommender_line(outcome(nothing)) == "recommendation: No purchase names an item."
    assert recommender_line(outcome(gate)) == "recommendation: promoted: better"
