"""Signing in with Telegram: by a Mini App, or by Telegram's page. What is decided, and the visits under way.

Nobody gets an account by signing in: an admin, or somebody who is signed in (`proofs`), says which Telegram user may
sign in to which account.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from backend.access.origin import Origin
from backend.accounts import store as accounts
from backend.auth import init_data, openid
from backend.auth.schemas import MiniApp, TelegramCode, TelegramSignIn, Tokens
from backend.auth.service import begin_session
from backend.errors import NotAuthenticated, NotFound
from backend.resources import Resources
from backend.settings import BackendSettings
from warehouse.database import Statement, command, first_row

VISIT_SECONDS = 600
"""How long somebody may take at Telegram's page."""

Purpose = Literal["sign_in", "link", "prove"]


@dataclass(frozen=True)
class _Begun:
    """A visit to Telegram's page that is under way."""

    binding: bytes
    verifier: str
    nonce: str
    purpose: Purpose
    session_id: UUID | None


async def open_mini_app(resources: Resources, given: MiniApp, origin: Origin) -> Tokens:
    """Begins a session for whoever opened the Mini App. Raises NotAuthenticated, and NotFound where there is no bot."""
    bot = bot_of(resources.settings)
    try:
        telegram_id = init_data.telegram_user(given.init_data, bot, datetime.now(UTC))
    except init_data.NotFromTelegram as error:
        raise NotAuthenticated(f"This is not from Telegram: {error}.") from None
    return await _begin(resources, telegram_id, origin)


async def start(resources: Resources, purpose: Purpose = "sign_in", session_id: UUID | None = None) -> TelegramSignIn:
    """Begins a visit to Telegram's page, by a session unless to sign in. Raises NotFound where that is not set up."""
    provider = _provider(resources.settings)
    started = openid.Started(*(secrets.token_urlsafe(32) for _ in range(3)))
    binding = secrets.token_urlsafe(32)
    await resources.database.run(command("delete from app.telegram_sign_ins where expires_at < now()"))
    await resources.database.run(_remember(started, binding, purpose, session_id))
    return TelegramSignIn(
        url=openid.address(provider, started), state=started.state, binding=binding, expires_in=VISIT_SECONDS
    )


async def complete(resources: Resources, given: TelegramCode, origin: Origin) -> Tokens:
    """Begins a session for whoever confirmed at Telegram's page. A visit is over with the first attempt.

    Raises what `confirmed` raises.
    """
    _, telegram_id = await confirmed(resources, given, None)
    return await _begin(resources, telegram_id, origin)


async def confirmed(resources: Resources, given: TelegramCode, session_id: UUID | None) -> tuple[Purpose, int]:
    """What a visit was for, and who confirmed at Telegram's page. The session must be the one that began it.

    Raises NotAuthenticated, Unavailable while Telegram is away, and NotFound where sign-in is not set up.
    """
    provider = _provider(resources.settings)
    begun = await resources.database.run(_forget(given.state))
    if (
        begun is None
        or begun.session_id != session_id
        or not hmac.compare_digest(begun.binding, _digest(given.binding))
    ):
        raise NotAuthenticated("This sign-in was not begun here, or is over; begin again.")
    telegram_id = await openid.telegram_user(
        provider, given.code, begun.verifier, begun.nonce, resources.settings.retry_after_seconds
    )
    return begun.purpose, telegram_id


def has_page(settings: BackendSettings) -> bool:
    """Whether people may be sent to Telegram's page."""
    try:
        _provider(settings)
    except NotFound:
        return False
    return True


async def _begin(resources: Resources, telegram_id: int, origin: Origin) -> Tokens:
    account = await resources.database.run(accounts.account_of_telegram(telegram_id))
    if account is None or account.disabled_at is not None:
        raise NotAuthenticated("This Telegram user has no account here; link one in Settings, or ask an admin.")
    return await begin_session(resources, account, origin, by="telegram")


def bot_of(settings: BackendSettings) -> init_data.Bot:
    """The bot of the settings. An empty token is none: anybody could sign with it. Raises NotFound without a bot."""
    token = settings.telegram_bot_token
    secret = None if token is None else token.get_secret_value() or None
    bot_id = settings.telegram_bot_id or (secret or "").partition(":")[0]
    if not bot_id:
        raise NotFound("Sign-in with Telegram is not set up: TELEGRAM_BOT_TOKEN is not set.")
    return init_data.Bot(bot_id, secret, bytes.fromhex(settings.telegram_public_key))


def _provider(settings: BackendSettings) -> openid.Provider:
    secret = settings.telegram_client_secret
    if secret is None or not settings.telegram_redirect_url:
        raise NotFound("Sign-in at Telegram's page is not set up: BACKEND_TELEGRAM_CLIENT_SECRET is not set.")
    return openid.Provider(
        settings.telegram_issuer,
        bot_of(settings).bot_id,
        secret.get_secret_value(),
        settings.telegram_redirect_url,
    )


def _remember(started: openid.Started, binding: str, purpose: Purpose, session_id: UUID | None) -> Statement[int]:
    return command(
        "insert into app.telegram_sign_ins (state_sha256, binding_sha256, verifier, nonce, expires_at, purpose,"
        " session_id) values (%(state)s, %(binding)s, %(verifier)s, %(nonce)s,"
        " now() + make_interval(secs => %(seconds)s), %(purpose)s, %(session_id)s)",
        state=_digest(started.state),
        binding=_digest(binding),
        verifier=started.verifier,
        nonce=started.nonce,
        seconds=VISIT_SECONDS,
        purpose=purpose,
        session_id=session_id,
    )


def _forget(state: str) -> Statement[_Begun | None]:
    """Takes a visit away, and returns what it needs."""
    return first_row(
        _Begun,
        "delete from app.telegram_sign_ins where state_sha256 = %(state)s and expires_at > now()"
        " returning binding_sha256, verifier, nonce, purpose, session_id",
        state=_digest(state),
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
