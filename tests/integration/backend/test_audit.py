"""The audit log: what is recorded, and that a changed or missing row is found."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend.access.permissions import Role
from backend.audit.chain import Verdict, verify, verify_within
from standalone.stack import Platform
from tests.integration.backend.conftest import PASSWORD, Api
from warehouse.databases import WAREHOUSE

SignIn = Callable[[Role], httpx.Client]


@pytest.fixture(scope="module")
def admin(signed_in: SignIn) -> httpx.Client:
    return signed_in(Role.ADMIN)


def log(admin: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = admin.get("/audit", params=query)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


def verdict(api: Api) -> Verdict:
    with api.own.transaction() as connection:
        return verify(connection)


def test_a_change_says_who_from_where_and_what(admin: httpx.Client) -> None:
    email = f"{uuid4().hex}@shop.example"
    account = {"email": email, "name": "Ivan", "role": "viewer", "password": PASSWORD}
    made = admin.post("/accounts", json=account, headers={"x-request-id": "making-ivan"}).json()
    subject = f"account:{made['account_id']}"
    admin.patch(f"/accounts/{made['account_id']}", json={"role": "analyst", "password": "a new long sentence"})
    admin.delete(f"/accounts/{made['account_id']}")

    deleted, changed, created = log(admin, subject=subject)

    me = admin.get("/auth/me").json()
    assert (created["actor"], created["actor_name"]) == (me["id"], me["name"])
    assert (created["address"], created["request_id"]) == ("127.0.0.1", "making-ivan")
    assert (created["action"], created["result"]) == ("account:create", "done")
    assert created["before"] is None
    assert created["after"]["email"] == email
    assert (changed["before"]["role"], changed["after"]["role"]) == ("viewer", "analyst")
    assert changed["after"]["password"] == "new"
    assert deleted["before"]["email"] == email
    assert "sentence" not in str(log(admin))
    assert "argon2" not in str(log(admin))


def test_sign_ins_are_recorded_whether_they_succeed_or_not(api: Api, admin: httpx.Client, signed_in: SignIn) -> None:
    with signed_in(Role.VIEWER) as viewer:
        me = viewer.get("/auth/me").json()
    with api.caller(None) as nobody:
        nobody.post("/auth/login", json={"email": me["name"], "password": "wrong"})
        nobody.post("/auth/login", json={"email": "my-secret-password@typed.here", "password": "wrong"})
    unknown, refused, begun = log(admin, action="session:begin")[:3]
    assert (begun["actor"], begun["result"]) == (me["id"], "done")
    assert (refused["actor"], refused["subject"], refused["result"]) == ("nobody", me["id"], "refused")
    assert unknown["actor_name"] == "unknown"
    assert "typed.here" not in str(unknown)


def test_a_look_at_a_user_names_no_user_and_is_found_by_the_user(admin: httpx.Client, caller: httpx.Client) -> None:
    user_id = f"user-{uuid4().hex}"
    caller.get(f"/users/{user_id}")
    caller.get(f"/users/{user_id}/events")
    caller.get("/users", params={"search": user_id})
    looks = log(admin, user_id=user_id)
    assert [each["action"] for each in looks] == ["user:read"] * 2
    assert {each["actor_name"] for each in looks} == {"test"}
    assert user_id not in str(log(admin, action="user:read"))


@pytest.mark.parametrize("user_id", ["%00", "a%00b", "%ed%a0%80", "x" * 3000])
def test_an_id_that_nobody_can_have_is_refused(caller: httpx.Client, user_id: str) -> None:
    assert caller.get(f"/users/{user_id}").status_code in (404, 422)


def test_pages_follow_each_other(admin: httpx.Client) -> None:
    first = log(admin, limit=2)
    second = log(admin, limit=2, before=first[-1]["sequence"])
    numbers = [each["sequence"] for each in (*first, *second)]
    assert numbers == list(range(numbers[0], numbers[0] - 4, -1))


def test_only_admins_read_it(signed_in: SignIn) -> None:
    with signed_in(Role.ANALYST) as analyst:
        answer = analyst.get("/audit")
    assert answer.status_code == 403
    assert "`audit:read`" in answer.json()["detail"]


def test_entries_at_the_same_moment_make_one_chain(api: Api, admin: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert {each.status_code for each in pool.map(lambda _: admin.get("/accounts"), range(100))} == {200}
    found = verdict(api)
    assert found.fault is None
    assert found.rows == found.last_sequence >= 100


TAMPERING = {
    "update app.audit set actor_name = 'somebody else' where sequence = 3": "Row 3 was changed.",
    "update app.audit set result = 'refused' where sequence = 3": "Row 3 was changed.",
    "update app.audit set at = at - interval '1 microsecond' where sequence = 4": "Row 4 was changed.",
    "delete from app.audit where sequence = 5": "Row 5 is missing.",
    "delete from app.audit where sequence >= (select last_sequence - 1 from app.audit_ends)": "are missing.",
    "delete from app.audit": "Row 1 and all after it",
    "update app.audit set sequence = 13 - sequence where sequence in (6, 7)": "Row 6 does not follow row 5.",
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERING.items())
def test_a_changed_or_missing_row_is_found(
    api: Api, admin: httpx.Client, empty_platform: Platform, statement: str, fault: str
) -> None:
    for _ in range(10):
        admin.get("/accounts")
    with empty_platform.server.connect(WAREHOUSE) as connection:
        connection.execute(statement.encode())
        found = verify_within(connection)
        assert found.fault is not None
        assert fault in found.fault
        connection.rollback()
    assert verdict(api).fault is None


def test_the_api_itself_cannot_change_the_log(api: Api, admin: httpx.Client) -> None:
    admin.get("/accounts")
    for statement in (
        "update app.audit set result = 'done'",
        "delete from app.audit",
        "truncate app.audit",
        "insert into app.audit select * from app.audit",
        "update app.audit_ends set last_sequence = 0",
        "select app.drop_audit(now())",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), api.own.transaction() as connection:
            connection.execute(statement.encode())


def test_months_that_are_dropped_leave_a_whole_chain(api: Api, admin: httpx.Client, empty_platform: Platform) -> None:
    admin.get("/accounts")
    with empty_platform.server.connect(WAREHOUSE) as connection:
        (dropped,) = connection.execute("select app.drop_audit(now() + interval '2 months')").fetchall()[0]
        assert dropped == 1
        connection.execute("select app.record_audit('cli', 'me', '', '', 'a:b', 's', null, null, 'done')")
        found = verify_within(connection)
        assert (found.rows, found.fault) == (1, None)
        connection.rollback()


def test_a_refusal_is_recorded_once_a_minute(api: Api, admin: httpx.Client, signed_in: SignIn) -> None:
    with signed_in(Role.VIEWER) as viewer:
        for _ in range(3):
            assert viewer.get("/users").status_code == 403
            assert viewer.get("/users/anna").status_code == 403
        me = viewer.get("/auth/me").json()
    refused = [(each["action"], each["subject"]) for each in log(admin, actor=me["id"]) if each["result"] == "refused"]
    assert refused == [("users:read", "GET /users/{user_id}"), ("users:read", "GET /users")]


def test_nobody_is_believed_to_be_somewhere_else(api: Api, admin: httpx.Client, signed_in: SignIn) -> None:
    with signed_in(Role.VIEWER) as viewer:
        me = viewer.get("/auth/me").json()
        assert viewer.get("/users", headers={"x-forwarded-for": "6.6.6.6"}).status_code == 403
    assert {each["address"] for each in log(admin, actor=me["id"])} == {"127.0.0.1"}
