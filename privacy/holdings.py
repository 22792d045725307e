"""What is held about users, table by table, and what an erasure does with it. The one place that says so.

Belongs here: a line for each table with a column that says whose a row is. A new table gets its line in the commit that
makes it; a test fails without. Does not: carrying it out (`tables`, `files`).

An erasure deletes nothing from a table that is not listed. It looks through such a table and says in its receipt where
the user still is.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What becomes of a user's rows when the user is erased."""

    DELETE = "delete"
    PSEUDONYMISE = "pseudonymise"
    """The row stays, and a keyed hash takes the place of the id: rows of one user still belong together."""
    KEEP = "keep"
    """The row stays as it is, for a reason that a data protection officer would accept."""


@dataclass(frozen=True)
class Holding:
    """A table with rows about users: `user_column` says whose a row is. A row may be about several: see
    `other_user_columns`.

    `plain_columns` are the text columns that never hold anything about one user, whatever a user may be called. In all
    others an erasure looks for the user's id, and masks it in rows that are about others. `reason` says why rows are
    kept.
    """

    table: str
    action: Action
    user_column: str = "user_id"
    plain_columns: frozenset[str] = frozenset()
    other_user_columns: frozenset[str] = frozenset()
    reason: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for rows that are kept without a reason."""
        if (self.action is Action.KEEP) != bool(self.reason):
            raise ValueError(f"{self.table}: a reason is what rows that are kept need, and only they")


def deleted(table: str, *plain_columns: str) -> Holding:
    """A table whose rows about the user go."""
    return Holding(table, Action.DELETE, plain_columns=frozenset(plain_columns))


HOLDINGS: tuple[Holding, ...] = (
    deleted("raw.events", "event_type", "source", "currency"),
    Holding(
        "raw.user_aliases",
        Action.DELETE,
        user_column="old_user_id",
        plain_columns=frozenset({"said_by"}),
        other_user_columns=frozenset({"new_user_id"}),
    ),
    Holding(
        "intermediate.int_identities",
        Action.DELETE,
        user_column="member_user_id",
        plain_columns=frozenset({"identity_id"}),
        other_user_columns=frozenset({"user_id"}),
    ),
    deleted("intermediate.int_user_daily"),
    deleted("intermediate.int_user_sums"),
    deleted("marts.user_features"),
    deleted("marts.user_labels"),
    deleted("analytics.customer_rfm", "rfm_cell"),
    deleted("analytics.user_list", "main_source", "segment", "churn_risk"),
    deleted("ml.scores", "model", "segment", "basis"),
    deleted("ml.ledger", "kind", "model", "feature_hash", "segment", "basis", "treatment"),
    deleted("ml.outcomes"),
    deleted("ml.excluded_users", "excluded_by"),
    deleted("ml.user_effects", "action"),
    deleted("jobs.user_exports"),
    deleted("app.subscriptions", "language", "topics", "time_zone"),
    deleted("app.do_not_contact", "said_by"),
    deleted("app.recipients", "arm", "state"),
    deleted("app.user_list_members"),
    deleted("app.feedback", "language", "answered_by", "answer_state"),
    Holding("jobs.user_jobs", Action.PSEUDONYMISE, plain_columns=frozenset({"kind", "asked_by", "state"})),
    Holding(
        "raw.erased_users",
        Action.KEEP,
        user_column="user_hash",
        reason="A keyed hash, without which an old file would bring the user back.",
    ),
)

OF_ACCOUNTS = (
    "app.accounts",
    "app.sessions",
    "app.refresh_tokens",
    "app.signing_keys",
    "app.login_attempts",
    "app.telegram_sign_ins",
    "app.api_keys",
    "app.audit",
    "app.audit_ends",
    "app.template_versions",
    "app.shop_settings",
    "app.push_subscriptions",
)
"""Tables about the people and machines that use the platform, which only the API may read, and of devices the worker
too. They hold no user's id: the audit log names users by a keyed hash."""

QUARANTINE = "raw.events_quarantine"
"""Rows that broke the contract. No column says whose they are, so each is searched; the user's rows are deleted."""

COUNTED_FROM_OUTCOMES = "scorecards.model_scorecard"
"""Counts by week that are only renewed where outcomes are added; emptied where some are deleted, so that the next build
counts all weeks again."""

_USER_COLUMN = re.compile(r"(.*_)?user_(id|ids|hash)")


def is_user_column(name: str) -> bool:
    """Whether a column of this name says whose a row is (user_id, user_hash) rather than how many there are (users)."""
    return _USER_COLUMN.fullmatch(name) is not None
