"""The gate as it runs: champion and challenger on the same newest matured rows, verdict carried out.

What makes a challenger good enough is `ml.gate`'s; this module fetches the rows and the two models.
"""

from datetime import date

from ml.gate import GateDecision, decide

from ml import artifact
from orchestration.promotion import promote
from orchestration.registry import CHAMPION, RegisteredModel, Registry
from orchestration.warehouse import Warehouse


def judge_challenger(
    warehouse: Warehouse, registry: Registry, challenger: RegisteredModel, *, promoted_by: str
) -> GateDecision:
    """Decides on the rows of the challenger's test cutoff, which neither model was trained on, and promotes."""
    champion = registry.with_alias(challenger.kind, CHAMPION)
    horizon_days = int(challenger.tags["horizon_days"])
    rows = warehouse.training_frame([date.fromisoformat(challenger.tags["test_cutoff"])], horizon_days)
    decision = decide(
        rows,
        challenger=artifact.load(challenger.directory, challenger.digest),
        champion=None if champion is None else artifact.load(champion.directory, champion.digest),
    )
    if decision.promote:
        promote(registry, warehouse, challenger, reason=decision.reason, promoted_by=promoted_by)
    else:
        registry.note_verdict(challenger.kind, challenger.version, decision.reason)
    return decision
