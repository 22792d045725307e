"""The summary of a run: models and their baselines, promoted or why not, drift.

Belongs here: collecting it from the registry and the run's checks. Does not belong here: printing it (`tables`).
"""

from dataclasses import dataclass

from ml.kinds import model_kinds
from ml.recommendation import RECOMMENDATION
from orchestration.pipeline import RunOutcome
from registry.mlflow_registry import CHALLENGER, CHAMPION, Registry


@dataclass(frozen=True)
class ModelSummary:
    """One model of a run. If the model is not applicable, `metrics` is empty and `verdict` says why."""

    kind: str
    version: int | None
    champion_version: int | None
    metrics: dict[str, float]
    verdict: str
    drift: str


def summarize(outcome: RunOutcome, registry: Registry) -> list[ModelSummary]:
    """Every model of a finished run, in the project's order."""
    return [_summary(kind.name, outcome, registry) for kind in model_kinds()]


def _summary(kind: str, outcome: RunOutcome, registry: Registry) -> ModelSummary:
    applicable = outcome.check(f"{kind}_candidate", "is_applicable")
    drift = outcome.check(f"{kind}_drift", "drift")
    champion = registry.with_alias(kind, CHAMPION)
    champion_version = None if champion is None else champion.version
    if applicable is None or not applicable.passed:
        reason = "did not run" if applicable is None else applicable.description
        return ModelSummary(kind, None, champion_version, {}, reason, "")
    challenger = registry.with_alias(kind, CHALLENGER)
    gate = outcome.check(f"{kind}_champion", "gate")
    return ModelSummary(
        kind=kind,
        version=None if challenger is None else challenger.version,
        champion_version=champion_version,
        metrics={} if challenger is None else dict(challenger.metrics),
        verdict="" if gate is None else gate.description,
        drift="" if drift is None else drift.description,
    )


def recommender_line(outcome: RunOutcome) -> str:
    """What became of the recommender, in one sentence."""
    applicable = outcome.check(f"{RECOMMENDATION}_candidate", "is_applicable")
    gate = outcome.check(f"{RECOMMENDATION}_champion", "gate")
    if gate is not None:
        return f"{RECOMMENDATION}: {gate.description}"
    return f"{RECOMMENDATION}: {'did not run' if applicable is None else applicable.description}"
