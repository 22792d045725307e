"""Every route, called as nobody, as a key that may do nothing, and as each role."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from backend.access.permissions import Role
from backend.access.table import GuardedRoute, guarded_routes
from tests.integration.backend.conftest import Api
from warehouse.database import command

# What is called exists nowhere, so that nothing is changed; an id that is a number is one that nobody has.
NUMBERS = {"key_id": "999999999", "policy_id": "999999999"}


def call(client: httpx.Client, route: GuardedRoute) -> httpx.Response:
    """A request that would be refused for its content, if it is not refused before."""
    path = "/".join(
        NUMBERS.get(part[1:-1], str(uuid4())) if part.startswith("{") else part for part in route.path.split("/")
    )
    body = {"json": {}} if route.method in ("POST", "PUT", "PATCH") else {}
    return client.request(route.method, path, **body)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_the_table_says_and_is_told_what_is_missing(
    api: Api, signed_in: Callable[[Role], httpx.Client], role: Role
) -> None:
    api.own.run(command("delete from app.login_attempts"))
    with signed_in(role) as client:
        for route in guarded_routes():
            answer = call(client, route)
            if route.permission is None:
                # The route itself decides, by a cookie for example.
                assert answer.status_code != 403, f"{route}: {answer.text}"
            elif route.lets_in(role):
                assert answer.status_code not in (401, 403), f"{route}: {answer.text}"
            else:
                assert answer.status_code == 403, f"{route}: {answer.text}"
                assert f"`{route.permission}`" in answer.json()["detail"]


def test_nobody_and_a_key_without_scopes_reach_only_what_is_open(api: Api, make_key: Callable[..., str]) -> None:
    useless = make_key("a:scope-of-another-version")
    for route in guarded_routes():
        if route.permission is None or route.path == "/auth/login":
            continue
        with api.caller(None) as nobody, api.caller(useless) as key:
            assert call(nobody, route).status_code == 401, route
            answer = call(key, route)
            assert answer.status_code == 403, route
            assert f"`{route.permission}`" in answer.json()["detail"]
