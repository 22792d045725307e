"""The API against Schemathesis: every operation, as somebody who may call all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from backend.access.permissions import Role
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.backend.conftest import Api
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import FIRST_DAY, insert, random_events
from tests.integration.fuzzing import fuzz
from warehouse.database import Database

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
PLENTY = {"BACKEND_LIMIT_OF_ACCOUNT": "1000000/minute", "BACKEND_TELEGRAM_WEBHOOK_SECRET": "a secret"}


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform, parsed: Parsed) -> Iterator[Api]:
    """An API with thirty users, whose marts are built."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    warehouse = Database(shared_warehouse_url)
    with warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 5, 30)])
        insert(connection, random_events(seed=4))
    parsed.for_the_shop("seed")
    parsed.for_the_shop("run")
    command = api_server(empty_platform)
    command = replace(command, environment={**command.environment, **PLENTY})
    with running_servers([command]) as (server,):
        yield Api(str(server.command.address), warehouse, Database(empty_platform.backend_url))


@dataclass(frozen=True)
class Admin:
    """An admin's access token, and the ids that no request may be about, or the token would end."""

    token: str
    own: tuple[str, str]


@pytest.fixture
def admin(signed_in: Callable[[Role], httpx.Client]) -> Admin:
    with signed_in(Role.ADMIN) as client:
        account_id = client.get("/auth/me").json()["id"].removeprefix("account:")
        (session,) = client.get("/auth/sessions").json()
        return Admin(client.headers["authorization"].removeprefix("Bearer "), (account_id, session["session_id"]))


def test_the_api_keeps_to_its_description(api: Api, admin: Admin, tmp_path: Path) -> None:
    phases = ("--seed=1", "--phases=examples,coverage,fuzzing")
    assert fuzz(CONFIGURATION, api.address, admin.token, 3, tmp_path, *phases, seconds=75, spared=admin.own) > 500


@pytest.mark.soak
def test_the_api_keeps_to_its_description_for_long(api: Api, admin: Admin, tmp_path: Path) -> None:
    # Shorter than the token is valid.
    assert fuzz(CONFIGURATION, api.address, admin.token, 500, tmp_path, seconds=480, spared=admin.own) > 5000
