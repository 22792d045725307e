"""Accounts: what is decided when an admin makes, changes or deletes one."""

from typing import Any
from uuid import UUID

import psycopg

from backend.access.origin import Origin
from backend.access.permissions import ROLE_PERMISSIONS, Role
from backend.access.principal import Principal
from backend.accounts import store
from backend.accounts.passwords import fault_of
from backend.accounts.schemas import AccountAnswer, AccountChange, NewAccount
from backend.accounts.store import Account
from backend.audit.recording import entry
from backend.auth.sessions import end_sessions
from backend.database import Connection
from backend.errors import Conflict, Invalid, NotFound
from backend.resources import Resources
from core.problems import FieldError
from warehouse.api_keys import narrow_api_keys
from warehouse.database import execute_async


async def list_accounts(resources: Resources) -> list[AccountAnswer]:
    """Every account, oldest first."""
    return [answer(each) for each in await resources.database.run(store.accounts())]


async def get_account(resources: Resources, account_id: UUID) -> AccountAnswer:
    """One account. Raises NotFound."""
    return answer(_there(await resources.database.run(store.account(account_id))))


async def make_account(resources: Resources, principal: Principal, given: NewAccount, origin: Origin) -> AccountAnswer:
    """Makes an account. Raises Invalid for a weak password, Conflict where address or Telegram id are taken."""
    hashed = None if given.password is None else await _hashed(resources, given.password, given.email)
    async with resources.database.transaction() as connection:
        account_id = await execute_async(connection, store.add_account(given.email, given.name, given.role, hashed))
        if account_id is None:
            raise Conflict("There is an account with this e-mail address.", [FieldError("email", "is taken")])
        if given.telegram_id is not None:
            await _set_telegram(connection, account_id, given.telegram_id)
        made = _there(await execute_async(connection, store.account(account_id)))
        await execute_async(
            connection, entry(principal, origin, "account:create", _subject(account_id), after=_shown(made))
        )
    return answer(made)


async def change_account(
    resources: Resources, principal: Principal, account_id: UUID, change: AccountChange, origin: Origin
) -> AccountAnswer:
    """Changes an account. Its keys are narrowed to what its role may do. Raises NotFound, Invalid, Conflict."""
    known = _there(await resources.database.run(store.account(account_id)))
    hashed = None if change.password is None else await _hashed(resources, change.password, known.email)
    async with resources.database.transaction() as connection:
        admins = await execute_async(connection, store.lock_admins())
        before = _there(await execute_async(connection, store.account(account_id)))
        role = Role(before.role) if change.role is None else change.role
        is_disabled = before.disabled_at is not None if change.is_disabled is None else change.is_disabled
        if role is not Role.ADMIN or is_disabled:
            _demand_another_admin(admins, account_id)
        name = before.name if change.name is None else change.name
        await execute_async(connection, store.change_account(account_id, name, role, is_disabled=is_disabled))
        if change.telegram_id is not None:
            await _set_telegram(connection, account_id, change.telegram_id)
        if hashed is not None:
            await execute_async(connection, store.set_password(account_id, hashed))
            await execute_async(connection, end_sessions(account_id, "password"))
        if is_disabled:
            await execute_async(connection, end_sessions(account_id, "disabled"))
        allowed = () if is_disabled else sorted(ROLE_PERMISSIONS[role])
        await execute_async(connection, narrow_api_keys(account_id, allowed))
        after = _there(await execute_async(connection, store.account(account_id)))
        shown = {**_shown(after), "password": "new"} if hashed is not None else _shown(after)
        await execute_async(
            connection,
            entry(principal, origin, "account:change", _subject(account_id), before=_shown(before), after=shown),
        )
    return answer(after)


async def delete_account(resources: Resources, principal: Principal, account_id: UUID, origin: Origin) -> None:
    """Deletes an account with its sessions, and revokes its keys. Raises NotFound, and Conflict for the last admin."""
    async with resources.database.transaction() as connection:
        admins = await execute_async(connection, store.lock_admins())
        before = _there(await execute_async(connection, store.account(account_id)))
        _demand_another_admin(admins, account_id)
        await execute_async(connection, narrow_api_keys(account_id, ()))
        await execute_async(connection, store.delete_account(account_id))
        await execute_async(
            connection, entry(principal, origin, "account:delete", _subject(account_id), before=_shown(before))
        )


def answer(account: Account) -> AccountAnswer:
    """An account as callers see it."""
    return AccountAnswer(
        account_id=account.account_id,
        email=account.email,
        name=account.name,
        role=Role(account.role),
        telegram_id=account.telegram_id,
        has_password=account.password_hash is not None,
        created_at=account.created_at,
        disabled_at=account.disabled_at,
    )


def _there(account: Account | None) -> Account:
    if account is None:
        raise NotFound("There is no account with this id.")
    return account


def _demand_another_admin(admins: list[UUID], account_id: UUID) -> None:
    if admins == [account_id]:
        raise Conflict("This is the last admin; make another one first.")


async def _hashed(resources: Resources, password: str, email: str) -> str:
    fault = fault_of(password, email)
    if fault is not None:
        raise Invalid(f"The password {fault}.", [FieldError("password", fault)])
    return await resources.passwords.hashed(password)


async def _set_telegram(connection: Connection, account_id: UUID, telegram_id: int) -> None:
    try:
        await execute_async(connection, store.set_telegram(account_id, telegram_id))
    except psycopg.errors.UniqueViolation:
        taken = [FieldError("telegram_id", "is taken")]
        raise Conflict("Another account signs in with this Telegram user.", taken) from None


def _subject(account_id: UUID) -> str:
    return f"account:{account_id}"


def _shown(account: Account) -> dict[str, Any]:
    """An account as the audit log shows it."""
    return answer(account).model_dump(mode="json", exclude={"account_id", "created_at"})
