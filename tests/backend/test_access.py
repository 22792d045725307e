"""Every route is guarded, but for those that are open on purpose, and the page about it is right."""

from itertools import pairwise
from pathlib import Path

from fastapi.routing import APIRoute

from backend.access.permissions import KEY_SCOPES, ROLE_PERMISSIONS, Permission, Role, permissions_named
from backend.access.table import guarded_routes, replaced
from backend.app import ROUTERS

OPEN = {
    "/livez",
    "/readyz",
    "/auth/login",
    "/auth/refresh",
    "/auth/logout",
    "/auth/browser/login",
    "/auth/browser/refresh",
    "/auth/browser/logout",
    "/auth/browser/telegram/start",
    "/auth/browser/telegram/complete",
    "/auth/browser/telegram/mini-app",
    "/auth/ways",
    # Only the gateway's question: it answers 401 without the cookie.
    "/auth/browser/operations",
    "/auth/telegram/mini-app",
    "/auth/telegram/start",
    "/auth/telegram/complete",
    "/telegram/webhook",
}
PROVEN = {
    "POST /accounts",
    "PATCH /accounts/{account_id}",
    "DELETE /accounts/{account_id}",
    "POST /keys",
    "POST /keys/{key_id}/rotate",
    "POST /users/{user_id}/erasures",
    "POST /users/{user_id}/exports",
    "GET /jobs/{job_id}/export",
    "DELETE /auth/telegram",
    "POST /models/{model}/promotions",
    "POST /models/{model}/rollbacks",
    "POST /auth/browser/operations",
    "PATCH /contact-rules",
}
PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def test_every_route_names_the_permission_it_needs() -> None:
    assert {route.path for route in guarded_routes() if route.permission is None} == OPEN


def test_dangerous_acts_ask_for_a_proof() -> None:
    proven = {f"{route.method} {route.path}" for route in guarded_routes() if route.needs_proof}
    assert proven == PROVEN


def test_the_only_route_without_a_guard_in_front_is_the_one_that_hears_first_who_asks() -> None:
    routes = [route for router in ROUTERS for route in router.routes if not isinstance(route, APIRoute)]
    assert [getattr(route, "path", None) for route in routes] == ["/notices"]


def test_the_page_says_who_may_call_what() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert replaced(page) == page, "write it again: python -m backend.access.table"


def test_each_role_may_do_what_the_one_before_it_may() -> None:
    roles = [ROLE_PERMISSIONS[role] for role in Role]
    assert all(less < more for less, more in pairwise(roles))
    assert roles[-1] == set(Permission)


def test_no_key_makes_keys_or_accounts() -> None:
    assert not KEY_SCOPES & {Permission.KEYS_MANAGE, Permission.ACCOUNTS_MANAGE, Permission.PROFILE_MANAGE}


def test_a_scope_that_nobody_knows_allows_nothing() -> None:
    assert permissions_named(["users:read", "users:everything", "*", ""]) == {Permission.USERS_READ}
