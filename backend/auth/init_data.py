"""Telegram's `initData`: who opened the shop's Mini App, as Telegram signed it.

Belongs here: checking both signatures and the age; nothing is asked of Telegram. Does not belong here: which account
the Telegram user has.

`hash` is an HMAC with a key made of the bot's token. `signature` is Telegram's own (Ed25519), which can be checked
without the token. Where the token is known, `hash` must be right; a `signature` must be right wherever there is one.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import orjson

MOST_AGE = timedelta(minutes=10)
_CLOCKS = timedelta(minutes=1)
"""How far Telegram's clock may be ahead of ours."""


class NotFromTelegram(Exception):
    """This was not signed by Telegram for this bot, or not lately. Its text says which."""


@dataclass(frozen=True)
class Bot:
    """Whose Mini App it is. `token` is None where only Telegram's own signature can be checked."""

    bot_id: str
    token: str | None
    public_key: bytes


def telegram_user(init_data: str, bot: Bot, now: datetime) -> int:
    """The id of the Telegram user who opened the Mini App. Raises NotFromTelegram."""
    fields = _fields(init_data)
    given_hash, signature = fields.pop("hash", None), fields.get("signature")
    if bot.token is not None:
        _check_hash(fields, given_hash, bot.token)
    elif signature is None:
        raise NotFromTelegram("it has no signature")
    if signature is not None:
        _check_signature({name: value for name, value in fields.items() if name != "signature"}, signature, bot)
    _check_age(fields.get("auth_date", ""), now)
    return _user_id(fields.get("user", ""))


def _fields(init_data: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(init_data, keep_blank_values=True, strict_parsing=True, max_num_fields=30, errors="strict")
    except ValueError:
        raise NotFromTelegram("it cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NotFromTelegram("a field is there twice")
    return fields


def _signed_text(fields: dict[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))


def _check_hash(fields: dict[str, str], given: str | None, token: str) -> None:
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    right = hmac.digest(key, _signed_text(fields).encode(), "sha256").hex()
    if given is None or not hmac.compare_digest(given.encode(), right.encode()):
        raise NotFromTelegram("its hash is wrong")


def _check_signature(fields: dict[str, str], signature: str, bot: Bot) -> None:
    # Loaded where somebody signs in so: the library is large.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed = f"{bot.bot_id}:WebAppData\n{_signed_text(fields)}"
    try:
        given = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        Ed25519PublicKey.from_public_bytes(bot.public_key).verify(given, signed.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        raise NotFromTelegram("its signature is wrong") from None


def _check_age(auth_date: str, now: datetime) -> None:
    if not (auth_date.isascii() and auth_date.isdecimal() and len(auth_date) <= 12):
        raise NotFromTelegram("it does not say when it was signed")
    age = timedelta(seconds=now.timestamp() - int(auth_date))
    if not -_CLOCKS <= age <= MOST_AGE:
        raise NotFromTelegram("it is too old; open the app again")


def _user_id(user: str) -> int:
    try:
        parsed = orjson.loads(user)
    except orjson.JSONDecodeError:
        parsed = None
    user_id = parsed.get("id") if isinstance(parsed, dict) else None
    if not isinstance(user_id, int) or isinstance(user_id, bool) or user_id <= 0:
        raise NotFromTelegram("it names no user")
    return user_id
