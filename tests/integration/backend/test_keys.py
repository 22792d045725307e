"""API keys over HTTP: never more than their makers, and replaced without a gap."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from backend.access.permissions import Role
from core.api_keys import digest_of, is_mistyped
from tests.integration.backend.conftest import Api
from warehouse.api_keys import valid_keys
from warehouse.database import command, rows

SignIn = Callable[[Role], httpx.Client]


@pytest.fixture(scope="module")
def analyst(signed_in: SignIn) -> httpx.Client:
    return signed_in(Role.ANALYST)


def make(client: httpx.Client, *scopes: str, **more: object) -> httpx.Response:
    return client.post("/keys", json={"name": "bot", "scopes": scopes, **more})


def status(api: Api, key: str, path: str = "/metrics") -> int:
    with api.caller(key) as client:
        return client.get(path).status_code


def becomes(api: Api, key: str, expected: int) -> bool:
    deadline = time.monotonic() + 6
    while status(api, key) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return status(api, key) == expected


def test_a_key_does_what_its_scopes_say(api: Api, analyst: httpx.Client) -> None:
    made = make(analyst, "metrics:read").json()
    assert made["key"].startswith(made["hint"])
    assert status(api, made["key"]) == 200
    with api.caller(made["key"]) as client:
        refused = client.get("/users")
        assert refused.status_code == 403
        assert "`users:read`" in refused.json()["detail"]
        assert client.post("/keys", json={"name": "x", "scopes": ["metrics:read"]}).status_code == 403
    listed = next(each for each in analyst.get("/keys").json() if each["key_id"] == made["key_id"])
    assert "key" not in listed
    assert listed["last_used_at"] is not None
    stored = api.own.run(rows(bytes, "select key_sha256 from app.api_keys where key_id = %(id)s", id=made["key_id"]))
    assert stored == [digest_of(made["key"])]


def test_the_services_know_keys_that_may_read_predictions(api: Api, analyst: httpx.Client) -> None:
    can, cannot = (make(analyst, scope).json() for scope in ("predictions:read", "metrics:read"))
    known = [key_id for key_id, _ in api.own.run(valid_keys())]
    assert can["key_id"] in known
    assert cannot["key_id"] not in known


def test_no_key_may_do_more_than_its_maker(analyst: httpx.Client) -> None:
    answer = make(analyst, "metrics:read", "events:write")
    assert answer.status_code == 403
    assert "`events:write`" in answer.json()["detail"]
    for scope in ("accounts:manage", "keys:manage", "profile:manage"):
        answer = make(analyst, scope)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "scopes[0]"
    assert make(analyst, "everything").status_code == 422
    assert make(analyst).status_code == 422


def test_a_demoted_maker_takes_scopes_along(api: Api, signed_in: SignIn) -> None:
    with signed_in(Role.ANALYST) as maker, signed_in(Role.ADMIN) as admin:
        both = make(maker, "metrics:read", "users:read").json()
        one = make(maker, "metrics:read").json()
        me = maker.get("/auth/me").json()["id"].removeprefix("account:")
        assert admin.patch(f"/accounts/{me}", json={"role": "marketer"}).status_code == 200
        keys = {each["key_id"]: each for each in admin.get("/keys").json()}
        assert keys[both["key_id"]]["scopes"] == ["users:read"]
        assert keys[both["key_id"]]["revoked_at"] is None
        assert keys[one["key_id"]]["revoked_at"] is not None
        assert admin.delete(f"/accounts/{me}").status_code == 204
        keys = {each["key_id"]: each for each in admin.get("/keys").json()}
        assert keys[both["key_id"]]["revoked_at"] is not None
        assert keys[both["key_id"]]["account_id"] is None


def test_while_a_key_is_replaced_both_are_valid(api: Api, analyst: httpx.Client) -> None:
    old = make(analyst, "metrics:read").json()
    new = analyst.post(f"/keys/{old['key_id']}/rotate", json={}).json()
    assert new["replaces"] == old["key_id"]
    assert new["scopes"] == old["scopes"]
    assert status(api, old["key"]) == status(api, new["key"]) == 200
    listed = {each["key_id"]: each for each in analyst.get("/keys").json()}
    left = datetime.fromisoformat(listed[old["key_id"]]["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert analyst.post(f"/keys/{new['key_id']}/rotate", json={"overlap_hours": 0}).status_code == 201
    assert becomes(api, new["key"], 401)
    assert analyst.post(f"/keys/{new['key_id']}/rotate", json={}).status_code == 409


def test_a_key_expires_and_is_revoked(api: Api, analyst: httpx.Client) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    short, revoked = make(analyst, "metrics:read", expires_at=soon).json(), make(analyst, "metrics:read").json()
    assert status(api, short["key"]) == status(api, revoked["key"]) == 200
    api.own.run(command("update app.api_keys set expires_at = now() where key_id = %(id)s", id=short["key_id"]))
    assert analyst.delete(f"/keys/{revoked['key_id']}").status_code == 204
    assert becomes(api, short["key"], 401)
    assert becomes(api, revoked["key"], 401)
    for wrong in ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2099-01-01"):
        refused = make(analyst, "metrics:read", expires_at=wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "expires_at"


def test_somebody_elses_key_is_not_there(analyst: httpx.Client, signed_in: SignIn) -> None:
    made = make(analyst, "metrics:read").json()
    with signed_in(Role.ANALYST) as other:
        assert made["key_id"] not in [each["key_id"] for each in other.get("/keys").json()]
        assert other.delete(f"/keys/{made['key_id']}").status_code == 404
        assert other.post(f"/keys/{made['key_id']}/rotate", json={}).status_code == 404


def test_a_mistyped_key_is_told_from_an_unknown_one(api: Api, analyst: httpx.Client) -> None:
    key = make(analyst, "metrics:read").json()["key"]
    mistyped = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert is_mistyped(mistyped)
    with api.caller(mistyped) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 401
    assert "mistyped" in answer.json()["detail"]
