"""Signing in, staying signed in, and ending it: what is decided."""

from uuid import UUID

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.access.tokens import ACCESS_SECONDS
from backend.accounts import store as accounts
from backend.accounts.passwords import fault_of, is_outdated
from backend.auth import sessions
from backend.auth.attempts import count_attempt, forgive
from backend.auth.schemas import Login, NewPassword, SessionAnswer, Tokens
from backend.errors import Forbidden, Invalid, NotAuthenticated, NotFound
from backend.resources import Resources
from core.problems import FieldError
from warehouse.database import execute_async, execute_steps_async


async def login(resources: Resources, given: Login, origin: Origin) -> Tokens:
    """Begins a session. Raises TooMany, and NotAuthenticated in the same words whatever is wrong."""
    database = resources.database
    await count_attempt(database, given.email, origin.address)
    account = await database.run(accounts.account_of(given.email))
    stored = None if account is None else account.password_hash
    fits = await resources.passwords.fits(given.password, stored)
    if account is None or stored is None or not fits or account.disabled_at is not None:
        raise NotAuthenticated("The e-mail address or the password is wrong.")
    await forgive(database, given.email, origin.address)
    better = await resources.passwords.hashed(given.password) if is_outdated(stored) else None
    async with database.transaction() as connection:
        if better is not None:
            await execute_async(connection, accounts.set_password(account.account_id, better))
        session_id, token = await execute_steps_async(
            connection, sessions.begin_session(account.account_id, origin.address, origin.user_agent)
        )
    return await _tokens(resources, account.account_id, session_id, token)


async def refresh(resources: Resources, token: str) -> Tokens:
    """Replaces a refresh token. Raises NotAuthenticated; if the token had been used before, the session has ended."""
    async with resources.database.transaction() as connection:
        outcome = await execute_steps_async(connection, sessions.refresh(token))
    # Raised after the commit: the end of a session whose token was stolen must not be taken back.
    if outcome.reason == "reuse":
        raise NotAuthenticated("This refresh token had been used before, so its session was ended; sign in again.")
    if outcome.session_id is None or outcome.account_id is None:
        raise NotAuthenticated("This refresh token is not valid; sign in again.")
    return await _tokens(resources, outcome.account_id, outcome.session_id, outcome.token)


async def logout(resources: Resources, token: str) -> None:
    """Ends the session of a refresh token. It makes no difference whether there is one."""
    found = await resources.database.run(sessions.session_of(token))
    if found is not None:
        await resources.database.run(sessions.end_session(*found, "logout"))


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


async def end_session(resources: Resources, principal: Principal, session_id: UUID) -> None:
    """Ends a session of whoever asks. Raises NotFound, also for somebody else's."""
    if not await resources.database.run(sessions.end_session(account_of(principal), session_id, "ended")):
        raise NotFound("You have no open session with this id.")


async def end_other_sessions(resources: Resources, principal: Principal) -> None:
    """Ends all sessions of whoever asks, but for the one that asks."""
    await resources.database.run(sessions.end_sessions(account_of(principal), "ended", but=principal.session_id))


async def change_password(resources: Resources, principal: Principal, given: NewPassword, origin: Origin) -> None:
    """Changes one's own password and ends all one's sessions. Raises TooMany and Invalid."""
    database = resources.database
    await count_attempt(database, principal.name, origin.address)
    account = await database.run(accounts.account(account_of(principal)))
    if account is None or not await resources.passwords.fits(given.current_password, account.password_hash):
        raise Invalid("The current password is wrong.", [FieldError("current_password", "is wrong")])
    fault = fault_of(given.new_password, account.email)
    if fault is not None:
        raise Invalid(f"The new password {fault}.", [FieldError("new_password", fault)])
    hashed = await resources.passwords.hashed(given.new_password)
    async with database.transaction() as connection:
        await execute_async(connection, accounts.set_password(account.account_id, hashed))
        await execute_async(connection, sessions.end_sessions(account.account_id, "password"))
    await forgive(database, account.email, origin.address)


def account_of(principal: Principal) -> UUID:
    """The account of somebody who signed in. Raises Forbidden for a key, which has none."""
    if principal.account_id is None:
        raise Forbidden("profile:manage")
    return principal.account_id


async def _tokens(resources: Resources, account_id: UUID, session_id: UUID, token: str) -> Tokens:
    return Tokens(
        access_token=await resources.tokens.sign(account_id, session_id),
        expires_in=ACCESS_SECONDS,
        refresh_token=token,
        session_id=session_id,
    )
