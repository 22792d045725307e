"""API keys: the table `app.api_keys`, which holds hashes and never a key.

Belongs here: SQL on that table. Does not belong here: creating a key (`core.api_keys`), and checking the key of a
request (`serving.key_ring`, `backend.access`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warehouse.database import Statement, command, first_row, rows, value

SERVICE_SCOPE = "predictions:read"
"""What a key must be allowed in order to call the services."""

_COLUMNS = (
    "select key_id, name, hint, scopes, account_id, replaces, created_at, expires_at, last_used_at, revoked_at"
    " from app.api_keys"
)


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret. `account_id` is who made it; None if the command line did."""

    key_id: int
    name: str
    hint: str | None
    scopes: list[str]
    account_id: UUID | None
    replaces: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def add_api_key(
    name: str,
    key_sha256: bytes,
    scopes: Sequence[str],
    *,
    hint: str | None = None,
    account_id: UUID | None = None,
    expires_at: datetime | None = None,
    replaces: int | None = None,
) -> Statement[int]:
    """Stores the hash of a new key and returns the key's id."""
    return value(
        int,
        "insert into app.api_keys (name, key_sha256, hint, scopes, account_id, expires_at, replaces) values"
        " (%(name)s, %(key_sha256)s, %(hint)s, %(scopes)s, %(account_id)s, %(expires_at)s, %(replaces)s)"
        " returning key_id",
        name=name,
        key_sha256=key_sha256,
        hint=hint,
        scopes=sorted(scopes),
        account_id=account_id,
        expires_at=expires_at,
        replaces=replaces,
    )


def api_keys(account_id: UUID | None = None) -> Statement[list[ApiKey]]:
    """Every key, or those that an account made, oldest first; revoked ones too."""
    return rows(
        ApiKey,
        _COLUMNS + " where %(account_id)s::uuid is null or account_id = %(account_id)s order by key_id",
        account_id=account_id,
    )


def api_key(key_id: int) -> Statement[ApiKey | None]:
    """The key with this id, revoked or not."""
    return first_row(ApiKey, _COLUMNS + " where key_id = %(key_id)s", key_id=key_id)


def valid_api_key(key_sha256: bytes) -> Statement[ApiKey | None]:
    """The valid key with this hash, if there is one."""
    return first_row(
        ApiKey,
        _COLUMNS + " where key_sha256 = %(key_sha256)s"
        " and revoked_at is null and (expires_at is null or expires_at > now())",
        key_sha256=key_sha256,
    )


def valid_keys() -> Statement[list[tuple[int, bytes]]]:
    """The id and hash of every key with which the services can be called now."""
    return rows(
        lambda key_id, key_sha256: (int(key_id), bytes(key_sha256)),
        "select key_id, key_sha256 from app.api_keys where %(scope)s = any(scopes)"
        " and revoked_at is null and (expires_at is null or expires_at > now())",
        scope=SERVICE_SCOPE,
    )


def valid_scopes(key_sha256: bytes) -> Statement[list[str] | None]:
    """What a key may do; None if it is not valid."""
    return first_row(
        _scopes,
        "select scopes from app.api_keys where key_sha256 = %(key_sha256)s"
        " and revoked_at is null and (expires_at is null or expires_at > now())",
        key_sha256=key_sha256,
    )


def use_api_key(key_id: int) -> Statement[int]:
    """Records that a key was used, at most once an hour."""
    return command(
        "update app.api_keys set last_used_at = now() where key_id = %(key_id)s"
        " and (last_used_at is null or last_used_at < now() - interval '1 hour')",
        key_id=key_id,
    )


def revoke_api_key(key_id: int) -> Statement[bool]:
    """Revokes a key. Returns False if there is no key with that id, or it was revoked before."""
    ended = command(
        "update app.api_keys set revoked_at = now() where key_id = %(key_id)s and revoked_at is null", key_id=key_id
    )
    return Statement(ended.query, ended.parameters, lambda result: result.row_count == 1)


def expire_api_key(key_id: int, hours: float) -> Statement[int]:
    """Lets a key expire within some hours, for its successor has been made."""
    return command(
        "update app.api_keys set expires_at = least(expires_at, now() + make_interval(secs => %(seconds)s))"
        " where key_id = %(key_id)s",
        key_id=key_id,
        seconds=hours * 3600,
    )


def narrow_api_keys(account_id: UUID, allowed: Sequence[str]) -> Statement[int]:
    """Takes from the keys that an account made what the account may not do; a key that is left with nothing ends."""
    return command(
        """
        update app.api_keys set
            scopes = case when kept.scopes = '{}' then api_keys.scopes else kept.scopes end,
            revoked_at = case when kept.scopes = '{}' then now() end
        from (
            select key_id, array(select unnest(scopes) intersect select unnest(%(allowed)s::text [])) as scopes
            from app.api_keys
        ) as kept
        where kept.key_id = api_keys.key_id and account_id = %(account_id)s and revoked_at is null
        """,
        account_id=account_id,
        allowed=list(allowed),
    )


def _scopes(scopes: list[str]) -> list[str]:
    return scopes
