"""The shop's settings over HTTP: who may change them, what a change does at once, and two who change them together."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend.access.permissions import Role
from standalone.stack import Platform
from tests.integration.backend.conftest import PASSWORD, Api
from warehouse.database import command
from warehouse.databases import WAREHOUSE

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def unchanged(api: Api, empty_platform: Platform) -> Iterator[None]:
    """Nobody has changed anything, before and after; amounts are kept in euros, and dollars have rates."""
    forget = "truncate app.shop_settings, raw.exchange_rates, raw.base_currency"
    with empty_platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute(forget)
        connection.execute("insert into raw.base_currency (currency) values ('EUR')")
        connection.execute(
            "insert into raw.exchange_rates (currency, day, rate, last_day) values"
            " ('USD', '2025-01-01', 0.5, '2025-01-31'), ('USD', '2025-02-01', 0.8, '2025-02-28')"
        )
        yield
        connection.execute(forget)


@pytest.fixture
def admin(signed_in: Callable[[Role], httpx.Client]) -> Iterator[httpx.Client]:
    with signed_in(Role.ADMIN) as client:
        yield client


def settings(client: httpx.Client) -> Json:
    return client.get("/contact-rules").raise_for_status().json()  # type: ignore[no-any-return]


def change(client: httpx.Client, version: int, **what: Any) -> httpx.Response:
    return client.patch("/contact-rules", json={"version": version, **what})


def test_the_environment_holds_until_an_administrator_changes_something(admin: httpx.Client, api: Api) -> None:
    before = settings(admin)
    assert (before["version"], before["changed_by"], before["changed"]) == (0, None, [])
    assert {name: before[name] for name in before["environment"]} == before["environment"]
    hours = {"start": "22:30:00", "end": "08:00:00"}
    changed = change(admin, 0, most_a_day=4, quiet_hours=hours, time_zone="Asia/Tokyo").raise_for_status().json()
    assert changed == settings(admin)
    assert (changed["most_a_day"], changed["most_a_week"], changed["quiet_hours"]) == (4, 3, hours)
    assert changed["changed"] == ["most_a_day", "quiet_hours", "time_zone"]
    assert changed["environment"] == before["environment"]
    # Whoever has chosen nothing of their own follows at once.
    with api.caller(admin.headers["authorization"].removeprefix("Bearer ")) as client:
        shown = client.get(f"/users/{uuid4()}/subscription").raise_for_status().json()
    assert (shown["most_a_day"], shown["quiet_hours"], shown["time_zone"]) == (4, hours, "Asia/Tokyo")
    assert admin.get("/auth/me").json()["shop"]["time_zone"] == "Asia/Tokyo"
    again = change(admin, 1, most_a_day=None).raise_for_status().json()
    assert (again["most_a_day"], again["time_zone"], again["version"]) == (1, "Asia/Tokyo", 2)


def test_a_change_is_in_the_audit_log_with_old_and_new(admin: httpx.Client) -> None:
    change(admin, 0, most_a_day=4).raise_for_status()
    change(admin, 1, most_a_day=5, most_a_week=9).raise_for_status()
    (newest, *_) = admin.get("/audit", params={"action": "settings:change"}).json()["entries"]
    assert newest["actor_name"] == admin.get("/auth/me").json()["name"]
    assert newest["before"] == {"most_a_day": 4, "most_a_week": None}
    assert newest["after"] == {"most_a_day": 5, "most_a_week": 9}


def test_of_two_who_change_the_same_version_one_is_told(admin: httpx.Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda cap: change(admin, 0, most_a_day=cap), range(1, 5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    (won,) = (answer.json()["most_a_day"] for answer in answers if answer.status_code == 200)
    now = settings(admin)
    assert (now["most_a_day"], now["version"]) == (won, 1)
    refused = change(admin, 0, most_a_week=1)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "version")


def test_only_administrators_change_them_and_only_after_a_proof(
    api: Api, admin: httpx.Client, signed_in: Callable[[Role], httpx.Client]
) -> None:
    with signed_in(Role.ANALYST) as analyst, signed_in(Role.VIEWER) as viewer:
        assert settings(analyst)["version"] == 0
        assert change(analyst, 0, most_a_day=9).status_code == 403
        assert viewer.get("/contact-rules").status_code == 403
    api.own.run(command("update app.sessions set proven_at = now() - interval '1 hour'"))
    refused = change(admin, 0, most_a_day=9)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "proof")
    assert settings(admin)["version"] == 0
    admin.post("/auth/proof", json={"password": PASSWORD}).raise_for_status()
    assert change(admin, 0, most_a_day=9).status_code == 200


def test_another_currency_changes_what_pages_show_and_no_amount(admin: httpx.Client) -> None:
    assert settings(admin)["money"] == {"base": "EUR", "shown": "EUR", "rate": 1.0, "rate_day": None}
    refused = change(admin, 0, currency="JPY")
    assert (refused.status_code, refused.json()["errors"]) == (422, [{"field": "currency", "message": "has no rate"}])
    changed = change(admin, 0, currency="USD").raise_for_status().json()
    dollars = {"base": "EUR", "shown": "USD", "rate": 0.8, "rate_day": "2025-02-01"}
    assert (changed["money"], changed["currency"], changed["currencies"]) == (dollars, "EUR", ["EUR", "USD"])
    assert admin.get("/auth/me").json()["shop"]["money"] == dollars
    assert change(admin, 1, currency=None).json()["money"]["shown"] == "EUR"


@pytest.mark.parametrize(
    "what",
    [
        {"time_zone": "Moscow"},
        {"most_a_day": -1},
        {"most_a_week": 1001},
        {"currency": "euro"},
        {"quiet_hours": {"start": "22:00"}},
        {"topics": ["offers"]},
    ],
)
def test_what_cannot_be_is_refused(admin: httpx.Client, what: Json) -> None:
    assert change(admin, 0, **what).status_code == 422
    assert settings(admin)["version"] == 0
