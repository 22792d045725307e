"""Signing in over HTTP: sessions begin, are renewed, and end when they should."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from backend.access.permissions import Role
from tests.integration.backend.conftest import PASSWORD, Api, Person
from warehouse.database import command, rows

KNOWN_SECONDS = 2.0


@pytest.fixture(scope="module")
def nobody(api: Api) -> Iterator[httpx.Client]:
    with api.caller(None) as client:
        yield client


@pytest.fixture
def anna(make_person: Callable[[Role], Person], api: Api) -> Person:
    api.own.run(command("delete from app.login_attempts"))
    return make_person(Role.ANALYST)


def login(nobody: httpx.Client, person: Person, password: str = PASSWORD) -> httpx.Response:
    return nobody.post("/auth/login", json={"email": person.email, "password": password})


def session(nobody: httpx.Client, person: Person) -> dict[str, Any]:
    answer = login(nobody, person)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(nobody: httpx.Client, token: str) -> httpx.Response:
    return nobody.post("/auth/refresh", json={"refresh_token": token})


def me(api: Api, token: str) -> int:
    with api.caller(token) as client:
        return client.get("/auth/me").status_code


def is_refused_soon(api: Api, token: str) -> bool:
    deadline = time.monotonic() + KNOWN_SECONDS + 3
    while me(api, token) == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return me(api, token) == 401


def test_whoever_signs_in_is_known_by_name_and_permissions(api: Api, nobody: httpx.Client, anna: Person) -> None:
    tokens = session(nobody, anna)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 600
    with api.caller(tokens["access_token"]) as client:
        answer = client.get("/auth/me").json()
    assert answer["id"] == f"account:{anna.account_id}"
    assert answer["name"] == anna.email
    assert "users:read" in answer["permissions"]
    assert "accounts:manage" not in answer["permissions"]


def test_the_case_of_an_address_does_not_matter(nobody: httpx.Client, anna: Person) -> None:
    assert login(nobody, Person(anna.account_id, anna.email.upper())).status_code == 200


def test_nobody_learns_who_has_an_account(api: Api, nobody: httpx.Client, anna: Person) -> None:
    wrong = login(nobody, anna, "not the password at all")
    unknown = login(nobody, Person(anna.account_id, "nobody@shop.example"))
    api.own.run(command("update app.accounts set disabled_at = now() where account_id = %(id)s", id=anna.account_id))
    disabled = login(nobody, anna)
    assert {wrong.status_code, unknown.status_code, disabled.status_code} == {401}
    assert wrong.json()["detail"] == unknown.json()["detail"] == disabled.json()["detail"]


def test_a_refresh_token_is_replaced_and_the_old_one_ends_the_session(
    api: Api, nobody: httpx.Client, anna: Person
) -> None:
    first = session(nobody, anna)
    second = refresh(nobody, first["refresh_token"]).json()
    third = refresh(nobody, second["refresh_token"]).json()
    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    assert me(api, third["access_token"]) == 200

    stolen = refresh(nobody, first["refresh_token"])

    assert stolen.status_code == 401
    assert "used before" in stolen.json()["detail"]
    # The end of the session was committed although the request failed.
    assert refresh(nobody, third["refresh_token"]).status_code == 401
    assert is_refused_soon(api, third["access_token"])
    reasons = api.own.run(
        rows(str, "select end_reason from app.sessions where account_id = %(id)s", id=anna.account_id)
    )
    assert reasons == ["reuse"]


def test_a_renewal_that_is_sent_again_gets_the_same_answer_for_a_while(
    api: Api, nobody: httpx.Client, anna: Person
) -> None:
    first = session(nobody, anna)["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(nobody, first), range(8)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["refresh_token"] for each in answers}) == 1

    api.own.run(
        command(
            "update app.refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
            " and session_id = %(id)s",
            id=answers[0].json()["session_id"],
        )
    )
    assert refresh(nobody, first).status_code == 401
    assert refresh(nobody, answers[0].json()["refresh_token"]).status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "last_used_at"])
def test_a_session_ends_however_often_it_is_renewed(api: Api, nobody: httpx.Client, anna: Person, column: str) -> None:
    tokens = session(nobody, anna)
    renewed = refresh(nobody, tokens["refresh_token"]).json()
    days = {"expires_at": 31, "last_used_at": 8}[column]
    query = "update app.sessions set {} = {} - make_interval(days => %(days)s) where session_id = %(id)s"
    api.own.run(command(query.replace("{}", column), days=days, id=tokens["session_id"]))  # type: ignore[arg-type]
    assert refresh(nobody, renewed["refresh_token"]).status_code == 401


def test_logging_out_ends_the_session_and_says_nothing(api: Api, nobody: httpx.Client, anna: Person) -> None:
    tokens = session(nobody, anna)
    for token in (tokens["refresh_token"], tokens["refresh_token"], "car_made-up"):
        answer = nobody.post("/auth/logout", json={"refresh_token": token})
        assert answer.status_code == 204
        assert answer.content == b""
    assert refresh(nobody, tokens["refresh_token"]).status_code == 401
    assert is_refused_soon(api, tokens["access_token"])


def test_ones_sessions_are_listed_and_ended_and_nobody_elses(
    api: Api, nobody: httpx.Client, anna: Person, make_person: Callable[[Role], Person]
) -> None:
    other = session(nobody, make_person(Role.VIEWER))
    one, two, three = (session(nobody, anna) for _ in range(3))
    with api.caller(one["access_token"]) as client:
        listed = client.get("/auth/sessions").json()
        assert {each["session_id"] for each in listed} == {each["session_id"] for each in (one, two, three)}
        assert [each["session_id"] for each in listed if each["is_current"]] == [one["session_id"]]
        assert client.delete(f"/auth/sessions/{other['session_id']}").status_code == 404
        assert client.delete(f"/auth/sessions/{two['session_id']}").status_code == 204
        assert [each["session_id"] for each in client.get("/auth/sessions").json()].count(two["session_id"]) == 0
        assert client.delete("/auth/sessions").status_code == 204
        assert [each["session_id"] for each in client.get("/auth/sessions").json()] == [one["session_id"]]
    assert refresh(nobody, three["refresh_token"]).status_code == 401
    assert me(api, other["access_token"]) == 200


def test_a_changed_password_ends_all_sessions(api: Api, nobody: httpx.Client, anna: Person) -> None:
    one, two = session(nobody, anna), session(nobody, anna)
    new = "another sentence, as long"
    with api.caller(one["access_token"]) as client:
        wrong = client.post("/auth/password", json={"current_password": "no", "new_password": new})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["field"] == "current_password"
        for weak in ("short", "aaaaaaaaaaaaaaa", f"{anna.email.split('@')[0]} and more"):
            answer = client.post("/auth/password", json={"current_password": PASSWORD, "new_password": weak})
            assert answer.status_code in (422, 429)
            api.own.run(command("delete from app.login_attempts"))
        changed = client.post("/auth/password", json={"current_password": PASSWORD, "new_password": new})
        assert changed.status_code == 204
    assert is_refused_soon(api, one["access_token"])
    assert refresh(nobody, two["refresh_token"]).status_code == 401
    assert login(nobody, anna).status_code == 401
    assert login(nobody, anna, new).status_code == 200


def test_guesses_have_to_wait_and_waiting_ends(api: Api, nobody: httpx.Client, anna: Person) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: login(nobody, anna, f"guess number {n}"), range(24)))
    codes = [each.status_code for each in answers]
    # Guesses at the same moment are counted too.
    assert codes.count(401) <= 8
    refused = next(each for each in answers if each.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    # The right password has to wait as well, a minute at most.
    longest = api.own.run(rows(float, "select extract(epoch from max(blocked_until) - now()) from app.login_attempts"))
    assert longest[0] <= 60
    api.own.run(command("update app.login_attempts set blocked_until = now() + interval '1 hour'"))
    assert login(nobody, anna).status_code == 429
    api.own.run(command("update app.login_attempts set blocked_until = now()"))
    assert login(nobody, anna).status_code == 200


def test_a_password_is_stored_as_argon2id(api: Api, anna: Person) -> None:
    stored = api.own.run(
        rows(str, "select password_hash from app.accounts where account_id = %(id)s", id=anna.account_id)
    )
    assert stored[0].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_no_token_is_stored(api: Api, nobody: httpx.Client, anna: Person) -> None:
    tokens = session(nobody, anna)
    renewed = refresh(nobody, tokens["refresh_token"]).json()
    everything = " ".join(
        api.own.run(rows(str, "select t::text from app.refresh_tokens t union all select s::text from app.sessions s"))
    )
    for token in (tokens["refresh_token"], renewed["refresh_token"], renewed["access_token"]):
        assert token not in everything
        assert token.encode().hex() not in everything


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.example"},
        {"email": "a@b.example", "password": "x" * 10_000},
        {"email": "a@b.example", "password": 3},
        {"email": "a\x00@b.example", "password": "x"},
        {"email": "a@b.example", "password": "\x00"},
        {"email": "no address", "password": "x"},
        {"email": "a@b.example", "password": "x", "role": "admin"},
    ],
)
def test_what_cannot_be_a_sign_in_is_refused_by_field(nobody: httpx.Client, body: dict[str, Any]) -> None:
    answer = nobody.post("/auth/login", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert "xxxx" not in answer.text
