"""The gate as it runs: champion and challenger on the same newest matured rows, verdict carried out.

What makes a challenger good enough is `ml.gate`'s; this module fetches the rows and the two models.
"""

from datetime import date

from ml import artifact
from ml.gate import GateDecision, decide, decide_segmentation
from orchestration.promotion import promote
from orchestration.registry import CHAMPION, RegisteredModel, Registry
from orchestration.warehouse import Warehouse


def judge_challenger(
    warehouse: Warehouse, registry: Registry, challenger: RegisteredModel, *, promoted_by: str
) -> GateDecision:
    """Decides on rows that neither model was trained on, and promotes the challenger if it may be."""
    champion = registry.with_alias(challenger.kind, CHAMPION)
    decision = _decide(warehouse, challenger, champion)
    if decision.promote:
        promote(registry, warehouse, challenger, reason=decision.reason, promoted_by=promoted_by)
    else:
        registry.note_verdict(challenger.kind, challenger.version, decision.reason)
    return decision


def _decide(warehouse: Warehouse, challenger: RegisteredModel, champion: RegisteredModel | None) -> GateDecision:
    model = artifact.load(challenger.directory, challenger.digest)
    if challenger.kind == "segmentation":
        return decide_segmentation(
            warehouse.snapshot(date.fromisoformat(challenger.as_of)),
            challenger=model,
            stability=challenger.metrics["stability"],
            champion_stability=None if champion is None else champion.metrics["stability"],
        )
    if champion is not None and (refusal := _not_comparable(challenger, champion)):
        return GateDecision(False, refusal)
    test = date.fromisoformat(challenger.tags["test_cutoff"])
    return decide(
        warehouse.training_frame([test], int(challenger.tags["horizon_days"])),
        challenger=model,
        champion=None if champion is None else artifact.load(champion.directory, champion.digest),
    )


def _not_comparable(challenger: RegisteredModel, champion: RegisteredModel) -> str | None:
    """Why no row can judge the two fairly, if none can."""
    ahead = champion.tags["horizon_days"], challenger.tags["horizon_days"]
    by_hand = f"decide by hand: customer-analyzer models promote {challenger.kind} {challenger.version}"
    if ahead[0] != ahead[1]:
        return f"kept the champion: it looks {ahead[0]} days ahead, the challenger {ahead[1]}; {by_hand}"
    # A champion calibrates on windows that close before its own test cutoff begins, ISO dates compare as text.
    if champion.tags["test_cutoff"] > challenger.tags["test_cutoff"]:
        return f"kept the champion: it has learned from days the challenger is tested on; {by_hand}"
    return None
