"""The API's core paths through PgBouncer, with fewer connections to Postgres than callers.

A platform of its own, so that what its Postgres sees is the API alone.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend.access.permissions import KEY_SCOPES
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from backend.monitoring.pooler import PoolerCollector
from core.api_keys import digest_of, new_key
from core.home import free_port, read_json
from core.settings import Settings
from standalone.fleet import running_servers
from standalone.pooler import console_url, pooler_server
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from tests.integration.backend.audience import draft
from warehouse.api_keys import add_api_key
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

pytestmark = pytest.mark.system("pgbouncer")

PASSWORD = "a long sentence nobody guesses"
CALLERS = 40


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, httpx.Client]]:
    """A platform whose API reaches Postgres through PgBouncer, and somebody with a key."""
    settings = Settings(home=tmp_path_factory.mktemp("pooled") / "home", database_url=None, pooled=True)
    with running_platform(settings) as platform:
        platform.home.service_key.write_text("none\n", encoding="utf-8")
        with running_servers([pooler_server(platform)]), running_servers([api_server(platform)]) as (api,):
            key = new_key()
            Database(platform.backend_url).run(add_api_key("test", digest_of(key), sorted(KEY_SCOPES)))
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(
                base_url=str(api.command.address), headers=headers, timeout=60, trust_env=False
            ) as caller:
                yield platform, caller


def test_the_api_works_and_shares_few_connections(pooled: tuple[Platform, httpx.Client]) -> None:
    platform, caller = pooled

    def send(number: int) -> str:
        event = {
            "event_id": str(uuid4()),
            "user_id": f"u{number % 5}",
            "event_type": "view",
            "occurred_at": "2026-03-01T18:30:00Z",
            "source": "telegram",
        }
        answer = caller.post("/events", json=event).raise_for_status().json()
        # The same statements again and again: from the fifth on a driver would prepare them.
        caller.get(f"/users/u{number % 5}/events").raise_for_status()
        return str(answer["results"][0]["status"])

    with ThreadPoolExecutor(CALLERS) as callers:
        assert list(callers.map(send, range(10 * CALLERS))) == ["stored"] * 10 * CALLERS
    with platform.server.connect(WAREHOUSE) as connection:
        through = connection.execute(
            "select count(*) from pg_stat_activity where usename = %s", [platform.access.backend.user]
        ).fetchone()
    assert through is not None
    assert 1 <= int(str(through[0])) <= 12
    assert str(read_json(platform.home.ports)["pgbouncer"]) != str(platform.server.port)


def test_people_sign_in_and_campaigns_take_their_steps(pooled: tuple[Platform, httpx.Client]) -> None:
    platform, caller = pooled
    own = Database(platform.backend_url)
    own.run(add_account("anna@shop.example", "Anna", "admin", hashed(PASSWORD)))
    signed_in = caller.post("/auth/login", json={"email": "anna@shop.example", "password": PASSWORD}).json()
    renewed = caller.post("/auth/refresh", json={"refresh_token": signed_in["refresh_token"]})
    assert renewed.status_code == 200, renewed.text
    campaign = caller.post("/campaigns", json=draft()).raise_for_status().json()
    approved = caller.post(f"/campaigns/{campaign['campaign_id']}/approve").raise_for_status().json()
    assert approved["state"] == "approved"
    assert caller.get("/analytics/dashboard").status_code == 200


def test_monitoring_sees_the_pools_and_may_do_nothing_else(pooled: tuple[Platform, httpx.Client]) -> None:
    platform, caller = pooled
    assert caller.get("/readyz").status_code == 200
    console = console_url(platform.home, platform.settings, platform.access.monitoring)
    assert console is not None

    told = {metric.name: metric.samples for metric in PoolerCollector(console).collect()}

    assert [sample.value for sample in told["customer_analyzer_pooler_up"]] == [1]
    waits = {sample.labels["login"]: sample.value for sample in told["customer_analyzer_pooler_wait_seconds"]}
    assert waits[platform.access.backend.user] == 0
    with psycopg.connect(console, autocommit=True) as connection, pytest.raises(psycopg.Error):
        connection.execute("pause")
    (gone,) = PoolerCollector(f"postgresql://nobody@127.0.0.1:{free_port()}/pgbouncer").collect()
    assert [sample.value for sample in gone.samples] == [0]
