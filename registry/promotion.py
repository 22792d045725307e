"""Who is champion, since when and why: promotion and rollback, under a lock and on record.

The judgement of a challenger is `ml.gate`'s; here its verdict, or a person's, is carried out.
"""

from collections.abc import Callable

import polars as pl

from core.errors import UserError
from registry.mlflow_registry import CHAMPION, RegisteredModel, Registry
from warehouse.warehouse import Warehouse


def promote(
    registry: Registry,
    warehouse: Warehouse,
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
    with warehouse.promotion(challenger.kind) as transaction:
        champion = registry.with_alias(challenger.kind, CHAMPION)
        if champion is not None and champion.version == challenger.version:
            return
        if (champion and champion.version) != (instead_of and instead_of.version):
            raise UserError(f"Meanwhile {challenger.kind} has got another champion; judge the challenger again.")
        transaction.execute(
            "insert into ml.promotions (model, from_version, to_version, kind, reason, promoted_by)"
            " values (%s, %s, %s, 'promote', %s, %s)",
            (challenger.kind, champion and champion.version, challenger.version, reason, promoted_by),
        )
        registry.set_champion(challenger.kind, challenger.version, verdict=reason)


def rollback(
    registry: Registry,
    warehouse: Warehouse,
    kind: str,
    *,
    check: Callable[[RegisteredModel, Warehouse], None],
    reason: str,
    promoted_by: str,
) -> RegisteredModel:
    """Makes the champion before this one champion again; returns it. Nothing is retrained.

    `check` may raise, before anything has changed, if that version cannot be used any more.
    """
    with warehouse.promotion(kind) as transaction:
        champion = registry.champion(kind)
        row = transaction.execute(
            "select from_version from ml.promotions"
            " where model = %s and to_version = %s and kind = 'promote'"
            " and from_version is distinct from to_version order by promotion_id desc limit 1",
            (kind, champion.version),
        ).fetchone()
        if row is None or row[0] is None:
            raise UserError(f"{kind} version {champion.version} had no champion before it to roll back to.")
        previous = registry.version(kind, int(str(row[0])))
        check(previous, warehouse)
        transaction.execute(
            "insert into ml.promotions (model, from_version, to_version, kind, reason, promoted_by)"
            " values (%s, %s, %s, 'rollback', %s, %s)",
            (kind, champion.version, previous.version, reason, promoted_by),
        )
        registry.set_champion(kind, previous.version, verdict=f"rolled back to: {reason}")
    return previous


def history(warehouse: Warehouse, kind: str | None = None) -> pl.DataFrame:
    """Every change of a champion, newest first: who made it, when and why. Of all models unless told."""
    only = "" if kind is None else f" where model = '{kind}'"
    return warehouse.read(
        "select promoted_at, model, kind, from_version, to_version, promoted_by, reason from ml.promotions"  # noqa: S608
        f"{only} order by promotion_id desc"
    )
