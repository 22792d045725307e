"""Proofs: showing anew who one is before a dangerous act, and linking the Telegram user by whom one can.

Belongs here: what is decided, and its SQL. Does not belong here: which acts ask for a proof (`access.guard`), and how a
password or Telegram is checked (`accounts.passwords`, `telegram`).
"""

from uuid import UUID

import psycopg

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.access.store import proof_age
from backend.accounts import store as accounts
from backend.accounts.store import Account
from backend.audit.recording import entry
from backend.audit.store import Result
from backend.auth.attempts import count_attempt, forgive
from backend.auth.schemas import Proof, ProofState, TelegramCode
from backend.auth.service import account_of
from backend.auth.telegram import confirmed
from backend.errors import Conflict, Forbidden, Invalid, NotAuthenticated, NotFound
from backend.resources import Resources
from core.problems import FieldError
from warehouse.database import Statement, command, execute_async


async def state(resources: Resources, principal: Principal) -> ProofState:
    """How somebody can prove who they are, and for how long the last proof is good."""
    account = await _account(resources, principal)
    age = await resources.database.run(proof_age(session_of(principal)))
    return ProofState(
        has_password=account.password_hash is not None,
        has_telegram=account.telegram_id is not None,
        seconds_left=max(0, int(resources.settings.proof_minutes * 60 - age)),
    )


async def prove_by_password(resources: Resources, principal: Principal, given: Proof, origin: Origin) -> None:
    """Notes that a session was proven. Counted like sign-ins. Raises TooMany and Invalid."""
    await count_attempt(resources.database, principal.name, origin.address)
    account = await _account(resources, principal)
    if not await resources.passwords.fits(given.password, account.password_hash):
        await resources.database.run(_record(principal, origin, "password", is_refused=True))
        raise Invalid("The password is wrong.", [FieldError("password", "is wrong")])
    await _note(resources, principal, origin, "password")
    await forgive(resources.database, principal.name, origin.address)


async def confirm(resources: Resources, principal: Principal, given: TelegramCode, origin: Origin) -> None:
    """Ends a visit to Telegram's page: links whoever confirmed there, or takes it as a proof.

    Raises what `telegram.confirmed` raises, and Conflict where another account is linked to that Telegram user.
    """
    purpose, telegram_id = await confirmed(resources, given, session_of(principal))
    if purpose == "link":
        return await _link(resources, principal, telegram_id, origin)
    account = await _account(resources, principal)
    if account.telegram_id != telegram_id:
        await resources.database.run(_record(principal, origin, "telegram", is_refused=True))
        raise NotAuthenticated("This Telegram user is not the one of your account.")
    return await _note(resources, principal, origin, "telegram")


async def unlink(resources: Resources, principal: Principal, origin: Origin) -> None:
    """Ends sign-in with Telegram. Raises NotFound without it, and Conflict where there is no password instead."""
    async with resources.database.transaction() as connection:
        account = await execute_async(connection, accounts.hold_account(account_of(principal)))
        if account is None or account.telegram_id is None:
            raise NotFound("No Telegram user is linked to your account.")
        if account.password_hash is None:
            raise Conflict("Your account has no password, so you could not sign in any more; ask an admin for one.")
        await execute_async(connection, accounts.set_telegram(account.account_id, None))
        await execute_async(connection, _linked(principal, origin, account.telegram_id, None))


def session_of(principal: Principal) -> UUID:
    """The session of somebody who signed in. Raises Forbidden for a key, which has none."""
    if principal.session_id is None:
        raise Forbidden("profile:manage")
    return principal.session_id


async def _link(resources: Resources, principal: Principal, telegram_id: int, origin: Origin) -> None:
    try:
        async with resources.database.transaction() as connection:
            account = await execute_async(connection, accounts.hold_account(account_of(principal)))
            before = None if account is None else account.telegram_id
            await execute_async(connection, accounts.set_telegram(account_of(principal), telegram_id))
            await execute_async(connection, _linked(principal, origin, before, telegram_id))
    except psycopg.errors.UniqueViolation:
        raise Conflict("Another account signs in with this Telegram user.") from None


async def _account(resources: Resources, principal: Principal) -> Account:
    account = await resources.database.run(accounts.account(account_of(principal)))
    if account is None:
        raise NotAuthenticated("This account is gone.")
    return account


async def _note(resources: Resources, principal: Principal, origin: Origin, by: str) -> None:
    async with resources.database.transaction() as connection:
        await execute_async(connection, _proven(session_of(principal)))
        await execute_async(connection, _record(principal, origin, by))


def _proven(session_id: UUID) -> Statement[int]:
    return command("update app.sessions set proven_at = now() where session_id = %(session_id)s", session_id=session_id)


def _record(principal: Principal, origin: Origin, by: str, *, is_refused: bool = False) -> Statement[int]:
    result: Result = "refused" if is_refused else "done"
    return entry(principal, origin, "session:prove", f"session:{principal.session_id}", after={"by": by}, result=result)


def _linked(principal: Principal, origin: Origin, before: int | None, after: int | None) -> Statement[int]:
    return entry(
        principal,
        origin,
        "account:change",
        principal.id,
        before={"telegram_id": before},
        after={"telegram_id": after},
    )
