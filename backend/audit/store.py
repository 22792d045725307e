"""SQL of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from warehouse.database import Statement, first_row, rows, value

Result = Literal["done", "refused"]


@dataclass(frozen=True)
class Entry:
    """One row of the log."""

    sequence: int
    at: datetime
    actor: str
    actor_name: str
    address: str
    request_id: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    result: Result


@dataclass(frozen=True)
class Link:
    """A row as a link of the chain: `text` is what its hash is made of."""

    sequence: int
    text: str
    previous_sha256: bytes
    sha256: bytes


@dataclass(frozen=True)
class Ends:
    """Where the chain begins and ends, kept apart from its rows."""

    first_sequence: int
    first_previous_sha256: bytes
    last_sequence: int
    last_sha256: bytes


def add_entry(
    actor: str,
    actor_name: str,
    address: str,
    request_id: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    result: Result,
) -> Statement[int]:
    """Adds a row and returns its number. Must come last in a transaction, since others wait for its end."""
    return value(
        int,
        "select app.record_audit(%(actor)s, %(actor_name)s, %(address)s, %(request_id)s, %(action)s, %(subject)s,"
        " %(before)s, %(after)s, %(result)s)",
        actor=actor,
        actor_name=actor_name,
        address=address,
        request_id=request_id,
        action=action,
        subject=subject,
        before=None if before is None else Jsonb(dict(before)),
        after=None if after is None else Jsonb(dict(after)),
        result=result,
    )


def add_look(actor: str, actor_name: str, address: str, request_id: str, action: str, user_id: str) -> Statement[int]:
    """Adds a row about a look at one user, who is named by a keyed hash."""
    return value(
        int,
        "select app.record_audit(%(actor)s, %(actor_name)s, %(address)s, %(request_id)s, %(action)s,"
        " app.audited_user(%(user_id)s), null, null, 'done')",
        actor=actor,
        actor_name=actor_name,
        address=address,
        request_id=request_id,
        action=action,
        user_id=user_id,
    )


def entries(
    before: int | None, limit: int, actor: str | None, action: str | None, subject: str | None, user_id: str | None
) -> Statement[list[Entry]]:
    """The newest rows before a number; of one actor, action, subject or user where given."""
    return rows(
        Entry,
        """
        select sequence, at, actor, actor_name, address, request_id, action, subject, before, after, result
        from app.audit
        where (%(before)s::bigint is null or sequence < %(before)s) and (%(actor)s::text is null or actor = %(actor)s)
            and (%(action)s::text is null or action = %(action)s)
            and (%(subject)s::text is null or subject = %(subject)s)
            and (%(user_id)s::text is null or subject = app.audited_user(%(user_id)s))
        order by sequence desc limit %(limit)s
        """,
        before=before,
        limit=limit,
        actor=actor,
        action=action,
        subject=subject,
        user_id=user_id,
    )


def links(after: int, limit: int) -> Statement[list[Link]]:
    """The rows after a number as links of the chain."""
    return rows(
        lambda sequence, text, previous, own: Link(sequence, text, bytes(previous), bytes(own)),
        "select sequence, app.audit_text(audit), previous_sha256, sha256 from app.audit"
        " where sequence > %(after)s order by sequence limit %(limit)s",
        after=after,
        limit=limit,
    )


def ends() -> Statement[Ends | None]:
    """Where the chain begins and ends."""
    return first_row(
        lambda first, previous, last, own: Ends(first, bytes(previous), last, bytes(own)),
        "select first_sequence, first_previous_sha256, last_sequence, last_sha256 from app.audit_ends",
    )
