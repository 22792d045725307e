"""Accounts over HTTP: an admin makes, changes and deletes them, and each change takes effect at once."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from backend.access.permissions import Role
from tests.integration.backend.conftest import PASSWORD, Api, Person
from warehouse.database import command, rows

SignIn = Callable[[Role], httpx.Client]


@pytest.fixture(scope="module")
def admin(signed_in: SignIn) -> httpx.Client:
    return signed_in(Role.ADMIN)


def new_account(**changes: object) -> dict[str, object]:
    return {"email": f"{uuid4().hex}@shop.example", "name": "Olga", "role": "marketer", "password": PASSWORD, **changes}


def login(api: Api, email: object, password: str = PASSWORD) -> httpx.Response:
    api.own.run(command("delete from app.login_attempts"))
    with api.caller(None) as nobody:
        return nobody.post("/auth/login", json={"email": email, "password": password})


def test_an_account_is_made_found_changed_and_deleted(api: Api, admin: httpx.Client) -> None:
    given = new_account()
    made = admin.post("/accounts", json=given)
    assert made.status_code == 201, made.text
    account = made.json()
    assert account["has_password"]
    assert "argon2" not in made.text
    where = f"/accounts/{account['account_id']}"
    assert admin.get(where).json() == account
    assert account in admin.get("/accounts").json()
    assert login(api, given["email"]).status_code == 200

    changed = admin.patch(where, json={"name": "Olga B.", "role": "viewer"})
    assert changed.json() == {**account, "name": "Olga B.", "role": "viewer"}

    assert admin.delete(where).status_code == 204
    assert admin.get(where).status_code == 404
    assert login(api, given["email"]).status_code == 401


def test_an_address_belongs_to_one_account(admin: httpx.Client) -> None:
    given = new_account()
    assert admin.post("/accounts", json=given).status_code == 201
    again = admin.post("/accounts", json={**given, "email": str(given["email"]).upper()})
    assert again.status_code == 409
    assert again.json()["errors"][0]["field"] == "email"


def test_a_telegram_user_belongs_to_one_account(admin: httpx.Client) -> None:
    telegram_id = uuid4().int % 2**40 + 1
    assert admin.post("/accounts", json=new_account(telegram_id=telegram_id, password=None)).status_code == 201
    again = admin.post("/accounts", json=new_account(telegram_id=telegram_id))
    assert again.status_code == 409
    assert again.json()["errors"][0]["field"] == "telegram_id"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "short"}, "password"),
        ({"role": "owner"}, "role"),
        ({"email": "nobody"}, "email"),
        ({"name": ""}, "name"),
        ({"is_admin": True}, "is_admin"),
    ],
)
def test_a_wrong_field_is_named(admin: httpx.Client, changes: dict[str, object], field: str) -> None:
    answer = admin.post("/accounts", json=new_account(**changes))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("change", [{"is_disabled": True}, {"password": "another long sentence"}])
def test_a_disabled_account_and_a_new_password_end_sessions(
    api: Api, admin: httpx.Client, make_person: Callable[[Role], Person], change: dict[str, object]
) -> None:
    person = make_person(Role.ANALYST)
    token = login(api, person.email).json()["refresh_token"]
    assert admin.patch(f"/accounts/{person.account_id}", json=change).status_code == 200
    with api.caller(None) as nobody:
        assert nobody.post("/auth/refresh", json={"refresh_token": token}).status_code == 401
    assert login(api, person.email).status_code == 401


def test_the_last_admin_stays(api: Api, admin: httpx.Client) -> None:
    me = admin.get("/auth/me").json()["id"].removeprefix("account:")
    others = "update app.accounts set disabled_at = now() where role = 'admin' and account_id <> %(me)s::uuid"
    api.own.run(command(others, me=me))
    for answer in (
        admin.delete(f"/accounts/{me}"),
        admin.patch(f"/accounts/{me}", json={"role": "viewer"}),
        admin.patch(f"/accounts/{me}", json={"is_disabled": True}),
    ):
        assert answer.status_code == 409
    # Another one may go, and the admin may change what makes no difference to that.
    assert admin.patch(f"/accounts/{me}", json={"name": "Still here"}).status_code == 200
    disabled = api.own.run(
        rows(str, "select account_id::text from app.accounts where role = 'admin' and disabled_at is not null")
    )
    for account_id in disabled:
        assert admin.delete(f"/accounts/{account_id}").status_code == 204
    assert api.own.run(rows(int, "select count(*) from app.accounts where role = 'admin'")) == [1]


def test_who_may_not_is_told_which_permission_is_missing(signed_in: SignIn) -> None:
    with signed_in(Role.ANALYST) as analyst:
        answer = analyst.get("/accounts")
    assert answer.status_code == 403
    assert "`accounts:manage`" in answer.json()["detail"]
