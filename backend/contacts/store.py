"""What is read about contacts with one user, under all ids of the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql

from backend.contacts.schemas import ListOfUser, Said
from warehouse.database import Statement, first_row, rows
from warehouse.experiments import in_global_control
from warehouse.recipients import State


@dataclass(frozen=True, slots=True)
class Selected:
    """A recipient, and the campaign that selected the user."""

    campaign_id: UUID
    name: str
    kind: Literal["campaign", "trigger"]
    control_share: float
    variants: list[dict[str, Any]]
    arm: str | None
    state: State
    reason: str | None
    selected_at: datetime
    sent_at: datetime | None


def selections_of(ids: Sequence[str]) -> Statement[list[Selected]]:
    """The newest hundred campaigns and triggers that selected the user."""
    return rows(
        Selected,
        "select campaign_id, name, kind, control_share, variants, arm, recipients.state, reason, selected_at, sent_at"
        " from app.recipients join app.campaigns using (campaign_id) where user_id = any(%(ids)s)"
        " order by coalesce(sent_at, selected_at) desc, campaign_id limit 100",
        ids=[*ids],
    )


def lists_of(ids: Sequence[str]) -> Statement[list[ListOfUser]]:
    """The lists that the user is on, by name."""
    return rows(
        lambda list_id, name: ListOfUser(list_id=list_id, name=name),
        "select distinct list_id, name from app.user_list_members join app.user_lists using (list_id)"
        " where user_id = any(%(ids)s) order by name, list_id",
        ids=[*ids],
    )


def feedback_of(ids: Sequence[str]) -> Statement[list[Said]]:
    """The newest twenty entries of the user."""
    return rows(
        lambda *row: Said(**dict(zip(Said.model_fields, row, strict=True))),
        "select feedback_id, stars, words, given_at, answer from app.feedback where user_id = any(%(ids)s)"
        " order by given_at desc, feedback_id limit 20",
        ids=[*ids],
    )


def is_held_out(user_id: str) -> Statement[bool | None]:
    """Whether the user, under the id that the person is shown as, is in the global control group."""
    query = sql.SQL("select {} from (values (%(user_id)s::text)) as shown (user_id)").format(
        in_global_control(sql.SQL("shown.user_id"))
    )
    return first_row(bool, query, user_id=user_id)
