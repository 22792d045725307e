"""Signing in with Telegram, by its Mini App and by a double of its pages."""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.access.permissions import Role
from backend.accounts.store import set_telegram
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.backend.conftest import Api, Person
from tests.integration.backend.telegram_pages import (
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URL,
    TelegramPages,
    telegram_pages,
)
from warehouse.database import Database, command, rows

TOKEN = f"{CLIENT_ID}:of-the-bot"
ANNA = 279058397


@pytest.fixture(scope="module")
def pages() -> Iterator[TelegramPages]:
    with telegram_pages() as running:
        yield running


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform, pages: TelegramPages) -> Iterator[Api]:
    """An API that knows a bot, and takes the double for Telegram."""
    with signing_in_with(empty_platform, pages) as address:
        yield Api(address, Database(shared_warehouse_url), Database(empty_platform.backend_url))


@contextmanager
def signing_in_with(platform: Platform, pages: TelegramPages) -> Iterator[str]:
    """The address of an API that knows a bot, and takes the double for Telegram."""
    platform.home.service_key.write_text("none\n", encoding="utf-8")
    server = api_server(platform)
    environment = {
        **server.environment,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "BACKEND_TELEGRAM_ISSUER": pages.address,
        "BACKEND_TELEGRAM_CLIENT_SECRET": CLIENT_SECRET,
        "BACKEND_TELEGRAM_REDIRECT_URL": REDIRECT_URL,
    }
    with running_servers([replace(server, environment=environment)]) as (running,):
        yield str(running.command.address)


@pytest.fixture(scope="module")
def anna(api: Api, make_person: Callable[[Role], Person]) -> Person:
    person = make_person(Role.MARKETER)
    api.own.run(set_telegram(person.account_id, ANNA))
    return person


@pytest.fixture(scope="module")
def nobody(api: Api, anna: Person) -> Iterator[httpx.Client]:
    with api.caller(None) as client:
        yield client


@pytest.fixture(autouse=True)
def honest(pages: TelegramPages) -> Iterator[None]:
    yield
    pages.lie({})
    pages.provider.algorithm = "RS256"


def opened(telegram_id: int, seconds_ago: float = 0, token: str = TOKEN) -> str:
    """What Telegram gives the Mini App."""
    fields = {"user": json.dumps({"id": telegram_id}), "auth_date": str(int(time.time() - seconds_ago))}
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    return urlencode({**fields, "hash": hmac.digest(key, text.encode(), "sha256").hex()})


def mini_app(nobody: httpx.Client, init_data: str) -> httpx.Response:
    return nobody.post("/auth/telegram/mini-app", json={"init_data": init_data})


def start(nobody: httpx.Client) -> dict[str, Any]:
    answer = nobody.post("/auth/telegram/start")
    assert answer.status_code == 200, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


def complete(nobody: httpx.Client, code: str, begun: dict[str, Any], **changes: str) -> httpx.Response:
    given = {"code": code, "state": begun["state"], "binding": begun["binding"], **changes}
    return nobody.post("/auth/telegram/complete", json=given)


def whose(api: Api, answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    with api.caller(answer.json()["access_token"]) as client:
        name: str = client.get("/auth/me").json()["name"]
        return name


def test_who_opened_the_mini_app_is_signed_in(api: Api, nobody: httpx.Client, anna: Person) -> None:
    assert whose(api, mini_app(nobody, opened(ANNA))) == anna.email
    began = "select after ->> 'by' from app.audit where action = 'session:begin' and actor_name = %(email)s"
    assert api.own.run(rows(str, began, email=anna.email))[-1] == "telegram"


def test_who_did_not_open_it_or_has_no_account_is_not(nobody: httpx.Client) -> None:
    assert mini_app(nobody, opened(ANNA, seconds_ago=700)).status_code == 401
    assert mini_app(nobody, opened(ANNA, token="1:another")).status_code == 401
    stranger = mini_app(nobody, opened(1))
    assert stranger.status_code == 401
    assert "admin" in stranger.json()["detail"]


def test_who_confirmed_at_telegrams_page_is_signed_in(
    api: Api, nobody: httpx.Client, pages: TelegramPages, anna: Person
) -> None:
    begun = start(nobody)
    assert begun["binding"] not in begun["url"]
    assert whose(api, complete(nobody, pages.confirm(begun["url"], ANNA), begun)) == anna.email


def test_either_kind_of_signature_is_taken(api: Api, nobody: httpx.Client, pages: TelegramPages, anna: Person) -> None:
    pages.provider.algorithm = "EdDSA"
    begun = start(nobody)
    assert whose(api, complete(nobody, pages.confirm(begun["url"], ANNA), begun)) == anna.email


def test_the_pages_are_where_telegram_says_they_are(nobody: httpx.Client, pages: TelegramPages) -> None:
    said = httpx.get(f"{pages.address}/.well-known/openid-configuration", trust_env=False).json()
    assert start(nobody)["url"].startswith(f"{said['authorization_endpoint']}?")
    assert said["token_endpoint"] == f"{pages.address}/token"
    assert said["jwks_uri"] == f"{pages.address}/.well-known/jwks.json"


def test_a_sign_in_is_completed_once_and_by_whoever_began_it(nobody: httpx.Client, pages: TelegramPages) -> None:
    begun, other = start(nobody), start(nobody)
    code = pages.confirm(begun["url"], ANNA)
    # A page that somebody was lured to has another binding than the one that began.
    assert complete(nobody, code, begun, binding=other["binding"]).status_code == 401
    assert complete(nobody, code, begun).status_code == 401
    again = start(nobody)
    code = pages.confirm(again["url"], ANNA)
    assert complete(nobody, code, again).status_code == 200
    assert complete(nobody, code, again).status_code == 401


def test_a_code_of_another_sign_in_is_worth_nothing(nobody: httpx.Client, pages: TelegramPages) -> None:
    """PKCE: an injected code does not fit the verifier."""
    mine, theirs = start(nobody), start(nobody)
    assert complete(nobody, pages.confirm(theirs["url"], ANNA), mine).status_code == 401
    assert complete(nobody, "made-up", start(nobody)).status_code == 401


def test_a_sign_in_that_took_too_long_is_over(api: Api, nobody: httpx.Client, pages: TelegramPages) -> None:
    begun = start(nobody)
    api.own.run(command("update app.telegram_sign_ins set expires_at = now()"))
    assert complete(nobody, pages.confirm(begun["url"], ANNA), begun).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://accounts.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": "anna"},
        {"sub": "0"},
        {"sub": None},
        {"id": "anna"},
    ],
)
def test_an_identity_token_that_is_not_for_this_sign_in_is_refused(
    nobody: httpx.Client, pages: TelegramPages, changes: dict[str, Any]
) -> None:
    begun = start(nobody)
    pages.lie(changes)
    assert complete(nobody, pages.confirm(begun["url"], ANNA), begun).status_code == 401


def test_an_identity_token_of_another_signer_is_refused(nobody: httpx.Client, pages: TelegramPages) -> None:
    begun = start(nobody)
    pages.lie({}, rsa.generate_private_key(65537, 2048))
    assert complete(nobody, pages.confirm(begun["url"], ANNA), begun).status_code == 401


def test_a_disabled_account_stays_out(
    api: Api, nobody: httpx.Client, pages: TelegramPages, make_person: Callable[[Role], Person]
) -> None:
    person = make_person(Role.VIEWER)
    api.own.run(set_telegram(person.account_id, 77))
    api.own.run(command("update app.accounts set disabled_at = now() where account_id = %(id)s", id=person.account_id))
    assert mini_app(nobody, opened(77)).status_code == 401
    begun = start(nobody)
    assert complete(nobody, pages.confirm(begun["url"], 77), begun).status_code == 401
