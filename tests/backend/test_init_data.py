"""Telegram's initData: only what Telegram signed for this bot, lately, names a user."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.auth.init_data import Bot, NotFromTelegram, telegram_user

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8"
TELEGRAM = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
BOT = Bot("5768337691", TOKEN, TELEGRAM.public_key().public_bytes_raw())
WITHOUT_TOKEN = replace(BOT, token=None)
FIELDS = {
    "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
    "user": json.dumps({"id": 279058397, "first_name": "Владислав & Co", "username": "vdkfrost"}),
    "auth_date": str(int(NOW.timestamp()) - 60),
}


def text_of(fields: dict[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))


def with_signature(fields: dict[str, str], bot_id: str = BOT.bot_id) -> dict[str, str]:
    """As Telegram signs for everybody."""
    signature = TELEGRAM.sign(f"{bot_id}:WebAppData\n{text_of(fields)}".encode())
    return {**fields, "signature": urlsafe_b64encode(signature).rstrip(b"=").decode()}


def with_hash(fields: dict[str, str], token: str = TOKEN) -> dict[str, str]:
    """As Telegram signs for the bot."""
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    return {**fields, "hash": hmac.digest(key, text_of(fields).encode(), "sha256").hex()}


GOOD = with_hash(with_signature(FIELDS))


def test_a_published_example_is_right() -> None:
    """The one in the documentation of @tma.js/init-data."""
    published = (
        "query_id=AAHdF6IQAAAAAN0XohDhrOrc"
        "&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C"
        "%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D"
        "&auth_date=1662771648&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2"
    )
    assert telegram_user(published, BOT, datetime.fromtimestamp(1662771650, UTC)) == 279058397


@pytest.mark.parametrize("bot", [BOT, WITHOUT_TOKEN])
def test_both_signatures_are_taken(bot: Bot) -> None:
    assert telegram_user(urlencode(GOOD), bot, NOW) == 279058397


ATTACKS: dict[str, Callable[[], dict[str, str]]] = {
    "another user": lambda: {**GOOD, "user": GOOD["user"].replace("279058397", "1")},
    "another bot's token": lambda: with_hash(with_signature(FIELDS), "1:other"),
    "no hash": lambda: with_signature(FIELDS),
    "an empty hash": lambda: {**GOOD, "hash": ""},
    "a hash not in ASCII": lambda: {**GOOD, "hash": "é" * 64},
    "signed for another bot": lambda: with_hash(with_signature(FIELDS, "1")),
    "a signature that is none": lambda: with_hash({**FIELDS, "signature": "A"}),
    "an empty signature": lambda: with_hash({**FIELDS, "signature": ""}),
    "too old": lambda: resigned(auth_date=str(int(NOW.timestamp()) - 601)),
    "from the future": lambda: resigned(auth_date=str(int(NOW.timestamp()) + 120)),
    "no time": lambda: resigned(auth_date=""),
    "a time that is no number": lambda: resigned(auth_date="-1"),
    "no user": lambda: resigned(user=""),
    "a user that is true": lambda: resigned(user='{"id": true}'),
    "a user with a text for an id": lambda: resigned(user='{"id": "1"}'),
    "a user that is a list": lambda: resigned(user="[1]"),
}


def resigned(**changes: str) -> dict[str, str]:
    return with_hash(with_signature({**FIELDS, **changes}))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_telegram_did_not_sign_names_nobody(attack: str) -> None:
    with pytest.raises(NotFromTelegram):
        telegram_user(urlencode(ATTACKS[attack]()), BOT, NOW)


def test_without_the_token_a_signature_is_needed() -> None:
    with pytest.raises(NotFromTelegram, match="no signature"):
        telegram_user(urlencode(with_hash(FIELDS)), WITHOUT_TOKEN, NOW)


@pytest.mark.parametrize("text", ["", "a", "a=1&a=2", "&".join(f"a{n}=1" for n in range(40)), "user=%ff&hash=1"])
def test_what_cannot_be_read_names_nobody(text: str) -> None:
    with pytest.raises(NotFromTelegram):
        telegram_user(text, BOT, NOW)


def test_its_age_is_limited_to_the_second() -> None:
    signed = NOW - timedelta(seconds=60)
    assert telegram_user(urlencode(GOOD), BOT, signed + timedelta(minutes=10)) == 279058397
    with pytest.raises(NotFromTelegram, match="too old"):
        telegram_user(urlencode(GOOD), BOT, signed + timedelta(minutes=10, seconds=1))


@given(st.text(max_size=200))
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(NotFromTelegram):
        telegram_user(text, BOT, NOW)
