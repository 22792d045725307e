"""Dangerous acts ask people for a fresh proof, by password or at Telegram's page, and machines for none."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import httpx
import pytest

from backend.access.permissions import Role
from backend.accounts.store import set_telegram
from standalone.stack import Platform
from tests.integration.backend.conftest import PASSWORD, Api, Person
from tests.integration.backend.telegram_pages import TelegramPages, telegram_pages
from tests.integration.backend.test_telegram_sign_in import signing_in_with
from warehouse.database import Database, command, rows

BORIS = 401
LET_IN = 404
"""Nobody is erased: the answer of whoever may, about somebody who does not exist."""


@pytest.fixture(scope="module")
def pages() -> Iterator[TelegramPages]:
    with telegram_pages() as running:
        yield running


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform, pages: TelegramPages) -> Iterator[Api]:
    """An API that takes the double for Telegram."""
    with signing_in_with(empty_platform, pages) as address:
        yield Api(address, Database(shared_warehouse_url), Database(empty_platform.backend_url))


@pytest.fixture
def person(make_person: Callable[[Role], Person]) -> Person:
    return make_person(Role.ADMIN)


@pytest.fixture
def client(api: Api, person: Person) -> Iterator[httpx.Client]:
    """An admin in a browser, whose sign-in is an hour ago."""
    with api.caller(None) as browser:
        answer = browser.post("/auth/browser/login", json={"email": person.email, "password": PASSWORD})
        browser.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        grow_old(api, person)
        yield browser


def grow_old(api: Api, person: Person) -> None:
    old = "update app.sessions set proven_at = now() - interval '1 hour' where account_id = %(account_id)s"
    api.own.run(command(old, account_id=person.account_id))


def erase(client: httpx.Client) -> httpx.Response:
    return client.post(f"/users/{uuid4()}/erasures")


def visit(client: httpx.Client, pages: TelegramPages, purpose: str, telegram_id: int) -> httpx.Response:
    begun = client.post("/auth/browser/telegram/visit", json={"purpose": purpose})
    assert begun.status_code == 200, begun.text
    code = pages.confirm(begun.json()["url"], telegram_id)
    return client.post("/auth/browser/telegram/confirm", json={"code": code, "state": begun.json()["state"]})


def test_an_old_sign_in_is_not_enough_and_the_refusal_says_what_is(client: httpx.Client) -> None:
    refused = erase(client)
    assert refused.status_code == 403
    assert "insufficient_user_authentication" in refused.headers["www-authenticate"]
    assert refused.json()["errors"] == [{"field": "proof", "message": "is missing or too old"}]
    assert "POST /auth/proof" in refused.json()["detail"]
    # What shows figures asks for nothing.
    assert client.get("/accounts").status_code == 200


def test_a_password_is_a_proof_for_this_session_alone(api: Api, client: httpx.Client, person: Person) -> None:
    assert client.get("/auth/proof").json() == {"has_password": True, "has_telegram": False, "seconds_left": 0}
    wrong = client.post("/auth/proof", json={"password": "not the password at all"})
    assert wrong.status_code == 422
    assert erase(client).status_code == 403
    assert client.post("/auth/proof", json={"password": PASSWORD}).status_code == 204
    assert client.get("/auth/proof").json()["seconds_left"] > 590
    assert erase(client).status_code == LET_IN
    made = client.post("/accounts", json={"email": "x@shop.example", "name": "X", "role": "viewer"})
    assert made.status_code == 201
    grow_old(api, person)
    # Renewing a session proves nothing.
    assert client.post("/auth/browser/refresh", json={}).status_code == 200
    assert client.delete(f"/accounts/{made.json()['account_id']}").status_code == 403
    recorded = "select result from app.audit where action = 'session:prove' and actor = %(actor)s order by sequence"
    assert api.own.run(rows(str, recorded, actor=f"account:{person.account_id}")) == ["refused", "done"]


def test_guesses_wait_as_those_of_a_sign_in_do(client: httpx.Client) -> None:
    answers = [client.post("/auth/proof", json={"password": f"not the password {n}"}).status_code for n in range(7)]
    assert answers[0] == 422
    assert answers[-1] == 429


def test_a_key_needs_no_proof(api: Api, caller: httpx.Client) -> None:
    assert erase(caller).status_code == LET_IN


def test_who_is_signed_in_links_telegram_and_signs_in_with_it(
    api: Api, client: httpx.Client, pages: TelegramPages, person: Person
) -> None:
    assert client.post("/auth/browser/telegram/visit", json={"purpose": "link"}).status_code == 403
    client.post("/auth/proof", json={"password": PASSWORD})
    assert visit(client, pages, "link", BORIS).status_code == 204
    with api.caller(None) as browser:
        begun = browser.post("/auth/browser/telegram/start", json={}).json()
        code = {"code": pages.confirm(begun["url"], BORIS), "state": begun["state"]}
        with api.caller(None) as other:
            assert other.post("/auth/browser/telegram/complete", json=code).status_code == 401
        begun = browser.post("/auth/browser/telegram/start", json={}).json()
        code = {"code": pages.confirm(begun["url"], BORIS), "state": begun["state"]}
        answer = browser.post("/auth/browser/telegram/complete", json=code)
        assert answer.status_code == 200, answer.text
        assert "customer_analyzer_refresh" in browser.cookies
        browser.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        assert browser.get("/auth/me").json()["name"] == person.email
    assert client.delete("/auth/telegram").status_code == 204
    assert client.delete("/auth/telegram").status_code == 404


def test_telegram_is_a_proof_where_it_is_the_one_of_the_account(
    api: Api, client: httpx.Client, pages: TelegramPages, person: Person
) -> None:
    api.own.run(set_telegram(person.account_id, 402))
    assert visit(client, pages, "prove", 403).status_code == 401
    assert erase(client).status_code == 403
    assert visit(client, pages, "prove", 402).status_code == 204
    assert erase(client).status_code == LET_IN


def test_a_visit_serves_what_it_was_begun_for(api: Api, client: httpx.Client, pages: TelegramPages) -> None:
    begun = client.post("/auth/browser/telegram/visit", json={"purpose": "prove"}).json()
    code = {"code": pages.confirm(begun["url"], 9), "state": begun["state"]}
    assert client.post("/auth/browser/telegram/complete", json=code).status_code == 401
    begun = client.post("/auth/browser/telegram/start", json={}).json()
    code = {"code": pages.confirm(begun["url"], 9), "state": begun["state"]}
    assert client.post("/auth/browser/telegram/confirm", json=code).status_code == 401


def test_a_telegram_user_signs_in_to_one_account(
    api: Api, client: httpx.Client, pages: TelegramPages, make_person: Callable[[Role], Person]
) -> None:
    taken: UUID = make_person(Role.VIEWER).account_id
    api.own.run(set_telegram(taken, 404))
    client.post("/auth/proof", json={"password": PASSWORD})
    assert visit(client, pages, "link", 404).status_code == 409
