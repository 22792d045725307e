"""What breaks around a running service, for real: a worker killed, Postgres away, a start without Postgres.

MLflow is down all the while: there is none.
"""

import time
from pathlib import Path

import httpx
import psutil

from core.api_keys import new_key
from standalone.processes import stop
from tests.integration.serving.shop import HEADERS, Shop, eventually, service


def ids_of(response: httpx.Response) -> list[str]:
    """The ids of the predictions of an answer."""
    return [row["prediction_id"] for row in response.raise_for_status().json()["predictions"]]


def worker_behind(shop: Shop, response: httpx.Response) -> psutil.Process:
    """The worker at the other end of the connection that an answer came by, which still stands."""
    _, port = response.extensions["network_stream"].get_extra_info("client_addr")
    return next(
        worker
        for worker in shop.service.workers()
        if port in [connection.raddr.port for connection in worker.net_connections() if connection.raddr]
    )


def test_a_killed_worker_costs_one_request_and_a_second_of_the_ledger_at_most_and_comes_back(shop: Shop) -> None:
    first, second = shop.versions
    shop.deploy(first)
    swaps = shop.service.count("model_swaps_total")
    answered: list[tuple[float, list[str]]] = []
    failures: list[str] = []
    killed_at = None
    is_back = False
    began = look_at = time.monotonic()
    while not is_back:
        now = time.monotonic()
        assert now - began < 60
        try:
            answer = shop.service.ask("1", "2")
            answered.append((now, ids_of(answer)))
            if killed_at is None and now - began > 2:
                worker_behind(shop, answer).kill()
                killed_at = time.monotonic()
            if killed_at is not None and now > look_at:
                # The worker that BentoML starts in its place has taken the deployment.
                is_back = shop.service.count("model_swaps_total") > swaps
                look_at = now + 0.5
        except httpx.HTTPError as error:
            failures.append(repr(error))

    assert killed_at is not None
    assert len(failures) <= 1
    assert len(shop.service.workers()) == 2
    promised = [each for at, ids in answered for each in ids if not killed_at - 1 < at <= killed_at]
    assert len(promised) > 100
    eventually(lambda: shop.recorded(promised) == len(promised), "all recorded")
    shop.deploy(second)
    assert shop.service.count("model_version") == second.version


def test_without_postgres_features_are_answered_and_recorded_once_it_is_back(shop: Shop) -> None:
    with shop.postgres_away():
        said = shop.service.ask("1")
        assert (said.status_code, said.headers["content-type"]) == (503, "application/problem+json")
        assert 1 <= int(said.headers["retry-after"]) <= 60
        assert not [word for word in ("select", "127.0.0.1", "psycopg", "/") if word in said.json()["detail"]]
        ids = [each for _ in range(30) for each in ids_of(shop.service.ask_features("1", "2"))]
        assert shop.service.client.get("/readyz").status_code == 200
        eventually(lambda: shop.service.count("ledger_spool_bytes") > 0, "kept on disk")

    eventually(lambda: shop.service.ask("1").status_code == 200, "recovered")
    eventually(lambda: shop.recorded(ids) == len(ids), "all recorded")
    eventually(lambda: shop.service.count("ledger_spool_bytes") == 0, "nothing is left")
    assert shop.service.count("ledger_rows_dropped_total") == 0


def test_a_service_that_starts_without_postgres_goes_by_the_keys_and_the_deployment_it_knew(
    shop: Shop, tmp_path: Path
) -> None:
    _, second = shop.versions
    shop.deploy(second)
    with shop.postgres_away(), service(shop.home, str(shop.bento), tmp_path) as late:
        late.client.headers["authorization"] = f"Bearer {new_key()}"
        assert late.ask_features("1").status_code == 401
        late.client.headers.update(HEADERS)
        answer = late.ask_features("1").raise_for_status().json()
        assert answer["model_version"] == second.version
        assert abs(answer["predictions"][0]["probability"] - second.probability["1"]) < 1e-9
        said = late.ask("1")
        assert (said.status_code, int(said.headers["retry-after"]) > 0) == (503, True)
        ids = [each for _ in range(10) for each in ids_of(late.ask_features("1", "2"))]

        stop([late.child])

        waiting = "".join(file.read_text() for file in shop.home.ledger.rglob("*.jsonl"))
        assert all(waiting.count(each) == 1 for each in ids)
