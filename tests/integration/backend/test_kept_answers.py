"""Reports over HTTP are kept until there is new data, and callers are told what is left of their limit: the same in
process and with Redis.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date

import httpx
import pytest

from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.backend.conftest import Api
from tests.integration.backend.redis_server import RedisServer, redis_server
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.dbt_project.shop import FIRST_DAY, Event, insert, random_events
from warehouse.database import Database

PATHS = ("dashboard", "revenue", "funnel", "retention", "segments", "rfm")
LIMIT = 150


@pytest.fixture(scope="module", params=["in process", "redis"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer | None]:
    """A Redis server, or none."""
    with ExitStack() as stack:
        yield None if request.param == "in process" else stack.enter_context(redis_server())


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform, redis: RedisServer | None) -> Iterator[Api]:
    """An API with a low limit, with Redis or without."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    command = api_server(empty_platform)
    more = {"REDIS_URL": redis.url} if redis else {}
    limited = {**command.environment, "BACKEND_LIMIT_OF_KEY": f"{LIMIT}/day", **more}
    with running_servers([replace(command, environment=limited)]) as (server,):
        yield Api(str(server.command.address), Database(shared_warehouse_url), Database(empty_platform.backend_url))


@pytest.fixture(scope="module")
def events(redis: RedisServer | None) -> list[Event]:
    """Events that no other run of this module stores, which has the same warehouse."""
    return random_events(seed=1 if redis is None else 2)


@pytest.fixture(scope="module", autouse=True)
def shop(api: Api, parsed: Parsed, events: list[Event]) -> None:
    """A shop of which two thirds of the events are known."""
    with api.warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 5, 30)])
        insert(connection, events[:1000])
    parsed.for_the_shop("seed")
    parsed.for_the_shop("run")


@pytest.mark.parametrize("path", PATHS)
def test_what_a_caller_has_is_not_sent_again(caller: httpx.Client, path: str) -> None:
    first = caller.get(f"/analytics/{path}").raise_for_status()
    assert first.headers["cache-control"] == "private, no-cache"
    again = caller.get(f"/analytics/{path}", headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = caller.get(f"/analytics/{path}", headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_other_questions_have_other_answers(caller: httpx.Client) -> None:
    names = {
        caller.get(f"/analytics/{path}", params=query).headers["etag"]
        for path in ("revenue", "funnel")
        for query in ({}, {"time_zone": "Europe/Moscow"}, {"week_starts_on": "sunday"}, {"period": "week"})
    }
    assert len(names) == 8


def test_new_data_ends_an_answer_and_nothing_else_does(
    api: Api, caller: httpx.Client, parsed: Parsed, events: list[Event]
) -> None:
    query = {"first_day": "2024-01-01", "last_day": "2024-03-19", "period": "month"}
    before = caller.get("/analytics/revenue", params=query)
    with api.warehouse.transaction() as connection:
        insert(connection, events[1000:])
    assert caller.get("/analytics/revenue", params=query).headers["etag"] == before.headers["etag"]
    parsed.for_the_shop("run")
    after = caller.get("/analytics/revenue", params=query, headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    orders = [sum(period["orders"] for period in each.json()["periods"]) for each in (before, after)]
    assert orders[0] < orders[1]


def test_a_kept_answer_is_only_for_who_may_see_it(api: Api, caller: httpx.Client) -> None:
    etag = caller.get("/analytics/rfm").headers["etag"]
    with api.caller(None) as nobody:
        assert nobody.get("/analytics/rfm", headers={"if-none-match": etag}).status_code == 401


def test_callers_are_told_what_is_left_until_nothing_is(api: Api, make_key: Callable[..., str]) -> None:
    with api.caller(make_key()) as one, api.caller(make_key()) as other:
        left = []
        while (response := one.get("/metrics")).status_code == 200:
            left.append(int(response.headers["ratelimit-remaining"]))
            assert response.headers["ratelimit-limit"] == str(LIMIT)
        assert left == list(range(LIMIT - 1, -1, -1))
        assert response.status_code == 429
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["ratelimit-remaining"] == "0"
        assert 1 <= int(response.headers["retry-after"]) <= 86_400
        assert other.get("/metrics").status_code == 200


def test_without_redis_reports_go_on_and_the_door_stays_closed(
    api: Api, caller: httpx.Client, redis: RedisServer | None
) -> None:
    if redis is not None:
        redis.stop()
    for path in PATHS:
        response = caller.get(f"/analytics/{path}")
        assert response.status_code == 200, response.text
        assert int(response.headers["ratelimit-remaining"]) < LIMIT
    with api.caller("ca_made-up") as nobody:
        assert nobody.get("/analytics/rfm").status_code == 401
