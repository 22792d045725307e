"""Every change of a champion: the table `ml.promotions`.

Belongs here: SQL on that table. Does not belong here: deciding or carrying out a promotion (`registry.promotion`).
"""

from typing import Literal

import polars as pl

from warehouse.database import Database, Statement, command, first_row


def record_promotion(
    model: str,
    *,
    kind: Literal["promote", "rollback"],
    from_version: int | None,
    to_version: int,
    reason: str,
    promoted_by: str,
) -> Statement[int]:
    """Records a change of champion. `from_version` is None for a model's first champion."""
    return command(
        "insert into ml.promotions (model, from_version, to_version, kind, reason, promoted_by)"
        " values (%(model)s, %(from_version)s, %(to_version)s, %(kind)s, %(reason)s, %(promoted_by)s)",
        model=model,
        from_version=from_version,
        to_version=to_version,
        kind=kind,
        reason=reason,
        promoted_by=promoted_by,
    )


def current_champion(model: str) -> Statement[int | None]:
    """The version that was made champion last; None where none ever was."""
    return first_row(
        int,
        "select to_version from ml.promotions where model = %(model)s order by promotion_id desc limit 1",
        model=model,
    )


def champion_before(model: str, version: int) -> Statement[int | None]:
    """The champion that `version` replaced when it was last promoted; None if it was the first."""
    return first_row(
        lambda from_version: from_version,
        "select from_version from ml.promotions"
        " where model = %(model)s and to_version = %(version)s and kind = 'promote'"
        " and from_version is distinct from to_version order by promotion_id desc limit 1",
        model=model,
        version=version,
    )


def promotion_history(database: Database, model: str | None = None) -> pl.DataFrame:
    """Every change of a champion, newest first: who made it, when and why. All models, if `model` is None."""
    return database.frame(
        "select promoted_at, model, kind, from_version, to_version, promoted_by, reason from ml.promotions"
        " where %(model)s::text is null or model = %(model)s order by promotion_id desc",
        model=model,
    )
