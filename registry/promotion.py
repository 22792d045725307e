"""Who is champion, since when and why: promotion and rollback, under a lock and on record.

The judgement of a challenger is `ml.gate`'s; here its verdict, or a person's, is carried out.
"""

from collections.abc import Callable

from core.errors import UserError
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from registry.words import said
from warehouse.database import Database, execute
from warehouse.locks import promotion_lock
from warehouse.model_versions import note_verdict
from warehouse.promotions import champion_before, record_promotion


def promote(
    registry: Registry,
    warehouse: Database,
    challenger: RegisteredModel,
    *,
    instead_of: RegisteredModel | None,
    reason: str,
    promoted_by: str,
) -> None:
    """Makes a version the champion instead of the one it was compared with.

    Of two promoters at once, one wins and the other is told; so is one whose rival is no longer the champion. What
    is champion already stays it, and nothing is recorded.
    """
    with promotion_lock(warehouse, challenger.kind) as transaction:
        champion = registry.with_alias(challenger.kind, CHAMPION)
        if champion is not None and champion.version == challenger.version:
            return
        if (champion and champion.version) != (instead_of and instead_of.version):
            raise UserError(said("other_champion", model=challenger.kind))
        recorded = record_promotion(
            challenger.kind,
            kind="promote",
            from_version=None if champion is None else champion.version,
            to_version=challenger.version,
            reason=reason,
            promoted_by=promoted_by,
        )
        execute(transaction, recorded)
        execute(transaction, note_verdict(challenger.kind, challenger.version, reason))
        registry.set_champion(challenger.kind, challenger.version, verdict=reason)


def rollback(
    registry: Registry,
    warehouse: Database,
    kind: str,
    *,
    check: Callable[[RegisteredModel, Database], None],
    reason: str,
    promoted_by: str,
) -> RegisteredModel:
    """Makes the champion before this one champion again; returns it. Nothing is retrained.

    `check` may raise, before anything has changed, if that version cannot be used any more.
    """
    with promotion_lock(warehouse, kind) as transaction:
        champion = registry.champion(kind)
        version = execute(transaction, champion_before(kind, champion.version))
        if version is None:
            raise UserError(said("nothing_before", model=kind, version=champion.version))
        previous = registry.version(kind, version)
        check(previous, warehouse)
        recorded = record_promotion(
            kind,
            kind="rollback",
            from_version=champion.version,
            to_version=previous.version,
            reason=reason,
            promoted_by=promoted_by,
        )
        verdict = said("rolled_back", rest=reason)
        execute(transaction, recorded)
        execute(transaction, note_verdict(kind, previous.version, verdict))
        registry.set_champion(kind, previous.version, verdict=verdict)
    return previous
