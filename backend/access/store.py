"""SQL of access: signing keys, and whose session a token belongs to."""

import math
from dataclasses import dataclass
from uuid import UUID

from warehouse.database import Statement, command, first_row, value


@dataclass(frozen=True)
class Holder:
    """The account that a session belongs to."""

    account_id: UUID
    email: str
    role: str


def session_holder(session_id: UUID) -> Statement[Holder | None]:
    """Whose session it is; None where it has ended, or the account may not be used."""
    return first_row(
        Holder,
        "select account_id, email, role from app.sessions join app.accounts using (account_id)"
        " where session_id = %(session_id)s and ended_at is null and expires_at > now() and disabled_at is null",
        session_id=session_id,
    )


def proof_age(session_id: UUID) -> Statement[float]:
    """How many seconds ago whoever holds a session showed who they are; endless where it is gone."""
    return value(
        lambda seconds: math.inf if seconds is None else float(seconds),
        "select (select extract(epoch from now() - proven_at) from app.sessions where session_id = %(session_id)s)",
        session_id=session_id,
    )


def signing_key(kid: str) -> Statement[bytes | None]:
    """The secret of a key, by which a token may be checked."""
    return first_row(bytes, "select secret from app.signing_keys where kid = %(kid)s", kid=kid)


def newest_signing_key(days: int) -> Statement[tuple[str, bytes] | None]:
    """The key to sign with; None where all have signed for `days`."""
    return first_row(
        lambda kid, secret: (str(kid), bytes(secret)),
        "select kid, secret from app.signing_keys where created_at > now() - make_interval(days => %(days)s)"
        " order by created_at desc, kid limit 1",
        days=days,
    )


def forget_signing_keys(days: int, token_seconds: int) -> Statement[int]:
    """Forgets keys whose last token has expired."""
    return command(
        "delete from app.signing_keys where created_at <"
        " now() - make_interval(days => %(days)s, secs => 2 * %(token_seconds)s)",
        days=days,
        token_seconds=token_seconds,
    )


def forget_other_signing_keys(kid: str) -> Statement[int]:
    """Forgets all keys but one, and with them every access token that they signed."""
    return command("delete from app.signing_keys where kid <> %(kid)s", kid=kid)


def add_signing_key(kid: str, secret: bytes) -> Statement[int]:
    """Adds a key; whoever signs from now on signs with the newest."""
    return command("insert into app.signing_keys (kid, secret) values (%(kid)s, %(secret)s)", kid=kid, secret=secret)
