"""Signing in with Telegram: by a Mini App, or by Telegram's page. What is decided, and the sign-ins under way.

An admin says which Telegram user may sign in to which account; nobody gets an account by signing in.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from backend.access.origin import Origin
from backend.accounts import store as accounts
from backend.auth import init_data, openid
from backend.auth.schemas import MiniApp, TelegramCode, TelegramSignIn, Tokens
from backend.auth.service import begin_session
from backend.errors import NotAuthenticated, NotFound
from backend.resources import Resources
from backend.settings import BackendSettings
from warehouse.database import Statement, command, first_row

_SECONDS = 600


async def open_mini_app(resources: Resources, given: MiniApp, origin: Origin) -> Tokens:
    """Begins a session for whoever opened the Mini App. Raises NotAuthenticated, and NotFound where there is no bot."""
    bot = bot_of(resources.settings)
    try:
        telegram_id = init_data.telegram_user(given.init_data, bot, datetime.now(UTC))
    except init_data.NotFromTelegram as error:
        raise NotAuthenticated(f"This is not from Telegram: {error}.") from None
    return await _begin(resources, telegram_id, origin)


async def start(resources: Resources) -> TelegramSignIn:
    """Begins a sign-in at Telegram's page. Raises NotFound where that is not set up."""
    provider = _provider(resources.settings)
    started = openid.Started(*(secrets.token_urlsafe(32) for _ in range(3)))
    binding = secrets.token_urlsafe(32)
    await resources.database.run(command("delete from app.telegram_sign_ins where expires_at < now()"))
    await resources.database.run(_remember(started, binding))
    return TelegramSignIn(
        url=openid.address(provider, started), state=started.state, binding=binding, expires_in=_SECONDS
    )


async def complete(resources: Resources, given: TelegramCode, origin: Origin) -> Tokens:
    """Begins a session for whoever confirmed at Telegram's page. A sign-in is over with the first attempt.

    Raises NotAuthenticated, Unavailable while Telegram is away, and NotFound where sign-in is not set up.
    """
    provider = _provider(resources.settings)
    begun = await resources.database.run(_forget(given.state))
    if begun is None or not hmac.compare_digest(begun[0], _digest(given.binding)):
        raise NotAuthenticated("This sign-in was not begun here, or is over; begin again.")
    _, verifier, nonce = begun
    retry_after_seconds = resources.settings.retry_after_seconds
    telegram_id = await openid.telegram_user(provider, given.code, verifier, nonce, retry_after_seconds)
    return await _begin(resources, telegram_id, origin)


async def _begin(resources: Resources, telegram_id: int, origin: Origin) -> Tokens:
    account = await resources.database.run(accounts.account_of_telegram(telegram_id))
    if account is None or account.disabled_at is not None:
        raise NotAuthenticated("This Telegram user has no account here; an admin can give one.")
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


def _remember(started: openid.Started, binding: str) -> Statement[int]:
    return command(
        "insert into app.telegram_sign_ins (state_sha256, binding_sha256, verifier, nonce, expires_at) values"
        " (%(state)s, %(binding)s, %(verifier)s, %(nonce)s, now() + make_interval(secs => %(seconds)s))",
        state=_digest(started.state),
        binding=_digest(binding),
        verifier=started.verifier,
        nonce=started.nonce,
        seconds=_SECONDS,
    )


def _forget(state: str) -> Statement[tuple[bytes, str, str] | None]:
    """Takes a sign-in away, and returns what it needs."""
    return first_row(
        lambda binding, verifier, nonce: (bytes(binding), str(verifier), str(nonce)),
        "delete from app.telegram_sign_ins where state_sha256 = %(state)s and expires_at > now()"
        " returning binding_sha256, verifier, nonce",
        state=_digest(state),
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
