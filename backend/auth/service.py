"""Signing in, staying signed in, and ending it: what is decided."""

from uuid import UUID

from backend.access.origin import Origin
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.access.tokens import ACCESS_SECONDS
from backend.accounts import store as accounts
from backend.accounts.passwords import fault_of, is_outdated
from backend.accounts.store import Account
from backend.audit.recording import entry
from backend.audit.store import Result
from backend.auth import sessions
from backend.auth.attempts import count_attempt, forgive
from backend.auth.schemas import Login, Me, NewPassword, SessionAnswer, Tokens
from backend.errors import Forbidden, Invalid, NotAuthenticated, NotFound
from backend.resources import Resources
from backend.shop.service import shop
from core.problems import FieldError
from warehouse.database import Statement, execute_async, execute_steps_async

NOTHING: frozenset[Permission] = frozenset()
_NEW_PASSWORD = {"password": "new"}


async def login(resources: Resources, given: Login, origin: Origin) -> Tokens:
    """Begins a session. Raises TooMany, and NotAuthenticated in the same words whatever is wrong."""
    database = resources.database
    await count_attempt(database, given.email, origin.address)
    account = await database.run(accounts.account_of(given.email))
    stored = None if account is None else account.password_hash
    fits = await resources.passwords.fits(given.password, stored)
    if account is None or stored is None or not fits or account.disabled_at is not None:
        # Only an address that exists is recorded: people type passwords into the wrong field.
        email = "unknown" if account is None else account.email
        subject = "accounts" if account is None else f"account:{account.account_id}"
        await database.run(
            entry(Principal("nobody", email, NOTHING), origin, "session:begin", subject, result="refused")
        )
        raise NotAuthenticated("The e-mail address or the password is wrong.")
    await forgive(database, given.email, origin.address)
    better = await resources.passwords.hashed(given.password) if is_outdated(stored) else None
    return await begin_session(resources, account, origin, by="password", better_hash=better)


async def me(resources: Resources, principal: Principal) -> Me:
    """Who asks, and what pages need to know of the shop."""
    return Me(
        id=principal.id,
        name=principal.name,
        permissions=sorted(principal.permissions),
        session_id=principal.session_id,
        shop=await shop(resources),
    )


async def begin_session(
    resources: Resources, account: Account, origin: Origin, by: str, better_hash: str | None = None
) -> Tokens:
    """Begins a session for whoever was shown to own an account; `by` says how, for the audit log.

    Raises NotAuthenticated where the account has been disabled or has got another password in the meantime.
    """
    async with resources.database.transaction() as connection:
        held = await execute_async(connection, accounts.hold_account(account.account_id))
        if held is None or held.disabled_at is not None or held.password_hash != account.password_hash:
            raise NotAuthenticated("The account has just changed; sign in again.")
        if better_hash is not None:
            await execute_async(connection, accounts.set_password(account.account_id, better_hash))
        session_id, token = await execute_steps_async(
            connection, sessions.begin_session(account.account_id, origin.address, origin.user_agent)
        )
        owner = Principal(f"account:{account.account_id}", account.email, NOTHING)
        await execute_async(
            connection, entry(owner, origin, "session:begin", f"session:{session_id}", after={"by": by})
        )
    return await _tokens(resources, account.account_id, session_id, token)


async def refresh(resources: Resources, token: str, origin: Origin) -> Tokens:
    """Replaces a refresh token. Raises NotAuthenticated; if the token had been used before, the session has ended."""
    async with resources.database.transaction() as connection:
        outcome = await execute_steps_async(connection, sessions.refresh(token))
        if outcome.reason == "reuse" and outcome.account_id is not None:
            reused = _about(
                outcome.account_id, outcome.email, origin, "session:refresh", outcome.session_id, result="refused"
            )
            await execute_async(connection, reused)
    # Raised after the commit: the end of a session whose token was stolen must not be taken back.
    if outcome.reason == "reuse":
        raise NotAuthenticated("This refresh token had been used before, so its session was ended; sign in again.")
    if outcome.session_id is None or outcome.account_id is None:
        raise NotAuthenticated("This refresh token is not valid; sign in again.")
    return await _tokens(resources, outcome.account_id, outcome.session_id, outcome.token)


async def logout(resources: Resources, token: str, origin: Origin) -> None:
    """Ends the session of a refresh token. It makes no difference whether there is one."""
    async with resources.database.transaction() as connection:
        found = await execute_async(connection, sessions.session_of(token))
        if found is None:
            return
        account_id, email, session_id = found
        if await execute_async(connection, sessions.end_session(account_id, session_id, "logout")):
            await execute_async(connection, _about(account_id, email, origin, "session:end", session_id))


async def list_sessions(resources: Resources, principal: Principal) -> list[SessionAnswer]:
    """The sessions of whoever asks."""
    found = await resources.database.run(sessions.open_sessions(account_of(principal)))
    return [
        SessionAnswer(
            session_id=each.session_id,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
            expires_at=each.expires_at,
            address=each.address,
            user_agent=each.user_agent,
            is_current=each.session_id == principal.session_id,
        )
        for each in found
    ]


async def end_session(resources: Resources, principal: Principal, session_id: UUID, origin: Origin) -> None:
    """Ends a session of whoever asks. Raises NotFound, also for somebody else's."""
    async with resources.database.transaction() as connection:
        if not await execute_async(connection, sessions.end_session(account_of(principal), session_id, "ended")):
            raise NotFound("You have no open session with this id.")
        await execute_async(connection, entry(principal, origin, "session:end", f"session:{session_id}"))


async def end_other_sessions(resources: Resources, principal: Principal, origin: Origin) -> None:
    """Ends all sessions of whoever asks, but for the one that asks."""
    async with resources.database.transaction() as connection:
        ended = sessions.end_sessions(account_of(principal), "ended", but=principal.session_id)
        count = await execute_async(connection, ended)
        await execute_async(
            connection, entry(principal, origin, "session:end", principal.id, after={"sessions": count})
        )


async def change_password(resources: Resources, principal: Principal, given: NewPassword, origin: Origin) -> None:
    """Changes one's own password and ends all one's sessions. Raises TooMany and Invalid."""
    database = resources.database
    await count_attempt(database, principal.name, origin.address)
    account = await database.run(accounts.account(account_of(principal)))
    if account is None or not await resources.passwords.fits(given.current_password, account.password_hash):
        await database.run(entry(principal, origin, "account:change", principal.id, result="refused"))
        raise Invalid("The current password is wrong.", [FieldError("current_password", "is wrong")])
    fault = fault_of(given.new_password, account.email)
    if fault is not None:
        raise Invalid(f"The new password {fault}.", [FieldError("new_password", fault)])
    hashed = await resources.passwords.hashed(given.new_password)
    async with database.transaction() as connection:
        await execute_async(connection, accounts.set_password(account.account_id, hashed))
        await execute_async(connection, sessions.end_sessions(account.account_id, "password"))
        await execute_async(connection, entry(principal, origin, "account:change", principal.id, after=_NEW_PASSWORD))
    await forgive(database, account.email, origin.address)


def account_of(principal: Principal) -> UUID:
    """The account of somebody who signed in. Raises Forbidden for a key, which has none."""
    if principal.account_id is None:
        raise Forbidden("profile:manage")
    return principal.account_id


def _about(
    account_id: UUID, email: str, origin: Origin, action: str, session_id: UUID | None, result: Result = "done"
) -> Statement[int]:
    """What is recorded about a session where nothing but a password or a refresh token says whose it is."""
    principal = Principal(f"account:{account_id}", email, NOTHING)
    return entry(principal, origin, action, f"session:{session_id}", result=result)


async def _tokens(resources: Resources, account_id: UUID, session_id: UUID, token: str) -> Tokens:
    return Tokens(
        access_token=await resources.tokens.sign(account_id, session_id),
        expires_in=ACCESS_SECONDS,
        refresh_token=token,
        session_id=session_id,
    )
