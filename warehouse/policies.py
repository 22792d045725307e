"""Policies that were learned, and the effects that the one in use expects: `ml.policies`, `ml.user_effects`.

Belongs here: SQL on these tables. Does not: learning (`ml.policies`), and who is chosen for a campaign
(`backend.campaigns.audiences`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from psycopg import sql
from psycopg.types.json import Jsonb

from warehouse.database import Database, Statement, command, first_row, rows, value


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy as it is listed; money is in base currency. `is_in_use` says that campaigns may choose by it now."""

    policy_id: int
    learned_at: datetime
    learned_by: str
    campaigns: list[str]
    decisions: int
    window_days: int
    cost_per_contact: float
    budget_share: float
    learner: str
    report: dict[str, Any]
    is_promoted: bool
    is_in_use: bool
    verdict: str
    ended_at: datetime | None


_COLUMNS = sql.SQL(", ").join(
    sql.SQL("policy_id in (select policy_id from ml.policy_in_use) as is_in_use")
    if name == "is_in_use"
    else sql.Identifier(name)
    for name in PolicyRow.__slots__
)
_EFFECTS = ("user_id", "action", "effect", "worth")


def add_policy(
    learned_by: str,
    campaigns: Sequence[str],
    decisions: int,
    learner: str,
    policy: Mapping[str, Any],
    report: Mapping[str, Any],
    verdict: str,
    *,
    is_promoted: bool,
) -> Statement[int]:
    """Stores a policy; its id. It is in use from now on if it is promoted; whatever was before is not."""
    terms = policy["terms"]
    return value(
        int,
        "insert into ml.policies (learned_by, campaigns, decisions, window_days, cost_per_contact, budget_share,"
        " learner, policy, report, is_promoted, verdict) values (%(learned_by)s, %(campaigns)s, %(decisions)s,"
        " %(window_days)s, %(cost_per_contact)s, %(budget_share)s, %(learner)s, %(policy)s, %(report)s,"
        " %(is_promoted)s, %(verdict)s)"
        " returning policy_id",
        learned_by=learned_by,
        campaigns=Jsonb(list(campaigns)),
        decisions=decisions,
        window_days=terms["window_days"],
        cost_per_contact=terms["cost_per_contact"],
        budget_share=terms["budget_share"],
        learner=learner,
        policy=Jsonb(policy),
        report=Jsonb(report),
        is_promoted=is_promoted,
        verdict=verdict,
    )


def policies(limit: int = 50) -> Statement[list[PolicyRow]]:
    """The newest policies, the newest first."""
    query = sql.SQL("select {} from ml.policies order by policy_id desc limit {}").format(_COLUMNS, sql.Literal(limit))
    return rows(PolicyRow, query)


def policy(policy_id: int) -> Statement[PolicyRow | None]:
    """One policy, None where there is no such."""
    query = sql.SQL("select {} from ml.policies where policy_id = %(policy_id)s").format(_COLUMNS)
    return first_row(PolicyRow, query, policy_id=policy_id)


def policy_json(policy_id: int) -> Statement[dict[str, Any] | None]:
    """The policy itself, as it was stored."""
    return first_row(
        lambda stored: stored,
        "select policy from ml.policies where policy_id = %(policy_id)s",
        policy_id=policy_id,
    )


def policy_in_use() -> Statement[PolicyRow | None]:
    """The policy that campaigns may choose by; None where the newest is not better than chance, or was ended."""
    query = sql.SQL("select {} from ml.policies where policy_id in (select policy_id from ml.policy_in_use)").format(
        _COLUMNS
    )
    return first_row(PolicyRow, query)


def end_policy(ended_by: str) -> Statement[int]:
    """Takes the policy in use out of use; 0 where there is none."""
    return command(
        "update ml.policies set ended_at = now(), ended_by = %(ended_by)s"
        " where policy_id in (select policy_id from ml.policy_in_use)",
        ended_by=ended_by,
    )


def write_effects(database: Database, policy_id: int | None, as_of: date, effects: pl.DataFrame) -> int:
    """Replaces the effects of all users in one transaction; how many. None and no rows: no policy is in use.

    `effects` has user_id, action, effect, worth; it is not looked at without a policy.
    """
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("delete from ml.user_effects")
        columns = sql.SQL(", ").join(map(sql.Identifier, _EFFECTS))
        with cursor.copy(sql.SQL("copy ml.user_effects (policy_id, as_of, {}) from stdin").format(columns)) as written:
            for row in effects.select(_EFFECTS).iter_rows() if policy_id is not None else ():
                written.write_row((policy_id, as_of, *row))
    return effects.height
