"""Erased users, who are known only by a keyed hash of their id, and the transactions that are storing rows about users.

Belongs here: SQL on `raw.erased_users`, and the lock that erasures check. Does not belong here: what is deleted where
(`privacy`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, rows, value


@dataclass(frozen=True)
class ErasedUser:
    """A row of `raw.erased_users`. `trained_models` are the model versions that had learned from the user."""

    user_hash: str
    erased_at: datetime
    trained_models: list[dict[str, str | int]]


def is_anyone_erased() -> Statement[bool]:
    """Whether any user was ever erased. Every erasure that begins later waits for the end of this transaction."""
    return value(bool, "select raw.storing_users()")


def erased_among(user_ids: Iterable[str]) -> Statement[list[str]]:
    """Those of the users who were erased. Every erasure that begins later waits for the end of this transaction."""
    return rows(str, "select raw.erased_among(%(user_ids)s)", user_ids=list(user_ids))


def erased_rows(bad_rows: Sequence[str]) -> Statement[list[int]]:
    """The places (the first is 0) of those rows for the quarantine, as JSON, that are about a user who was erased."""
    return rows(
        int,
        "select raw.erased_among_rows(%(bad_rows)s::jsonb[])",
        bad_rows=list(bad_rows),
    )


def find(user_id: str) -> Statement[ErasedUser | None]:
    """The user's entry; None where the user was not erased."""

    def made(user_hash: str, erased_at: datetime, trained_models: Any) -> ErasedUser:
        return ErasedUser(user_hash, erased_at.astimezone(UTC), trained_models)

    return first_row(
        made,
        "select encode(user_hash, 'hex'), erased_at, trained_models from raw.erased_users"
        " where user_hash = raw.user_hash(%(user_id)s)",
        user_id=user_id,
    )


def add(user_id: str, trained_models: Sequence[dict[str, str | int]]) -> Statement[int]:
    """Keeps the user out from now on. An entry that is there stays as it is."""
    return command(
        "insert into raw.erased_users (user_hash, trained_models)"
        " values (raw.user_hash(%(user_id)s), %(trained_models)s) on conflict do nothing",
        user_id=user_id,
        trained_models=Jsonb(list(trained_models)),
    )


def storing_now() -> Statement[set[str]]:
    """The transactions that are storing rows about users at this moment."""
    return Statement("select raw.storing_now()", {}, lambda result: {str(each) for (each,) in result.rows})
