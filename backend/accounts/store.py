"""SQL of accounts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warehouse.database import Statement, command, first_row, rows

_COLUMNS = "select account_id, email, name, role, telegram_id, created_at, disabled_at, password_hash from app.accounts"


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `disabled_at` is None while they may."""

    account_id: UUID
    email: str
    name: str
    role: str
    telegram_id: int | None
    created_at: datetime
    disabled_at: datetime | None
    password_hash: str | None


def add_account(email: str, name: str, role: str, password_hash: str | None) -> Statement[UUID | None]:
    """Adds an account and returns its id; None where the e-mail address is taken."""
    return first_row(
        _as_uuid,
        "insert into app.accounts (email, name, role, password_hash)"
        " values (%(email)s, %(name)s, %(role)s, %(password_hash)s) on conflict (lower(email)) do nothing"
        " returning account_id",
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
    )


def accounts() -> Statement[list[Account]]:
    """Every account, oldest first."""
    return rows(Account, _COLUMNS + " order by created_at, account_id")


def account(account_id: UUID) -> Statement[Account | None]:
    """The account with this id."""
    return first_row(Account, _COLUMNS + " where account_id = %(account_id)s", account_id=account_id)


def hold_account(account_id: UUID) -> Statement[Account | None]:
    """The account as it is now; nobody changes it until the transaction ends."""
    return first_row(Account, _COLUMNS + " where account_id = %(account_id)s for update", account_id=account_id)


def account_of(email: str) -> Statement[Account | None]:
    """The account with this e-mail address, whatever the case of its letters."""
    return first_row(Account, _COLUMNS + " where lower(email) = lower(%(email)s)", email=email)


def account_of_telegram(telegram_id: int) -> Statement[Account | None]:
    """The account to which a Telegram user may sign in."""
    return first_row(Account, _COLUMNS + " where telegram_id = %(telegram_id)s", telegram_id=telegram_id)


def set_password(account_id: UUID, password_hash: str) -> Statement[int]:
    """Stores the hash of a password."""
    return command(
        "update app.accounts set password_hash = %(password_hash)s where account_id = %(account_id)s",
        account_id=account_id,
        password_hash=password_hash,
    )


def set_telegram(account_id: UUID, telegram_id: int | None) -> Statement[int]:
    """Lets a Telegram user, or none, sign in to an account; fails where that user signs in to another one."""
    return command(
        "update app.accounts set telegram_id = %(telegram_id)s where account_id = %(account_id)s",
        account_id=account_id,
        telegram_id=telegram_id,
    )


def change_account(account_id: UUID, name: str, role: str, *, is_disabled: bool) -> Statement[int]:
    """Changes an account. One that is disabled already keeps the time at which that happened."""
    return command(
        "update app.accounts set name = %(name)s, role = %(role)s,"
        " disabled_at = case when %(is_disabled)s then coalesce(disabled_at, now()) end"
        " where account_id = %(account_id)s",
        account_id=account_id,
        name=name,
        role=role,
        is_disabled=is_disabled,
    )


def delete_account(account_id: UUID) -> Statement[int]:
    """Deletes an account with its sessions."""
    return command("delete from app.accounts where account_id = %(account_id)s", account_id=account_id)


def lock_admins() -> Statement[list[UUID]]:
    """The admins who may sign in, locked until the transaction ends, so that two cannot remove each other at once."""
    return rows(
        _as_uuid,
        "select account_id from app.accounts where role = 'admin' and disabled_at is null"
        " order by account_id for update",
    )


def _as_uuid(account_id: UUID) -> UUID:
    return account_id
