"""Promotions and rollbacks that people asked for: the table `jobs.model_changes`.

Belongs here: SQL on that table. Does not belong here: carrying one out (`registry.promotion`), and the record of what
became champion (`promotions`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg import sql

from warehouse.database import Statement, command, first_row, value

ChangeKind = Literal["promote", "rollback"]
ChangeState = Literal["waiting", "running", "done", "refused", "failed"]

_CHANGES = sql.SQL(
    "select change_id, kind, model, from_version, to_version, reason, asked_by, asked_at, state, finished_at, error"
    " from jobs.model_changes where {}"
)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """One change of a champion. `from_version` is the champion that whoever asked saw; None: there was none."""

    change_id: UUID
    kind: ChangeKind
    model: str
    from_version: int | None
    to_version: int
    reason: str
    asked_by: str
    asked_at: datetime
    state: ChangeState
    finished_at: datetime | None
    error: str | None


def ask_for_change(
    kind: ChangeKind, model: str, from_version: int | None, to_version: int, reason: str, asked_by: str
) -> Statement[UUID | None]:
    """Asks for a change and answers with its id; None while another change of this model is not over."""
    return value(
        lambda change_id: change_id,
        "select jobs.ask_for_model_change(%(kind)s, %(model)s, %(from_version)s, %(to_version)s, %(reason)s,"
        " %(asked_by)s)",
        kind=kind,
        model=model,
        from_version=from_version,
        to_version=to_version,
        reason=reason,
        asked_by=asked_by,
    )


def model_change(change_id: UUID) -> Statement[ModelChange | None]:
    """A change, if there is one with this id."""
    return first_row(
        ModelChange,
        _CHANGES.format(sql.SQL("change_id = %(change_id)s")),
        change_id=change_id,
    )


def newest_change(model: str) -> Statement[ModelChange | None]:
    """The change of a model that was asked for last."""
    return first_row(
        ModelChange,
        _CHANGES.format(sql.SQL("model = %(model)s order by asked_at desc limit 1")),
        model=model,
    )


def begin_change(change_id: UUID) -> Statement[int]:
    """The change is being carried out."""
    return command(
        "update jobs.model_changes set state = 'running' where change_id = %(change_id)s", change_id=change_id
    )


def end_change(change_id: UUID, state: ChangeState, error: str | None = None) -> Statement[int]:
    """The change is over; `error` says why it is not done."""
    return command(
        "update jobs.model_changes set state = %(state)s, finished_at = now(), error = %(error)s"
        " where change_id = %(change_id)s",
        change_id=change_id,
        state=state,
        error=error,
    )
