"""SQL of sessions, and the rotation of their refresh tokens.

A refresh token is used once and then replaced. One that is presented again was stolen, or its replacement was: the
session ends, with all its tokens (RFC 9700, 4.14). But an answer can also get lost on its way. For a few seconds, and
only while the replacement has not been used, the used token gets the same replacement again. It is made from the used
token and a random number in the warehouse, neither of which is enough alone.
"""

import hashlib
import hmac
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.api_keys import in_base62, with_checksum
from warehouse.database import Statement, command, first_row, rows, value

GRACE_SECONDS = 10
IDLE_DAYS = 7
MOST_DAYS = 30
"""Nobody stays signed in longer, however often the session is refreshed."""

_PREFIX = "car_"


@dataclass(frozen=True)
class Session:
    """A session that has not ended."""

    session_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str | None


@dataclass(frozen=True)
class Refreshed:
    """The outcome of a renewal: the session and its new token, or why there is none (`reason`)."""

    session_id: UUID | None = None
    account_id: UUID | None = None
    email: str = ""
    token: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Held:
    """The session of a presented token, locked."""

    session_id: UUID
    account_id: UUID
    email: str
    is_open: bool


@dataclass(frozen=True)
class _Presented:
    """A presented token as it is stored."""

    is_used: bool
    is_within_grace: bool
    successor_nonce: bytes | None


def begin_session(account_id: UUID, address: str, user_agent: str) -> Generator[Statement[Any], Any, tuple[UUID, str]]:
    """Starts a session; returns its id and its first refresh token. Sessions long over are forgotten."""
    yield command(
        "delete from app.sessions where account_id = %(account_id)s and expires_at < now() - interval '30 days'",
        account_id=account_id,
    )
    session_id: UUID = yield value(
        _same,
        "insert into app.sessions (account_id, expires_at, address, user_agent) values"
        " (%(account_id)s, now() + make_interval(days => %(days)s), %(address)s, %(user_agent)s) returning session_id",
        account_id=account_id,
        days=MOST_DAYS,
        address=address,
        user_agent=user_agent,
    )
    token = _token_of(secrets.token_bytes(32))
    yield _add_token(session_id, token)
    return session_id, token


def refresh(token: str) -> Generator[Statement[Any], Any, Refreshed]:
    """Replaces a refresh token, in one transaction that must be committed whatever the outcome is.

    Requests with tokens of the same session wait for each other.
    """
    digest = _digest_of(token)
    held: _Held | None = yield _hold(digest)
    if held is None:
        return Refreshed(reason="unknown")
    if not held.is_open:
        return Refreshed(reason="over")
    # Only now is nobody else at it.
    presented: _Presented = yield _presented(digest)
    if not presented.is_used:
        nonce = secrets.token_bytes(32)
        successor = successor_of(token, nonce)
        yield from _replace(held.session_id, digest, nonce, successor)
    elif presented.successor_nonce is not None and presented.is_within_grace:
        successor = successor_of(token, presented.successor_nonce)
    else:
        yield end_session(held.account_id, held.session_id, "reuse")
        return Refreshed(held.session_id, held.account_id, held.email, reason="reuse")
    return Refreshed(held.session_id, held.account_id, held.email, successor)


def successor_of(token: str, nonce: bytes) -> str:
    """The token that replaces a used one."""
    return _token_of(hmac.digest(token.encode(), nonce, "sha256"))


def open_sessions(account_id: UUID) -> Statement[list[Session]]:
    """The sessions of an account that have not ended, the one used last first."""
    return rows(
        Session,
        "select session_id, created_at, last_used_at, expires_at, address, user_agent from app.sessions"
        " where account_id = %(account_id)s and ended_at is null and expires_at > now()"
        " and last_used_at > now() - make_interval(days => %(idle)s) order by last_used_at desc, session_id",
        account_id=account_id,
        idle=IDLE_DAYS,
    )


def end_session(account_id: UUID, session_id: UUID, reason: str) -> Statement[int]:
    """Ends one session of an account; 0 where there is none that is open."""
    return command(
        "update app.sessions set ended_at = now(), end_reason = %(reason)s"
        " where session_id = %(session_id)s and account_id = %(account_id)s and ended_at is null",
        session_id=session_id,
        account_id=account_id,
        reason=reason,
    )


def end_sessions(account_id: UUID, reason: str, but: UUID | None = None) -> Statement[int]:
    """Ends all sessions of an account, or all but one; says how many."""
    return command(
        "update app.sessions set ended_at = now(), end_reason = %(reason)s where account_id = %(account_id)s"
        " and ended_at is null and session_id is distinct from %(but)s::uuid",
        account_id=account_id,
        reason=reason,
        but=but,
    )


def session_of(token: str) -> Statement[tuple[UUID, str, UUID] | None]:
    """The account, its e-mail address and the session that a refresh token belongs to, used or not."""
    return first_row(
        lambda account_id, email, session_id: (account_id, email, session_id),
        "select account_id, email, session_id from app.refresh_tokens join app.sessions using (session_id)"
        " join app.accounts using (account_id) where token_sha256 = %(digest)s",
        digest=_digest_of(token),
    )


def _hold(digest: bytes) -> Statement[_Held | None]:
    return first_row(
        _Held,
        "select session_id, account_id, email, ended_at is null and expires_at > now() and disabled_at is null"
        " and last_used_at > now() - make_interval(days => %(idle)s)"
        " from app.sessions join app.accounts using (account_id) where session_id ="
        " (select session_id from app.refresh_tokens where token_sha256 = %(digest)s) for update of sessions",
        digest=digest,
        idle=IDLE_DAYS,
    )


def _presented(digest: bytes) -> Statement[_Presented | None]:
    """A token as it is stored."""
    return first_row(
        lambda is_used, is_within_grace, nonce: _Presented(
            is_used, bool(is_within_grace), None if nonce is None else bytes(nonce)
        ),
        "select used_at is not null, used_at > now() - make_interval(secs => %(grace)s), successor_nonce"
        " from app.refresh_tokens where token_sha256 = %(digest)s",
        digest=digest,
        grace=GRACE_SECONDS,
    )


def _replace(session_id: UUID, digest: bytes, nonce: bytes, successor: str) -> Generator[Statement[Any], Any, None]:
    # The token before this one cannot be retried any more: its replacement, this one, has been used.
    yield command(
        "update app.refresh_tokens set successor_nonce = null"
        " where session_id = %(session_id)s and successor_nonce is not null",
        session_id=session_id,
    )
    yield command(
        "update app.refresh_tokens set used_at = now(), successor_nonce = %(nonce)s where token_sha256 = %(digest)s",
        digest=digest,
        nonce=nonce,
    )
    yield _add_token(session_id, successor)
    yield command(
        "update app.sessions set last_used_at = now() where session_id = %(session_id)s", session_id=session_id
    )


def _add_token(session_id: UUID, token: str) -> Statement[int]:
    return command(
        "insert into app.refresh_tokens (token_sha256, session_id) values (%(digest)s, %(session_id)s)",
        digest=_digest_of(token),
        session_id=session_id,
    )


def _token_of(random: bytes) -> str:
    return with_checksum(_PREFIX + in_base62(int.from_bytes(random), 43))


def _digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _same(session_id: UUID) -> UUID:
    return session_id
