"""Sessions of pages: the refresh token is in a cookie that scripts cannot read and other sites cannot use."""

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie

import httpx
import pytest

from backend.access.permissions import Role
from tests.integration.backend.conftest import PASSWORD, Api, Person


@pytest.fixture
def browser(api: Api, make_person: Callable[[Role], Person]) -> Iterator[httpx.Client]:
    """A browser in which somebody has signed in."""
    with api.caller(None) as client:
        body = {"email": make_person(Role.VIEWER).email, "password": PASSWORD}
        answer = client.post("/auth/browser/login", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def test_the_cookie_is_kept_from_scripts_and_other_sites(api: Api, make_person: Callable[[Role], Person]) -> None:
    with api.caller(None) as client:
        body = {"email": make_person(Role.VIEWER).email, "password": PASSWORD}
        answer = client.post("/auth/browser/login", json=body)
        token = {"authorization": f"Bearer {answer.json()['access_token']}"}
        me = client.get("/auth/me", headers=token).json()
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/auth/browser"
    assert "refresh_token" not in answer.json()
    # Who signed in comes with the token, so that a page need not ask.
    assert answer.json()["me"] == me
    assert cookie.value not in answer.text


def test_a_page_renews_its_token_and_a_used_cookie_ends_the_session(browser: httpx.Client) -> None:
    first = dict(browser.cookies)
    renewed = browser.post("/auth/browser/refresh", json={})
    assert renewed.status_code == 200
    assert dict(browser.cookies) != first
    assert browser.get("/auth/me").status_code == 200
    assert browser.post("/auth/browser/refresh", json={}).status_code == 200

    browser.cookies.clear()
    browser.cookies.update(first)
    assert browser.post("/auth/browser/refresh", json={}).status_code == 401


def test_signing_out_ends_the_session_and_clears_the_cookie(browser: httpx.Client) -> None:
    assert browser.post("/auth/browser/logout", json={}).status_code == 204
    assert not browser.cookies
    assert browser.post("/auth/browser/refresh", json={}).status_code == 401


def test_a_form_of_another_site_is_refused(browser: httpx.Client) -> None:
    for sent in ({"data": {"a": "b"}}, {"content": b"{}", "headers": {"content-type": "text/plain"}}):
        assert browser.post("/auth/browser/refresh", **sent).status_code == 415  # type: ignore[arg-type]


def test_nobody_is_told_so(api: Api) -> None:
    with api.caller(None) as client:
        answer = client.post("/auth/browser/refresh", json={})
    assert answer.status_code == 401
    assert "Nobody is signed in" in answer.json()["detail"]
