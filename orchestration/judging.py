"""The gate as it runs: champion and challenger on the same newest matured rows, verdict carried out.

What makes a challenger good enough is `ml.gate`'s; this module fetches the rows and the two models: those that were
judged, since the ones that are deployed have learned from the newest rows too.
"""

from datetime import date, timedelta

from ml.gate.decision import decide
from ml.gate.terms import GateDecision, GateInputs
from ml.gate.words import said
from ml.kinds import ModelKind, model_kind
from orchestration.drift_watch import watched_days
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from registry.promotion import promote
from warehouse.marts import Marts

_INPUT_ROWS = 5_000


def judge_challenger(
    marts: Marts, registry: Registry, challenger: RegisteredModel, *, promoted_by: str
) -> GateDecision:
    """Decides on rows that neither model was trained on, and promotes the challenger if it may be.

    Where there is no champion yet, a challenger with a fault is promoted all the same, fault on record: any answer
    is better than none, and the rung it stands on was chosen by evidence. Of challengers that nothing could judge, only
    the recency rule is.
    """
    champion = registry.with_alias(challenger.kind, CHAMPION)
    if champion is not None and champion.version == challenger.version:
        return GateDecision(True, said("is_champion", version=champion.version), {})
    decision = _decide(marts, registry, challenger, champion)
    if champion is None and not decision.promote and decision.may_be_first:
        first = said("first", model=challenger.kind, rest=decision.reason)
        promote(registry, marts.database, challenger, instead_of=None, reason=first, promoted_by=promoted_by)
        return GateDecision(False, first, decision.checks)
    verdict = said("promoted" if decision.promote else "not_promoted", rest=decision.reason)
    if decision.promote:
        promote(registry, marts.database, challenger, instead_of=champion, reason=verdict, promoted_by=promoted_by)
    else:
        registry.note_verdict(challenger.kind, challenger.version, verdict)
    return GateDecision(decision.promote, verdict, decision.checks)


def _decide(
    marts: Marts, registry: Registry, challenger: RegisteredModel, champion: RegisteredModel | None
) -> GateDecision:
    inputs = None
    kind = model_kind(challenger.kind)
    if champion is not None and (refusal := not_comparable(kind, challenger, champion)):
        return GateDecision(False, refusal, {})
    if kind.outcome is None:
        rows = marts.snapshot(date.fromisoformat(challenger.as_of))
    else:
        test = date.fromisoformat(challenger.tags["test_cutoff"])
        horizon = timedelta(days=int(challenger.tags["horizon_days"]))
        rows = marts.training_frame([test], horizon.days)
        # The same sample of users on the newest day learned from and on the first day to answer about.
        days = (test - horizon, date.fromisoformat(challenger.as_of))
        within = watched_days(kind, horizon.days)
        inputs = GateInputs(*(marts.sample(day, _INPUT_ROWS, active_within_days=within) for day in days))
    return decide(
        rows,
        challenger=registry.load_judged(challenger),
        champion=None if champion is None else registry.load_judged(champion),
        inputs=inputs,
    )


def later_champion(challenger: RegisteredModel, champion: RegisteredModel) -> str | None:
    """Why no gate judges a challenger of a past day; None where the champion has not learned from later days."""
    # ISO dates compare as text.
    if champion.as_of <= challenger.as_of:
        return None
    by_hand = said("by_hand", model=challenger.kind, version=challenger.version)
    return said("later_champion", day=champion.as_of, rest=by_hand)


def not_comparable(kind: ModelKind, challenger: RegisteredModel, champion: RegisteredModel) -> str | None:
    """Why no rows can judge the two fairly; None where they can.

    A champion that has learned from later days knows more than a challenger of a past day could, whatever the kind.
    """
    if kind.outcome is None:
        return later_champion(challenger, champion)
    by_hand = said("by_hand", model=challenger.kind, version=challenger.version)
    ahead = champion.tags["horizon_days"], challenger.tags["horizon_days"]
    if ahead[0] != ahead[1]:
        return said("other_horizon", theirs=ahead[0], own=ahead[1], rest=by_hand)
    # A champion calibrates on windows that close before its own test cutoff begins.
    if champion.tags["test_cutoff"] > challenger.tags["test_cutoff"]:
        return said("tested_on_learned", rest=by_hand)
    return None
