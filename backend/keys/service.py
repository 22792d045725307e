"""API keys: what is decided when somebody makes, replaces or revokes one."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from backend.access.origin import Origin
from backend.access.permissions import KEY_SCOPES, Permission
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import Connection
from backend.errors import Conflict, Forbidden, Invalid, NotFound
from backend.keys.schemas import KeyAnswer, MadeKey, NewKey, Rotation
from backend.resources import Resources
from core.api_keys import HINT_LENGTH, digest_of, new_key
from core.problems import FieldError
from warehouse.api_keys import ApiKey, add_api_key, api_key, api_keys, expire_api_key, revoke_api_key
from warehouse.database import execute_async

MOST_VALIDITY = timedelta(days=3650)


async def list_keys(resources: Resources, principal: Principal) -> list[KeyAnswer]:
    """The keys that somebody may manage: one's own, or all."""
    found = await resources.database.run(api_keys(None if _manages_all(principal) else principal.account_id))
    return [KeyAnswer(**asdict(each)) for each in found]


async def make_key(resources: Resources, principal: Principal, given: NewKey, origin: Origin) -> MadeKey:
    """Makes a key. Raises Forbidden for a scope that its maker does not have, Invalid for one that no key can have."""
    for number, scope in enumerate(given.scopes):
        if scope not in KEY_SCOPES:
            raise Invalid(f"No key can have `{scope}`.", [FieldError(f"scopes[{number}]", "is for accounts alone")])
        if scope not in principal.permissions:
            raise Forbidden(scope)
    now = datetime.now(UTC)
    if given.expires_at is not None and not now < given.expires_at <= now + MOST_VALIDITY:
        raise Invalid(
            f"A key expires within {MOST_VALIDITY.days} days, or never.",
            [FieldError("expires_at", "is over, or too far away")],
        )
    async with resources.database.transaction() as connection:
        return await _add(connection, principal, origin, given.name, given.scopes, given.expires_at, None)


async def rotate_key(
    resources: Resources, principal: Principal, key_id: int, rotation: Rotation, origin: Origin
) -> MadeKey:
    """Makes a key that replaces another; for a while both are valid. Raises NotFound, Forbidden, Conflict."""
    async with resources.database.transaction() as connection:
        old = await _managed(connection, principal, key_id)
        is_over = old.expires_at is not None and old.expires_at <= datetime.now(UTC)
        if old.revoked_at is not None or is_over:
            raise Conflict("This key is no longer valid; make a new one.")
        for scope in old.scopes:
            if scope not in principal.permissions:
                raise Forbidden(scope)
        await execute_async(connection, expire_api_key(key_id, rotation.overlap_hours))
        return await _add(connection, principal, origin, old.name, old.scopes, old.expires_at, key_id)


async def revoke_key(resources: Resources, principal: Principal, key_id: int, origin: Origin) -> None:
    """Revokes a key. Raises NotFound, also for somebody else's."""
    async with resources.database.transaction() as connection:
        before = await _managed(connection, principal, key_id)
        if not await execute_async(connection, revoke_api_key(key_id)):
            return
        await execute_async(connection, entry(principal, origin, "key:revoke", f"key:{key_id}", before=_shown(before)))


def _manages_all(principal: Principal) -> bool:
    return Permission.ACCOUNTS_MANAGE in principal.permissions


async def _managed(connection: Connection, principal: Principal, key_id: int) -> ApiKey:
    found = await execute_async(connection, api_key(key_id))
    if found is None or not (_manages_all(principal) or found.account_id == principal.account_id):
        raise NotFound("You have no key with this id.")
    return found


async def _add(
    connection: Connection,
    principal: Principal,
    origin: Origin,
    name: str,
    scopes: list[Any],
    expires_at: datetime | None,
    replaces: int | None,
) -> MadeKey:
    key = new_key()
    account_id: UUID | None = principal.account_id
    statement = add_api_key(
        name,
        digest_of(key),
        [str(scope) for scope in dict.fromkeys(scopes)],
        hint=key[:HINT_LENGTH],
        account_id=account_id,
        expires_at=expires_at,
        replaces=replaces,
    )
    key_id = await execute_async(connection, statement)
    made = await execute_async(connection, api_key(key_id))
    assert made is not None  # noqa: S101 - added above, in the same transaction
    await execute_async(connection, entry(principal, origin, "key:create", f"key:{key_id}", after=_shown(made)))
    return MadeKey(**asdict(made), key=key)


def _shown(key: ApiKey) -> dict[str, Any]:
    """A key as the audit log shows it."""
    return KeyAnswer(**asdict(key)).model_dump(mode="json", include={"name", "scopes", "expires_at", "replaces"})
